/*
 * rate -- measures how fast a counter rises, over all servers. Pure; one thread at a time.
 *
 * Each master of several is measured separately, and the highest recent rate counts. Times are those of
 * clock_ms(). A zeroed struct knows nothing. Release it with rate_free().
 */
#ifndef TICKR_POOL_RATE_H
#define TICKR_POOL_RATE_H

#include <stdint.h>

#include "state/classes.h"
#include "store/store.h"

#define RATE_COUNT 3

struct rate {
	uint64_t per_s[RATE_COUNT]; /* the highest of this second, of the last one, and before */
	uint64_t second_ms;	    /* when this second began */
	struct classes from;	    /* the base where the measurement of a class began .. */
	struct classes from_ms;	    /* .. and when; 0: it has not begun */
};

/* Note that the master of SHARE was at BASE at NOW_MS. */
void rate_measure(struct rate *rate, const struct store_share *share, uint64_t base,
		  uint64_t now_ms);

/* Measure SHARE from its next base on, because its counter is moved, and that is no rate. */
void rate_restart(struct rate *rate, const struct store_share *share);

/* Forget this second and the last one, and begin again, because a counter was moved lately. */
void rate_forget_latest(struct rate *rate);

/* Return the highest recent rate, in bases a second. */
uint64_t rate_highest(const struct rate *rate);

void rate_free(struct rate *rate);

#endif
