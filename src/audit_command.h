/*
 * audit_command -- is tickrd audit find: searches the spool and the bucket for the record of an id. Main thread.
 */
#ifndef TICKR_AUDIT_COMMAND_H
#define TICKR_AUDIT_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"

struct audit_command {
	uint64_t id;
	const char *hour; /* "2024-01-03T19", UTC; NULL: all hours */
};

/*
 * Print each record whose ids have COMMAND's id. Return the exit status: 0 if there is one, 1 if there is none, or
 * that of a failure.
 */
int audit_command_find(const struct config *config, const struct audit_command *command) MUST_CHECK;

#endif
