/*
 * high_water -- the bound of the state file, which is always ahead of the issued bases.
 *
 *	      given             ahead
 *	---------|-----------------|--------->  bases
 *	 issued, or may be         not issued by any server of the node
 *
 * A base is issued only if the file on the disk has a bound at or above it. The bound is moved when half
 * of its margin is used up, while tickets are issued. A thread that is faster than that moves it itself.
 * The margin doubles if it did not last for a second or so, and shrinks again with time. While the file
 * cannot be written no base is issued.
 *
 * Bases that another server of the node issues are seen a moment later only. The bound is well ahead of
 * all seen bases, so it is probably ahead of those, too.
 *
 * Any thread; one mutex, which is not held while the file is written. Without a file every base may be
 * issued.
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

struct high_water {
	struct state_file *file; /* NULL: none */
	const char *database;	 /* for the log */
	pthread_mutex_t mutex;
	pthread_cond_t written;
	/* Under the mutex: */
	struct record record;	   /* given, ahead and unsure always have the same step */
	struct classes unsure;	   /* the bound of the last process: ours is never lower */
	uint64_t margin;	   /* how far ahead the bound is set */
	uint64_t moved_ms;	   /* when the bound was last moved */
	uint64_t checked_ms;	   /* when the file was last seen where it belongs */
	bool is_saved;		   /* this process has written the file */
	bool is_writing;	   /* a thread is writing the file */
	bool is_failing;	   /* the last write failed */
	char problem[REASON_SIZE]; /* why */
	/* Only for the thread that is_writing: */
	char missing[REASON_SIZE]; /* what the last check missed, which was logged; or "" */
};

/* FILE (NULL: there is none) and DATABASE, its name for the log, stay the caller's. */
void high_water_init(struct high_water *mark, struct state_file *file, const char *database);
void high_water_destroy(struct high_water *mark);

/*
 * Whether the bound on the disk covers BASES, which are not empty: they may be issued. May block for
 * the disk.
 */
bool high_water_covers(struct high_water *mark, const struct ticket_range *bases,
		       struct text *reason) MUST_CHECK;

/* Whether the last write of the file succeeded. */
bool high_water_is_kept(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * Call this several times a second. It retries a failed write, raises a bound that will soon be reached,
 * lowers one that is too far, and makes a removed file again. False, with REASON: a write failed. Blocks
 * for the disk.
 */
bool high_water_tend(struct high_water *mark, uint64_t now_ms, struct text *reason) MUST_CHECK;

/* The same while no base is issued: only retry a failed write, or make a removed file again. */
void high_water_repair(struct high_water *mark, uint64_t now_ms);

/*
 * At a clean end, when no thread reserves any more: lower the bound to the issued bases. False as
 * above.
 */
bool high_water_end(struct high_water *mark, struct text *reason) MUST_CHECK;

/*
 * The database of SHARE is refused until an operator acts: keep LATCH (see trust.h) over restarts,
 * with a bound of BOUND at least. A LATCH of 0 ends that. False as above; then a later save has it.
 */
bool high_water_set_latch(struct high_water *mark, const struct store_share *share, uint64_t latch,
			  uint64_t bound, struct text *reason) MUST_CHECK;

/* Keep IDENTITY as that of the database, over restarts too. False as above. */
bool high_water_set_identity(struct high_water *mark, const char *identity,
			     struct text *reason) MUST_CHECK;

/*
 * Copy the known identity of the database to IDENTITY, which has RANDOM_ID_SIZE bytes. "": none is
 * known.
 */
void high_water_identity(struct high_water *mark, char *identity);

/*
 * Forget the bases above BASE in its class, which this process reserved and did not issue. Call it only
 * at a clean end, then high_water_end(). Only after that the counter may be set back to BASE.
 */
void high_water_give_back(struct high_water *mark, uint64_t base);

#endif
