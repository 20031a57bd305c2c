/*
 * advance_sequences -- tickrd advance --sequences: raises the named sequences of a database that has gone back in
 * time, and ends the refusal of servers. Main thread only.
 */
#ifndef TICKR_ADVANCE_SEQUENCES_H
#define TICKR_ADVANCE_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"

struct advance_sequences_order {
	const struct config *config;
	const char *store; /* of TICKR_SEQUENCERS_FILE; "": the server's own databases */
	uint64_t by;	   /* numbers to raise each sequence by, in addition */
	bool is_confirmed; /* false: ask at the terminal */
};

/* Carry out ORDER. Return the exit status: 0 if servers that refused the databases serve again. */
int advance_sequences_run(const struct advance_sequences_order *order) MUST_CHECK;

#endif
