/*
 * ranking -- the busiest sequences, for metrics: never a label for each name.
 *
 * The caller holds the lock of its owner. A zeroed ranking is empty.
 */
#ifndef TICKR_DIRECTORY_RANKING_H
#define TICKR_DIRECTORY_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "ticket/sequence.h"

#define RANKING_MOST 20

struct ranked {
	const struct sequence *sequence;
	uint64_t recent; /* ids issued between the last two passes */
	uint64_t issued; /* since the process began */
};

struct directory_ranking {
	struct ranked busiest[RANKING_MOST]; /* falling by RECENT */
	size_t count;			     /* of those in BUSIEST */
	struct ranked other;		     /* the sum of all others; its sequence is NULL */
};

/* Let one sequence take its place. A sequence that was idle between the passes counts as other. */
void ranking_add(struct directory_ranking *ranking, const struct ranked *ranked);

#endif
