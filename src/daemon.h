/*
 * daemon -- builds the rooms in order, owns them, drains, and tears down in reverse.
 *
 * Main thread only.
 */
#ifndef TICKR_DAEMON_H
#define TICKR_DAEMON_H

#include "config/config.h"
#include "signals.h"

/*
 * Serve until a signal ends it. Takes SIGNALS. Return the exit status of the process: 0; EX_CONFIG if
 * what was asked cannot be done, and another start will not help; EX_OSERR if the system gives no socket,
 * thread or descriptor. If some thread hangs at the end, the process ends here with that status.
 */
int daemon_run(const struct config *config, struct signals *signals);

#endif
