/*
 * distinct -- the different sequences of one statement, numbered from 0 in the order in which they came.
 *
 * One thread at a time. Pointers are compared, for a sequence has one struct.
 */
#ifndef TICKR_POOL_DISTINCT_H
#define TICKR_POOL_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/store.h"
#include "ticket/sequence.h"

#define DISTINCT_SLOTS 1024 /* a power of two, so that at most a quarter is in use */

struct distinct {
	unsigned count;
	struct sequence *sequences[STORE_MOST_MOVES];
	uint16_t slots[DISTINCT_SLOTS]; /* 1 + the number of a sequence; 0: free */
};

void distinct_clear(struct distinct *distinct);

/* Set *NUMBER to that of SEQUENCE, which is added if it is new. False: it is new, and there is no room for it. */
bool distinct_add(struct distinct *distinct, struct sequence *sequence,
		  unsigned *number) MUST_CHECK;

#endif
