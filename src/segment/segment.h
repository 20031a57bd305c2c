/*
 * segment -- holds tickets reserved ahead: committed by the database, and not yet issued.
 *
 * The segment is a source between the allocators and their other source. Its source_take() returns held
 * bases immediately. It holds as many as the present rate uses in some seconds, and fetches more before
 * they are used up. A reservation for more bases than it holds waits for the next fetch or a later one,
 * which is made large enough.
 *
 * Bases of one database rise over all threads: a request that arrives after another one was answered
 * gets higher bases.
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
	uint64_t ahead_ms;	  /* how long the held bases should last */
	uint64_t least, most;	  /* bases to hold, whatever the rate */
	uint64_t pool_timeout_ms; /* until a fetch expires */
	uint64_t outage_ms;	  /* how long to hold bases while no answer shows the counter */
	struct source source;	  /* of the fetches */
};

struct segment;

struct segment *segment_new(const struct segment_settings *settings) MUST_CHECK;

/*
 * Fetch the bases that are missing, and abandon those of a database that was not seen for too long.
 * Call this after the source was started, and then several times a second. While no request arrives,
 * only this retries a failed fetch.
 */
void segment_fill(struct segment *segment);

/*
 * Note that a pool has just seen the counter of the database of SPACE. If the database is not trusted,
 * abandon its held bases, because an older copy of it may issue the same.
 */
void segment_note(struct segment *segment, const struct ticket_space *space, bool is_trusted);

/*
 * Return the segment as a source. Answers come from the thread that submits, or from a thread of the segment's own
 * source.
 */
struct source segment_source(struct segment *segment);

/* Return how many bases are held, and how many milliseconds they last at the present rate. */
uint64_t segment_held(struct segment *segment);
uint64_t segment_lasts_ms(struct segment *segment);

/* Fetch no more. No thread may submit after this. The bases of fetches that are out are still held. */
void segment_stop(struct segment *segment);

/*
 * Take the next piece that is still held, after the source has ended. Return false if there is none.
 */
bool segment_take_rest(struct segment *segment, struct ticket_piece *piece) MUST_CHECK;

void segment_free(struct segment *segment); /* NULL is allowed */

#endif
