/*
 * advance -- tickrd advance: moves a node's counter past a ticket, forward only, after saying so.
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
	bool is_confirmed;	  /* else a person at the terminal is asked */
};

/* The exit status: 0 when the next ticket is above the one of ORDER. */
int advance_run(const struct advance_order *order);

#endif
