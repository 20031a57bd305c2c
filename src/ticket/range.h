/*
 * range -- an arithmetic progression of bases or tickets.
 *
 * Pure; any thread. Ranges are passed and returned by value.
 */
#ifndef TICKR_TICKET_RANGE_H
#define TICKR_TICKET_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct ticket_range {
	uint64_t first;
	uint64_t increment;
	uint32_t count;
};

/* Take COUNT from the front of RANGE, which must hold that many. */
struct ticket_range range_take(struct ticket_range *range, uint32_t count);

/*
 * Append MORE to RANGE, if it continues RANGE and the count does not overflow. False: it does not, and
 * RANGE is unchanged.
 */
bool range_join(struct ticket_range *range, const struct ticket_range *more) MUST_CHECK;

/* Whether A and B, which are not empty and end below 2^64, have a number in common. */
bool range_meets(const struct ticket_range *a, const struct ticket_range *b) MUST_CHECK;

/* The greatest common divisor of two steps. That of 0 and a step is the step. */
uint64_t range_common_step(uint64_t a, uint64_t b);

/* The last number of RANGE, which must not be empty. False: it is above 2^64-1. */
bool range_last(const struct ticket_range *range, uint64_t *last) MUST_CHECK;

#endif
