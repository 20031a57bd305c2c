/*
 * key -- the numbers that are held of one sequence: at most two pieces, in the order they will be issued.
 *
 * Under its owner's lock. The tally may be shared by many keys and threads.
 */
#ifndef TICKR_HELD_KEY_H
#define TICKR_HELD_KEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "held/databases.h"
#include "ticket/demand.h"
#include "ticket/range.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

#define HELD_PIECES 2

/* Numbers of one database. */
struct held_piece {
	uint64_t first;
	uint32_t count; /* 0: no piece */
	uint32_t increment;
	uint32_t refusals; /* of databases, before the fetch of these numbers began */
	uint8_t database;  /* an index of held_databases */
};

struct held_work;

struct held_key {
	struct held_key *next; /* in its shard */
	struct sequence *sequence;
	uint32_t revision;	   /* of the policy, for the next fetch */
	enum sequence_order order; /* the same */
	struct held_work *work;	   /* its fetches, and the reservations that wait; NULL: none */
	struct demand demand;
	struct held_piece pieces[HELD_PIECES]; /* the first one is empty only if both are */
	uint64_t patience_ms;		       /* until then no number is fetched ahead */
	uint64_t fetched_ms; /* when a fetch last brought numbers under the present policy */
};

/* Sums over all keys. */
struct held_tally {
	_Atomic uint64_t held;	    /* numbers; those that a fetch will bring for later included */
	_Atomic uint64_t abandoned; /* numbers that became gaps, ever */
};

/*
 * Add BASES, whose fetch began after REFUSALS, after the others. They join the last piece if they continue it.
 * If there is no place, abandon the first piece.
 */
void held_key_add(struct held_key *key, const struct ticket_range *bases, unsigned database,
		  uint32_t refusals, struct held_tally *tally);

/*
 * Take COUNT (1 or more) numbers as one progression, from the first piece that is large enough. Abandon the
 * piece before it: to issue from that later would break the order. False: no piece is large enough.
 */
bool held_key_take(struct held_key *key, uint32_t count, struct ticket_range *taken,
		   unsigned *database, struct held_tally *tally) MUST_CHECK;

/* How many numbers are held. */
uint64_t held_key_count(const struct held_key *key) MUST_CHECK;

/* Abandon the numbers of the database that are below NUMBER, which was issued. */
void held_key_abandon_below(struct held_key *key, unsigned database, uint64_t number,
			    struct held_tally *tally);

/* Abandon all numbers. */
void held_key_abandon(struct held_key *key, struct held_tally *tally);

/* Abandon the numbers of databases that were refused since, or not seen for more than OUTAGE_MS. */
void held_key_abandon_doubtful(struct held_key *key, const struct held_databases *databases,
			       uint64_t now_ms, uint64_t outage_ms, struct held_tally *tally);

#endif
