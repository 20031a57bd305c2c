/*
 * advance_sequences -- tickrd advance --sequences: raises the named sequences of a database that has gone back in
 * time, and ends the refusal of servers. Main thread only.
 */
#ifndef TICKR_ADVANCE_SEQUENCES_H
#define TICKR_ADVANCE_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/store.h"

struct advance_sequences_order {
	const struct store *store; /* of named sequences */
	const struct store_settings *database;
	const char *state_folder; /* "": none */
	uint64_t by;		  /* numbers to raise each sequence by, in addition */
	bool is_confirmed;	  /* false: ask at the terminal */
};

/* Carry out ORDER. Return the exit status: 0 if servers that refused the database serve again. */
int advance_sequences_run(const struct advance_sequences_order *order) MUST_CHECK;

#endif
