/*
 * segment -- tickets reserved ahead: committed by the database, held in memory, not yet given.
 *
 * Stands between the allocators and the pool, and is called as a pool is; besides, it gives from
 * what it holds at once. It holds as many as will be used in some seconds at the present
 * rate, and fetches more in good time, one reservation at a time. What it gives rises, over
 * all threads: who asks after another was answered gets higher bases (of one database). Who asks
 * for more than it holds waits for the next reservation, which is made large enough, or, where
 * others want much before, for one after it.
 *
 * Any thread; one mutex, held for a few instructions.
 */
#ifndef TICKR_SEGMENT_SEGMENT_H
#define TICKR_SEGMENT_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "segment/pieces.h"
#include "ticket/source.h"

struct segment_settings {
	uint64_t ahead_ms;	  /* how long what is held shall last */
	uint64_t least, most;	  /* bases to hold, whatever the rate */
	uint64_t pool_timeout_ms; /* what a reservation of ours has */

	uint64_t outage_ms; /* how long to hold bases of a database whose counter is not seen */

	struct source source; /* of what it fetches */
};

struct segment;

struct segment *segment_new(const struct segment_settings *settings) MUST_CHECK;

/*
 * Fetch what is missing, and abandon what is held of a database that was not seen for too long. To be called at the start, when the pool has been started, and several times
 * a second from then on: without requests nothing else tries again after a failure.
 */
void segment_fill(struct segment *segment);

/*
 * The counter of the database of SPACE was seen just now. If it is not trusted all that is held of it
 * is abandoned: an older copy of the database may issue the same.
 */
void segment_note(struct segment *segment, const struct ticket_space *space, bool is_trusted);

/* The segment as a source of reservations. Answers come from the thread that submits, and from those of its source. */
struct source segment_source(struct segment *segment);

/* How many bases are held, and how many milliseconds they last at the present rate. */
uint64_t segment_held(struct segment *segment);
uint64_t segment_lasts_ms(struct segment *segment);

/* Fetch nothing more. Nobody may ask any more; what the pool is at will be held. */
void segment_stop(struct segment *segment);

/*
 * After the pool has ended: the next piece of what is left, which is the caller's. False: none.
 * What is left is a gap.
 */
bool segment_take_rest(struct segment *segment, struct ticket_piece *piece) MUST_CHECK;

void segment_free(struct segment *segment); /* NULL is allowed */

#endif
