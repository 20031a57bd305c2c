/*
 * daemon -- builds the rooms in order, owns them, drains, and tears down in reverse.
 *
 * Main thread only.
 */
#ifndef TICKR_DAEMON_H
#define TICKR_DAEMON_H

#include "config/config.h"

/*
 * Serve until a signal ends it; the process's exit status: 0, or EX_CONFIG where what was asked cannot
 * be done, and starting again will not help; or EX_OSERR where the system gives no socket, thread or
 * descriptor.
 */
int daemon_run(const struct config *config);

#endif
