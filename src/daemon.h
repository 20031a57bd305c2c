/*
 * daemon -- builds the rooms in order, owns them, drains them, and tears them down in reverse order.
 *
 * Main thread only.
 */
#ifndef TICKR_DAEMON_H
#define TICKR_DAEMON_H

#include "config/config.h"
#include "signals.h"

/*
 * Serve until a signal stops the process. Take SIGNALS. Return the exit status: 0; EX_CONFIG if the settings or
 * the databases make another start useless; EX_OSERR if the system refuses a socket, a thread or a descriptor.
 * If a thread hangs at the end, the process ends here with that status.
 */
int daemon_run(const struct config *config, struct signals *signals);

#endif
