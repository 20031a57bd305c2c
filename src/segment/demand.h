/*
 * demand -- how many tickets are used a second, and how many to hold for that.
 *
 * No I/O, no lock, no clock of its own: its owner's.
 */
#ifndef TICKR_SEGMENT_DEMAND_H
#define TICKR_SEGMENT_DEMAND_H

#include <stdint.h>

#include "base/attributes.h"

struct demand {
	uint64_t began_ms; /* of the window that is being counted */
	uint64_t used;	   /* in that window */
	uint64_t rate;	   /* tickets a second: of the windows before */
};

/* COUNT tickets were used at NOW_MS. */
void demand_note(struct demand *demand, uint64_t count, uint64_t now_ms);

/* Tickets a second, as far as is known at NOW_MS. It rises at once and falls slowly. */
uint64_t demand_rate(struct demand *demand, uint64_t now_ms);

#endif
