/*
 * sights -- when the counter of each database was seen last, and when it was refused last.
 *
 * No lock of its own: its owner's. Zeroed at the start. Times are those of clock_ms().
 */
#ifndef TICKR_SEGMENT_SIGHTS_H
#define TICKR_SEGMENT_SIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/database.h"
#include "ticket/space.h"

/* Of one database, which its space tells from others by its address. */
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

void sights_see(struct sights *sights, const struct ticket_space *space, uint64_t now_ms);
void sights_refuse(struct sights *sights, const struct ticket_space *space);

/* The space of the Ith database that was seen or refused; NULL: there are not so many. */
const struct ticket_space *sights_space(const struct sights *sights, size_t i);

/* How long the database of SPACE was not seen until NOW_MS. */
uint64_t sights_age_ms(const struct sights *sights, const struct ticket_space *space,
		       uint64_t now_ms);

/* Whether the database of SPACE was refused since there were REFUSALS. */
bool sights_was_refused(const struct sights *sights, const struct ticket_space *space,
			uint64_t refusals) MUST_CHECK;

#endif
