/*
 * budget -- limits the time of a loop that scrambling takes. Pure; one thread at a time.
 *
 * Scrambling takes about 4 microseconds for each id, in the thread of the loop. Without a limit, a few clients that ask
 * for many scrambled ids would stop all other clients of the loop.
 */
#ifndef TICKR_FRONT_BUDGET_H
#define TICKR_FRONT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define BUDGET_PER_SECOND 100000 /* scrambled ids */
#define BUDGET_BURST	  30000	 /* of them together, after a rest */

/* Zeroed, it is full. */
struct front_budget {
	uint64_t spent_us; /* by clock_us(): until then, the ids that were taken use the budget */
};

/* Take COUNT ids, BUDGET_BURST at most, at NOW_US by clock_us(). False: there are not so many now. */
bool budget_take(struct front_budget *budget, uint32_t count, uint64_t now_us) MUST_CHECK;

#endif
