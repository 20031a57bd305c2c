/*
 * demand -- measures how many tickets are used a second.
 *
 * No I/O and no clock of its own. The caller holds the lock of its owner.
 */
#ifndef TICKR_TICKET_DEMAND_H
#define TICKR_TICKET_DEMAND_H

#include <stdint.h>

#include "base/attributes.h"

struct demand {
	uint64_t began_ms; /* when the present window began */
	uint64_t used;	   /* tickets, in that window */
	uint64_t rate;	   /* tickets a second, in the windows before */
};

/* Note that COUNT tickets were used at NOW_MS. */
void demand_note(struct demand *demand, uint64_t count, uint64_t now_ms);

/* Return the tickets a second, as known at NOW_MS. The rate rises immediately and falls slowly. */
uint64_t demand_rate(struct demand *demand, uint64_t now_ms);

#endif
