#include "pool/recent.h"

void
recent_add(struct recent *recent, const struct ticket_range *range)
{
	if (recent->count > 0 &&
	    range_join(&recent->ranges[(recent->count - 1) % RECENT_MOST], range))
		return;
	recent->ranges[recent->count++ % RECENT_MOST] = *range;
}

enum recent_answer
recent_find(const struct recent *recent, uint64_t since, const struct ticket_range *range)
{
	/* A later range may have joined the one that was last then. */
	uint64_t from = since > 0 ? since - 1 : 0;

	if (recent->count - from > RECENT_MOST)
		return RECENT_UNKNOWN;
	for (uint64_t i = from; i < recent->count; i++)
		if (range_meets(&recent->ranges[i % RECENT_MOST], range))
			return RECENT_REPEATED;
	return RECENT_NEW;
}
