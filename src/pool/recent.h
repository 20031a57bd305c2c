/*
 * recent -- remembers the last ranges of the database, to notice one that the database returns again.
 *
 * A zeroed struct is empty. The caller holds the lock of its owner.
 */
#ifndef TICKR_POOL_RECENT_H
#define TICKR_POOL_RECENT_H

#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

#define RECENT_MOST 4096

enum recent_answer {
	RECENT_NEW,
	RECENT_REPEATED, /* some of it was returned before */
	RECENT_UNKNOWN,	 /* too many ranges were added since */
};

struct recent {
	struct ticket_range
		ranges[RECENT_MOST]; /* a ring; a range that continues the last is joined */
	uint64_t count;		     /* of all ranges ever; joined ones count once */
};

/* Add RANGE, which is not empty and ends below 2^64. */
void recent_add(struct recent *recent, const struct ticket_range *range);

/* Say whether RANGE, as above, meets one that was added since the count was SINCE. */
enum recent_answer recent_find(const struct recent *recent, uint64_t since,
			       const struct ticket_range *range) MUST_CHECK;

#endif
