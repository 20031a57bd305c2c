/*
 * high_water -- the bound of the state file, which is always ahead of what was answered.
 *
 *	      given             ahead
 *	---------|-----------------|--------->  bases
 *	 answered, or may be        nobody has any of these
 *
 * A base is answered only when the file on the disk has a bound at or above it. The bound is moved
 * when half of its margin is used up, while tickets go on; a thread that is faster than that moves it
 * itself. The margin doubles when it did not last for a second or so, and becomes smaller again with
 * time. While the file cannot be written nothing is given.
 *
 * What another server of the node gives is seen a moment later only. That the bound is well ahead
 * of all that was seen makes it likely to be ahead of that, too.
 *
 * A pool of named sequences has a second bound in the file: how often its instance may have counted in the
 * database. It is written ahead in the same way.
 *
 * Any thread; one mutex, which is not held while the file is written. Without a file every base may
 * be given.
 */
#ifndef TICKR_POOL_HIGH_WATER_H
#define TICKR_POOL_HIGH_WATER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "state/state_file.h"
#include "store/store.h"
#include "ticket/range.h"
#include "ticket/reservation.h"

#define HIGH_WATER_LEAST_MARGIN 1000 /* bases */
#define HIGH_WATER_MOST_MARGIN	100000000
#define HIGH_WATER_REST_MARGIN	16 /* of named sequences that nobody uses */

struct high_water {
	struct state_file *file; /* NULL: none */
	pthread_mutex_t mutex;
	pthread_cond_t written;
	/* Under the mutex: */
	struct record record;	   /* its given and ahead and unsure always have the same step */
	struct classes unsure;	   /* the bound that the last process left: ours is never lower */
	uint64_t count_limit;	   /* statements may have brought the instance's count so far */
	uint64_t margin;	   /* how far ahead the bound is put */
	uint64_t moved_ms;	   /* when the bound was moved last */
	uint64_t checked_ms;	   /* when the file was last seen where it belongs */
	bool is_saved;		   /* this process has written the file */
	bool is_writing;	   /* a thread is writing the file */
	bool is_failing;	   /* the last one could not */
	char problem[REASON_SIZE]; /* why */
	/* The thread's that is_writing: */
	char missing[REASON_SIZE]; /* what the last check missed, which was logged; or "" */
};

/* FILE stays the caller's; NULL for none. */
void high_water_init(struct high_water *mark, struct state_file *file);
void high_water_destroy(struct high_water *mark);

/* True when BASES, which are not empty, may be given: the disk knows. May block for it. */
bool high_water_covers(struct high_water *mark, const struct ticket_range *bases,
		       struct text *reason) MUST_CHECK;

/*
 * The same for the count of the instance, which the next statement may bring to LIMIT. COUNT is the highest that the
 * database has certainly shown.
 */
bool high_water_covers_count(struct high_water *mark, uint64_t count, uint64_t limit,
			     struct text *reason) MUST_CHECK;

/*
 * This server is the instance ID from now on, over restarts too. It has counted COUNT times for certain, and no
 * statement has brought it above LIMIT. False as above.
 */
bool high_water_set_instance(struct high_water *mark, const char *id, uint64_t count,
			     uint64_t limit, struct text *reason) MUST_CHECK;

/*
 * The same counts once more, without writing the file. Before the end, when no statement is under way: then LIMIT
 * may be lower than before.
 */
void high_water_settle_count(struct high_water *mark, uint64_t count, uint64_t limit);

/* Nothing is issued for a while: bring the bound close, so that a kill leaves a small gap. */
void high_water_rest(struct high_water *mark);

/* Whether the file could be written when it was last tried. */
bool high_water_is_kept(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * Several times a second: write again what could not be written; move a bound that will soon be
 * reached, lower one that is too far; make a file again that was removed. False, with REASON: the file could not be written. Blocks for it.
 */
bool high_water_tend(struct high_water *mark, uint64_t now_ms, struct text *reason) MUST_CHECK;

/* The same while nothing is issued: only write again what could not be written, or was removed. */
void high_water_repair(struct high_water *mark, uint64_t now_ms);

/* At a clean end, when nobody gives anything any more: the bound becomes what was given. False as above. */
bool high_water_end(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * The database of SHARE is refused until an operator acts: keep LATCH (see trust.h) over restarts,
 * with a bound of BOUND at least. A LATCH of 0 ends that. False as above; then a later save has it.
 */
bool high_water_set_latch(struct high_water *mark, const struct store_share *share, uint64_t latch,
			  uint64_t bound, struct text *reason) MUST_CHECK;

/* The identity of the database is IDENTITY from now on, over restarts too. False as above. */
bool high_water_set_identity(struct high_water *mark, const char *identity,
			     struct text *reason) MUST_CHECK;

/* The identity of the database that is known; "" if none is. IDENTITY has RANDOM_ID_SIZE bytes. */
void high_water_identity(struct high_water *mark, char *identity);

/*
 * Forget the bases above BASE in its class, which this process reserved and gave to nobody; then
 * high_water_end(), and only then may the counter be set back to BASE. For who gives back an unused
 * tail at a clean end, and for nobody else.
 */
void high_water_give_back(struct high_water *mark, uint64_t base);

#endif
