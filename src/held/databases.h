/*
 * databases -- when the clock of each database was seen last, and when it was refused last.
 *
 * Any thread. Questions take no lock. A database is its space, by address, and has a small index here.
 * Times are those of clock_ms(). Zero it at the start.
 */
#ifndef TICKR_HELD_DATABASES_H
#define TICKR_HELD_DATABASES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/database.h"
#include "ticket/space.h"

struct held_database {
	const struct ticket_space *space;
	_Atomic uint64_t seen_ms;
	_Atomic uint32_t refusal; /* the number of its last refusal; 0: none */
};

struct held_databases {
	pthread_mutex_t mutex; /* held while a database is added or refused */
	_Atomic unsigned count;
	_Atomic uint32_t refusals; /* of all of them, ever */
	struct held_database databases[MOST_DATABASES];
};

void held_databases_init(struct held_databases *databases);
void held_databases_end(struct held_databases *databases);

/* Return the index of the database of SPACE, which outlives DATABASES. */
unsigned held_databases_index(struct held_databases *databases,
			      const struct ticket_space *space) MUST_CHECK;

/* Note that the clock of the database INDEX was seen at NOW_MS. */
void held_databases_see(struct held_databases *databases, unsigned index, uint64_t now_ms);

/* Note that the database INDEX is refused. */
void held_databases_refuse(struct held_databases *databases, unsigned index);

/* Return how many refusals there were. A fetch notes it before it begins. */
uint32_t held_databases_refusals(const struct held_databases *databases) MUST_CHECK;

/* Return whether the database INDEX was refused after the first REFUSALS refusals. */
bool held_databases_was_refused(const struct held_databases *databases, unsigned index,
				uint32_t refusals) MUST_CHECK;

/* Return how many milliseconds before NOW_MS the database INDEX was last seen. */
uint64_t held_databases_age_ms(const struct held_databases *databases, unsigned index,
			       uint64_t now_ms) MUST_CHECK;

#endif
