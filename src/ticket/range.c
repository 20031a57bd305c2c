#include <assert.h>

#include "ticket/range.h"

struct ticket_range
range_take(struct ticket_range *range, uint32_t count)
{
	struct ticket_range taken = {range->first, range->increment, count};

	assert(count > 0 && count <= range->count);
	range->count -= count;
	if (range->count > 0)
		range->first += range->increment * count;
	return taken;
}

bool
range_last(const struct ticket_range *range, uint64_t *last)
{
	uint64_t distance;

	assert(range->count > 0);
	return !__builtin_mul_overflow(range->increment, (uint64_t)(range->count - 1), &distance) &&
	       !__builtin_add_overflow(range->first, distance, last);
}

bool
range_join(struct ticket_range *range, const struct ticket_range *more)
{
	uint64_t last;

	if (range->increment != more->increment || !range_last(range, &last) ||
	    more->first - last != more->increment || more->count > UINT32_MAX - range->count)
		return false;
	range->count += more->count;
	return true;
}

uint64_t
range_common_step(uint64_t a, uint64_t b)
{
	while (b > 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Overlapping ranges meet if the distance of their first numbers is a multiple of the gcd of their
 * steps.
 */
bool
range_meets(const struct ticket_range *a, const struct ticket_range *b)
{
	uint64_t last_of_a = 0, last_of_b = 0, distance;
	bool are_numbers = range_last(a, &last_of_a) && range_last(b, &last_of_b);

	assert(are_numbers);
	if (a->first > last_of_b || b->first > last_of_a)
		return false;
	distance = a->first > b->first ? a->first - b->first : b->first - a->first;
	return distance % range_common_step(a->increment, b->increment) == 0;
}
