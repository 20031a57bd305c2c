/*
 * daemon -- builds the rooms in order, owns them, drains, and tears down in reverse.
 *
 * Main thread only.
 */
#ifndef TICKR_DAEMON_H
#define TICKR_DAEMON_H

#include "config/config.h"

/* Exit statuses, as sysexits(3) has them. */
#define EXIT_CONFIG 78 /* what was asked cannot be done; starting again will not help */
#define EXIT_SYSTEM 71 /* the system gives no socket, thread or descriptor */

/* Serve until a signal ends it; the process's exit status. */
int daemon_run(const struct config *config);

#endif
