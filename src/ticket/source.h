/*
 * source -- where reservations go: a pool, the dispatcher, or the segment in front of one.
 *
 * The allocators and the segment know no more of their source than this. ahead.c picks it. A source is
 * passed by value, and ends with the room that offers it. Any thread may call it.
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
	bool (*take)(void *self, uint32_t count, uint64_t now_ms,
		     struct ticket_piece *taken); /* NULL: the source holds nothing */
	void *self;
};

/*
 * Let SOURCE have RESERVATION until its answer, which may come before this returns. False: another
 * thread has withdrawn it before it came. It stays its owner's, and no answer comes.
 */
static inline bool MUST_CHECK
source_submit(const struct source *source, struct reservation *reservation)
{
	return source->submit(source->self, reservation);
}

/*
 * Take RESERVATION back from SOURCE. True: its reason says why it had no answer. False: a session works
 * on it, or its answer is on the way.
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
 * Take COUNT (1 or more) bases, as one progression, that SOURCE holds in memory. False: it holds too
 * few, so they must be reserved.
 */
static inline bool MUST_CHECK
source_take(const struct source *source, uint32_t count, uint64_t now_ms,
	    struct ticket_piece *taken)
{
	return source->take != NULL && source->take(source->self, count, now_ms, taken);
}

#endif
