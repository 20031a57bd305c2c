/*
 * advance -- tickrd advance: prints a plan, and moves a node's counter past a ticket, only forward.
 *
 * Main thread only.
 */
#ifndef TICKR_ADVANCE_H
#define TICKR_ADVANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

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
