/*
 * choice -- the order in which a server tries to claim worker ids. Pure; one thread at a time.
 *
 * Free ids come first, in random order, so that many servers that start together rarely want the same one. If none is
 * free, resting ids follow. The one that has rested longest is the first of them.
 */
#ifndef TICKR_LEASE_CHOICE_H
#define TICKR_LEASE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "ticket/snowflake_id.h"

struct lease_choice {
	uint32_t workers; /* how many there are */
	bool is_held[SNOWFLAKE_NODES];
	uint64_t reuse_after_ms[SNOWFLAKE_NODES]; /* Unix time; 0: the id does not rest */

	/* The result. */
	uint32_t order[SNOWFLAKE_NODES];
	uint32_t count;
	uint32_t free_count; /* so many of them do not rest */
};

/* Put all ids that are not held in order. UNIX_MS is now, SEED any number. */
void lease_choice_make(struct lease_choice *choice, uint64_t unix_ms, uint64_t seed);

#endif
