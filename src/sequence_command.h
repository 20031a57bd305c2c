/*
 * sequence_command -- tickrd sequence and tickrd decode: reads, makes and changes named sequences.
 *
 * The commands open sessions of their own, next to the servers. If only one process may use the database, as with
 * SQLite, they ask the server that runs, over its control socket. Main thread only.
 */
#ifndef TICKR_SEQUENCE_COMMAND_H
#define TICKR_SEQUENCE_COMMAND_H

#include "config/config.h"
#include "sequence_request.h"

struct sequence_command {
	struct sequence_request request; /* without --from */
	const char *from;		 /* create: a file with a sequence a line; NULL: none */
	bool is_confirmed;		 /* false: ask at the terminal */
};

/* Carry out GIVEN. Return the exit status: 0 if it was done. */
int sequence_command_run(const struct config *config, const struct sequence_command *given);

#endif
