/*
 * spans -- finds the numbers that are in two of many arithmetic progressions, exactly. Pure.
 */
#ifndef TORTURE_SPANS_H
#define TORTURE_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* The numbers first, first + increment, .. last. */
struct span {
	uint64_t first;
	uint64_t last;
	uint64_t place; /* for the caller: the origin of the span */
	uint32_t key;	/* numbers of different keys are different */
	uint32_t increment;
	uint32_t count;
};

/* Receives a NUMBER that is in both spans. Both are the same span if that holds the number several times. */
typedef void twice_fn(void *arg, uint64_t number, const struct span *one, const struct span *other);

/* Sort SPANS. Report at most MOST pairs with their lowest common number, and return the number of pairs. */
size_t spans_find_twice(struct span *spans, size_t count, size_t most, twice_fn *report,
			void *arg) MUST_CHECK;

#endif
