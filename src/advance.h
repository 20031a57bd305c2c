/*
 * advance -- tickrd advance: prints a plan, and moves a node's counter past a ticket, only forward.
 *
 * Main thread only.
 */
#ifndef TICKR_ADVANCE_H
#define TICKR_ADVANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/store.h"

/* Ask QUESTION at the terminal, unless IS_CONFIRMED. False: the answer was not yes, as PROBLEM says. */
bool advance_is_wanted(bool is_confirmed, const char *question, struct text *problem) MUST_CHECK;

struct advance_order {
	const struct store *store;
	const struct store_settings *database;
	const char *state_folder; /* "": none */
	uint64_t past;		  /* a ticket */
	bool is_confirmed;	  /* false: ask at the terminal */
};

/* Carry out ORDER. Return the exit status: 0 if the next ticket is above that of ORDER. */
int advance_run(const struct advance_order *order);

#endif
