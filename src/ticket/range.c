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
