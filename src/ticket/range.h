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
 * Make MORE the end of RANGE, if it goes on where RANGE ends and the whole can be counted. False: it
 * does not, and RANGE is as it was.
 */
bool range_join(struct ticket_range *range, const struct ticket_range *more) MUST_CHECK;

/* Whether a number is in both; neither is empty or ends above 2^64-1. */
bool range_meets(const struct ticket_range *a, const struct ticket_range *b) MUST_CHECK;

/* The greatest step that two steps are both made of: their greatest common divisor. 0 is made of any. */
uint64_t range_common_step(uint64_t a, uint64_t b);

/* The last number of RANGE, which must not be empty. False when it is above 2^64-1. */
bool range_last(const struct ticket_range *range, uint64_t *last) MUST_CHECK;

#endif
