/*
 * spans -- finds numbers that are in two arithmetic progressions of many, exactly. Pure.
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
	uint64_t place; /* the caller's: where it comes from */
	uint32_t increment;
	uint32_t count;
};

/* NUMBER is in both, which are the same span where it holds one number several times. */
typedef void twice_fn(void *arg, uint64_t number, const struct span *one, const struct span *other);

/* Sorts SPANS; reports at most MOST pairs of them, with their lowest common number; how many. */
size_t spans_find_twice(struct span *spans, size_t count, size_t most, twice_fn *report,
			void *arg) MUST_CHECK;

#endif
