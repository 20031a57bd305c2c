/*
 * sights -- remembers when a pool last saw the counter of each database, and when it last refused one.
 *
 * A zeroed struct is empty. The caller holds the lock of its owner. Times are those of clock_ms().
 */
#ifndef TICKR_SEGMENT_SIGHTS_H
#define TICKR_SEGMENT_SIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/database.h"
#include "ticket/space.h"

/* Of one database. The address of its space identifies it. */
struct sight {
	const struct ticket_space *space;
	uint64_t seen_ms;
	uint64_t refusal; /* the number of its last refusal; 0: none */
};

struct sights {
	struct sight sights[MOST_DATABASES];
	size_t count;
	uint64_t refusals; /* of all of them, ever */
};

/* Note that a pool saw the counter of the database of SPACE at NOW_MS. */
void sights_see(struct sights *sights, const struct ticket_space *space, uint64_t now_ms);

/* Note that a pool refused the database of SPACE. */
void sights_refuse(struct sights *sights, const struct ticket_space *space);

/* Return the space of the Ith database that was seen or refused. NULL: there are fewer. */
const struct ticket_space *sights_space(const struct sights *sights, size_t i);

/* Return how many milliseconds before NOW_MS the database of SPACE was seen. */
uint64_t sights_age_ms(const struct sights *sights, const struct ticket_space *space,
		       uint64_t now_ms);

/* Return true if the database of SPACE was refused after the first REFUSALS refusals. */
bool sights_was_refused(const struct sights *sights, const struct ticket_space *space,
			uint64_t refusals) MUST_CHECK;

#endif
