/*
 * instance -- the row of this server in a database of named sequences, as the server knows it.
 *
 * Each statement of the server counts in its row, in the same transaction. An older copy of the database shows a
 * smaller count, wherever another server may have carried its clock. So the count tells what the clock cannot:
 *
 *	the row's count			what it means
 *	below the known one		an older copy
 *	the known one, clean end	all is there
 *	above it, within the bound	the last run was killed: its last statements may be missing
 *	above the bound			another server counts in this row, from a copy of the state folder
 *
 * A new instance writes its row, and notes that in the state file, before it reserves anything. So if the file has no
 * count, the instance has issued nothing, and nothing of it can be missing.
 *
 * The bound is in the state file, written ahead (high_water.h). The row also keeps where the clock stood, as the
 * server knew it. A raise is as long as the way from there to the bound of the clock.
 *
 * Any thread; one mutex, under which nothing blocks.
 */
#ifndef TICKR_POOL_INSTANCE_H
#define TICKR_POOL_INSTANCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/random.h"
#include "base/text.h"
#include "pool/high_water.h"
#include "pool/paces.h"
#include "state/record.h"
#include "store/store.h"

enum instance_verdict {
	INSTANCE_GOOD,
	INSTANCE_NEW,	 /* write the row before anything is reserved */
	INSTANCE_UNSURE, /* raise the sequences before anything is reserved */
	INSTANCE_OLDER,	 /* the database is an older copy, or breaks its own law */
	INSTANCE_CLONED, /* take a new id */
};

struct instance {
	struct high_water *high_water;
	pthread_mutex_t mutex;
	/* Under the mutex: */
	char id[RANDOM_ID_SIZE]; /* "": the kernel had no random bits */
	uint64_t count;	    /* the highest that an answer has shown, in this run or the last one */
	uint64_t limit;	    /* no statement of this instance has counted higher */
	unsigned out;	    /* statements under way */
	uint64_t ground;    /* the clock when the row was met */
	uint64_t seen;	    /* the clock in the row, as this run wrote it last */
	uint64_t active_ms; /* when the last statement ended */
	bool is_kept;	    /* the state file has the id */
	bool is_met;	    /* the row is known to be the one of this run */
	bool is_older;	    /* the sequences must be raised, and are not yet */
	struct paces paces;
};

/* LAST is the record of the last run; NULL: nothing is known of it. */
void instance_init(struct instance *instance, struct high_water *high_water,
		   const struct record *last);
void instance_destroy(struct instance *instance);

/*
 * Before a statement: set KNOWN to the id, the highest count and the clock, which is CERTAIN or later. False: the
 * state file cannot have the next count, so the statement must not begin. May block for it.
 */
bool instance_begin(struct instance *instance, uint64_t certain, struct store_instance *known,
		    struct text *reason) MUST_CHECK;

/*
 * After it: the statement of KNOWN and ORDER ended with RESULT. If that is STORE_OK, it left the clock at CLOCK, and
 * FOUND is the row. Unless it is INSTANCE_GOOD, abandon the numbers.
 */
enum instance_verdict instance_end(struct instance *instance, enum store_result result,
				   const struct store_instance *known,
				   const struct store_instance *found,
				   const struct store_order *order, uint64_t clock) MUST_CHECK;

/* The id and the highest count, before the row is read. */
void instance_known(struct instance *instance, struct store_instance *known);

/*
 * ROW was read, perhaps from a replica that lags, with the clock at CLOCK; KNOWN was known before. INSTANCE_GOOD: it
 * is the row of this run.
 */
enum instance_verdict instance_judge(struct instance *instance, const struct store_instance *known,
				     const struct store_instance *row, uint64_t clock) MUST_CHECK;

/* A new instance has written its row. False, with REASON: the state file cannot be written. */
bool instance_note_written(struct instance *instance, struct text *reason) MUST_CHECK;

/* Take a new id instead of that of KNOWN. */
void instance_rename(struct instance *instance, const struct store_instance *known);

/* Before a raise: set ROW to the id and the count. False as for instance_begin(). */
bool instance_begin_raise(struct instance *instance, struct store_instance *row,
			  struct text *reason) MUST_CHECK;

/* After it: the raise ended with RESULT. If that is STORE_OK, it left ROW. */
void instance_end_raise(struct instance *instance, enum store_result result,
			const struct store_instance *row);

/* Whether this run knows its row, so that it may reserve. */
bool instance_is_met(struct instance *instance) MUST_CHECK;

/* Whether the database was found to be an older copy, and has not been raised since. */
bool instance_is_older(struct instance *instance) MUST_CHECK;

/* Whether it is time to write the row: nothing was asked for a second, and the clock rose to CERTAIN since. */
bool instance_is_idle(struct instance *instance, uint64_t certain, uint64_t now_ms) MUST_CHECK;

/* Before the state file is ended: no statement is under way any more. */
void instance_settle(struct instance *instance);

#endif
