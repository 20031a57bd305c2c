/*
 * high_water -- keeps the bound of the state file ahead of the issued bases.
 *
 *	      given             ahead
 *	---------|-----------------|--------->  bases
 *	 issued, or may be         not issued by any server of the node
 *
 * A base is issued only if the file on the disk has a bound at or above it. A look at the counter moves
 * the bound when half of its margin is used up. A session that reaches the bound earlier moves it
 * itself. The margin doubles if it lasted for less than a second, and shrinks again with time. While
 * the file cannot be written, no base is issued.
 *
 * This server sees the bases of other servers of the node a moment later. The bound is far ahead of all
 * seen bases, so it is probably ahead of those, too.
 *
 * A pool of named sequences has a second bound in the file: how often its instance may have counted in the
 * database. It is written ahead in the same way.
 *
 * Any thread; one mutex, which no thread holds while it writes the file. Without a file, every base may
 * be issued.
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
#define HIGH_WATER_REST_MARGIN	16 /* of named sequences that no client uses */

struct high_water {
	struct state_file *file; /* NULL: none */
	const char *database;	 /* for the log */
	pthread_mutex_t mutex;
	pthread_cond_t written;
	/* Under the mutex: */
	struct record record;	   /* given, ahead and unsure always have the same step */
	struct classes unsure;	   /* the bound of the last process: ours is never lower */
	uint64_t count_limit;	   /* no statement has brought the instance's count above it */
	uint64_t margin;	   /* how far ahead the bound is set */
	uint64_t moved_ms;	   /* when the bound was last moved */
	uint64_t checked_ms;	   /* when the file was last found in its place */
	bool is_saved;		   /* this process has written the file */
	bool is_writing;	   /* a thread is writing the file */
	bool is_failing;	   /* the last write failed */
	char problem[REASON_SIZE]; /* why */
	/* Only for the thread that is_writing: */
	char missing[REASON_SIZE]; /* the thing that the last check missed, as logged; "": none */
};

/* FILE (NULL: there is none) and DATABASE, its name for the log, stay the caller's. */
void high_water_init(struct high_water *mark, struct state_file *file, const char *database);
void high_water_destroy(struct high_water *mark);

/*
 * Return true if the bound on the disk covers BASES, which are not empty. Then they may be issued. May
 * block for the disk.
 */
bool high_water_covers(struct high_water *mark, const struct ticket_range *bases,
		       struct text *reason) MUST_CHECK;

/*
 * The same for the count of the instance, which the next statement may bring to LIMIT. COUNT is the highest that the
 * database has certainly shown.
 */
bool high_water_covers_count(struct high_water *mark, uint64_t count, uint64_t limit,
			     struct text *reason) MUST_CHECK;

/*
 * Make this server the instance ID, over restarts too. It has counted COUNT times for certain, and no statement has
 * brought its count above LIMIT. Return false as below.
 */
bool high_water_set_instance(struct high_water *mark, const char *id, uint64_t count,
			     uint64_t limit, struct text *reason) MUST_CHECK;

/*
 * Set the same counts again, without a write of the file. Call this before the end, while no statement is under way.
 * Then LIMIT may be lower than before.
 */
void high_water_settle_count(struct high_water *mark, uint64_t count, uint64_t limit);

/* Bring the bound close, because no client uses the sequences for a while. Then a kill leaves a small gap. */
void high_water_rest(struct high_water *mark);

/* Return true if the last write of the file succeeded. */
bool high_water_is_kept(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * Retry a failed write, raise a bound that will soon be reached, lower one that is too far, and make a
 * removed file again. Return false, with REASON, if a write failed. Call this several times a second.
 * It blocks for the disk.
 */
bool high_water_tend(struct high_water *mark, uint64_t now_ms, struct text *reason) MUST_CHECK;

/* Retry a failed write, or make a removed file again. Call this while no base is issued. */
void high_water_repair(struct high_water *mark, uint64_t now_ms);

/*
 * Lower the bound to the issued bases at a clean end, after which no thread reserves. Return false as
 * above.
 */
bool high_water_end(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * Keep LATCH (see trust.h) of the database of SHARE over restarts, with a bound of BOUND at least. A
 * LATCH of 0 ends that. Return false as above. Then a later save writes it.
 */
bool high_water_set_latch(struct high_water *mark, const struct store_share *share, uint64_t latch,
			  uint64_t bound, struct text *reason) MUST_CHECK;

/* Keep IDENTITY as that of the database, over restarts too. Return false as above. */
bool high_water_set_identity(struct high_water *mark, const char *identity,
			     struct text *reason) MUST_CHECK;

/*
 * Copy the known identity of the database to IDENTITY, which has RANDOM_ID_SIZE bytes. "": none is
 * known.
 */
void high_water_identity(struct high_water *mark, char *identity);

/*
 * Forget the bases above BASE in its class, which this process reserved and did not issue. Call it only
 * at a clean end, before high_water_end(). The counter may be set back to BASE only after both.
 */
void high_water_give_back(struct high_water *mark, uint64_t base);

#endif
