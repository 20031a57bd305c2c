/*
 * source -- a room that takes reservations: a pool, the dispatcher, or the segment in front of one.
 *
 * The allocators and the segment know no more of their source than this. ahead.c picks it. A source is
 * passed by value. It ends with the room that offers it. Any thread may call it.
 */
#ifndef TICKR_TICKET_SOURCE_H
#define TICKR_TICKET_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/reservation.h"
#include "ticket/space.h"

struct source {
	bool (*submit)(void *self, struct reservation *reservation);
	bool (*withdraw)(void *self, struct reservation *reservation);
	void (*explain)(void *self, struct text *reason);
	bool (*take)(void *self, struct sequence *sequence, uint32_t count, uint64_t now_ms,
		     struct ticket_piece *taken); /* NULL: the source holds nothing */
	void *self;
};

/*
 * Submit RESERVATION to SOURCE, which has it until its answer. The answer may come before this returns.
 * Return false if another thread has withdrawn it before. Then it stays its owner's, without an answer.
 */
static inline bool MUST_CHECK
source_submit(const struct source *source, struct reservation *reservation)
{
	return source->submit(source->self, reservation);
}

/*
 * Withdraw RESERVATION from SOURCE. Return true with the reason in RESERVATION, or false if a session
 * works on it or its answer is on the way.
 */
static inline bool MUST_CHECK
source_withdraw(const struct source *source, struct reservation *reservation)
{
	return source->withdraw(source->self, reservation);
}

/* Add to REASON the message why SOURCE cannot answer now. */
static inline void
source_explain(const struct source *source, struct text *reason)
{
	source->explain(source->self, reason);
}

/*
 * Take COUNT (1 or more) bases of SEQUENCE (NULL: the Tickr sequence), as one progression, that SOURCE holds
 * in memory. Return false if it holds too few. Then they must be reserved.
 */
static inline bool MUST_CHECK
source_take(const struct source *source, struct sequence *sequence, uint32_t count, uint64_t now_ms,
	    struct ticket_piece *taken)
{
	return source->take != NULL && source->take(source->self, sequence, count, now_ms, taken);
}

#endif
