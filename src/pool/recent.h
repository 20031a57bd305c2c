/*
 * recent -- the ranges that were given last, to tell whether one comes a second time.
 *
 * No lock of its own: its owner's. Zeroed at the start.
 */
#ifndef TICKR_POOL_RECENT_H
#define TICKR_POOL_RECENT_H

#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

#define RECENT_MOST 4096

enum recent_answer {
	RECENT_NEW,
	RECENT_REPEATED, /* some of it was given before */
	RECENT_UNKNOWN,	 /* too many were given since */
};

struct recent {
	struct ticket_range ranges[RECENT_MOST]; /* in turn; those that go on are joined */
	uint64_t count;				 /* ever, joined ones once */
};

/* RANGE is not empty and ends below 2^64. */
void recent_add(struct recent *recent, const struct ticket_range *range);

/* Of RANGE, as above, what is known of those that were added since the count was SINCE. */
enum recent_answer recent_find(const struct recent *recent, uint64_t since,
			       const struct ticket_range *range) MUST_CHECK;

#endif
