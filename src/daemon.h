/*
 * daemon -- builds the rooms in order, owns them, drains, and tears down in reverse.
 *
 * Main thread only.
 */
#ifndef TICKR_DAEMON_H
#define TICKR_DAEMON_H

#include "command_line.h"
#include "config/config.h"

/* Exit statuses, as sysexits(3) has them. */
#define EXIT_CONFIG 78 /* what was asked cannot be done; starting again will not help */
#define EXIT_SYSTEM 71 /* the system gives no socket, thread or descriptor */

/* Serve until a signal ends it; the process's exit status. */
int daemon_run(const struct config *config);

/* tickrd createdb: make what is missing and say what there is; the process's exit status. */
int daemon_create_database(const struct config *config, const struct command_line *line);

/* tickrd advance: move the counter past a ticket; the process's exit status. */
int daemon_advance(const struct config *config, const struct command_line *line);

/* tickrd check-config, where CONFIG itself is good: whether we were built for it; the exit status. */
int daemon_check_config(const struct config *config);

#endif
