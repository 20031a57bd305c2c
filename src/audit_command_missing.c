/* In place of audit_command.c: this tickrd was built without zlib. */
#include <stdio.h>
#include <sysexits.h>

#include "audit_command.h"

int
audit_command_find(const struct config *config, const struct audit_command *command)
{
	(void)config;
	(void)command;
	fprintf(stderr, "tickrd: this tickrd was built without zlib, so it has no audit\n");
	return EX_CONFIG;
}
