/*
 * segment -- tickets reserved ahead: committed by the database, held in memory, not yet issued.
 *
 * Stands between the allocators and their source, and is a source itself. It also issues held bases
 * immediately. It holds as many as the present rate uses in some seconds, and fetches more before they
 * are used up, one reservation at a time. Over all threads bases of one database rise: a request that
 * arrives after another was answered gets higher ones. A reservation for more bases than are held
 * waits for the next fetch, which is made large enough for it, or for a later one.
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
	uint64_t ahead_ms;	  /* how long the held bases shall last */
	uint64_t least, most;	  /* bases to hold, whatever the rate */
	uint64_t pool_timeout_ms; /* until a fetch expires */
	uint64_t outage_ms;   /* how long to hold bases of a database whose counter is not seen */
	struct source source; /* of the fetches */
};

struct segment;

struct segment *segment_new(const struct segment_settings *settings) MUST_CHECK;

/*
 * Fetch the bases that are missing, and abandon those of a database that was not seen for too long. Call
 * this when the source was started, and then several times a second. Without requests nothing else
 * retries after a failure.
 */
void segment_fill(struct segment *segment);

/*
 * A pool saw the counter of the database of SPACE just now. If the database is not trusted, abandon all
 * held bases of it: an older copy of the database may issue the same.
 */
void segment_note(struct segment *segment, const struct ticket_space *space, bool is_trusted);

/*
 * The segment as a source. Answers come from the thread that submits, or from a thread of its own
 * source.
 */
struct source segment_source(struct segment *segment);

/* How many bases are held, and how many milliseconds they last at the present rate. */
uint64_t segment_held(struct segment *segment);
uint64_t segment_lasts_ms(struct segment *segment);

/* Fetch no more. No thread may submit any more; fetches that are out will be held. */
void segment_stop(struct segment *segment);

/*
 * After the source has ended: the next piece that is still held, which is now the caller's. False:
 * none.
 */
bool segment_take_rest(struct segment *segment, struct ticket_piece *piece) MUST_CHECK;

void segment_free(struct segment *segment); /* NULL is allowed */

#endif
