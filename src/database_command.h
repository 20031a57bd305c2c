/*
 * database_command -- tickrd createdb and tickrd advance, on the databases of the settings. Main thread only.
 */
#ifndef TICKR_DATABASE_COMMAND_H
#define TICKR_DATABASE_COMMAND_H

#include "base/attributes.h"
#include "command_line.h"
#include "config/config.h"

/* tickrd createdb: make and report each database. Return the exit status of the process. */
int database_command_create(const struct config *config,
			    const struct command_line *line) MUST_CHECK;

/*
 * tickrd advance: move the counter of one database past a ticket, or raise the named sequences of all. Return the
 * exit status of the process.
 */
int database_command_advance(const struct config *config,
			     const struct command_line *line) MUST_CHECK;

#endif
