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

/* The last number of RANGE, which must not be empty. False when it is above 2^64-1. */
bool range_last(const struct ticket_range *range, uint64_t *last) MUST_CHECK;

#endif
