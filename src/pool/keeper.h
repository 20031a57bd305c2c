/*
 * keeper -- keeps one session open: opens it, closes it, and waits longer after each failure.
 *
 * Belongs to one pool thread.
 */
#ifndef TICKR_POOL_KEEPER_H
#define TICKR_POOL_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/health.h"
#include "pool/high_water.h"
#include "pool/instance.h"
#include "pool/queue.h"
#include "pool/trust.h"
#include "store/store.h"

/*
 * Told after each look at the counter, in a pool thread, with no lock held: whether the database of
 * SPACE is trusted. What is held of one that is refused must not be issued.
 */
struct pool_listener {
	void (*told)(void *arg, const struct ticket_space *space, bool is_trusted);
	void *arg;
};

/*
 * Policies of named sequences. A pool thread calls CHANGED, with no lock held. A reservation relied on revision SEEN
 * of SEQUENCE, and the row has another one, with POLICY. False, with REASON: the sequence may not be used. NULL: any
 * may.
 */
struct pool_policies {
	bool (*changed)(void *arg, struct sequence *sequence, uint32_t seen,
			const struct sequence_policy *policy, struct text *reason);
	void *arg;
};

struct group;

struct keeper {
	const struct store *store;
	const struct store_settings *database;
	struct queue *queue;
	struct health *health;
	struct trust *trust;
	struct high_water *high_water;
	struct instance *instance;	      /* of named sequences; NULL: the pool is of tickets */
	const struct pool_policies *policies; /* of named sequences */
	struct group *group;		  /* of named sequences: what this thread works on; owned */
	const struct ticket_space *space; /* of the answers */
	const struct pool_listener *listener; /* NULL: none */
	/* A session is being opened, or is opened: a stop does not wait for that. */
	void (*note_opening)(void *arg, bool is_opening);
	void *arg;
	bool is_counted;   /* among the sessions that serve tickets */
	bool was_open;	   /* so that opening again is a reconnect */
	uint64_t pause_ms; /* after the next failure to open */
	unsigned seed;
	struct queue_taker taker;

	struct store_session *session; /* NULL: none */
	uint64_t generation;	       /* of the queue, when the session was opened */
	struct trust_mark mark;	       /* what was known before the last statement */
	struct store_share share;      /* of the database behind the session */
	uint64_t opened_ms;
	uint64_t
		seen_ms; /* when this session's last statement began that showed the counter; or 0 */
	bool was_stale;	 /* this session has read less than it had written */
	bool is_stuck;	 /* the counter could not be moved, and the log says so */

	/*
	 * When its present reservation began, and the time that so many bases may take; 0: none is
	 * out.
	 */
	_Atomic uint64_t busy_since_ms;
};

/* Open the session if there is none; on failure sleep a while. Whether there is one now. */
bool keeper_open(struct keeper *keeper) MUST_CHECK;

/* Close the session. The other sessions serve the queue until this one is open again. */
void keeper_close(struct keeper *keeper);

/*
 * Close a session that has been open for a while, where one of several masters is behind it: the next
 * one may be at another, so that who comes back is used again, and none is left to itself.
 */
void keeper_move_on(struct keeper *keeper);

/* While the pool rests: close the session, and come back when it rests no more. False at the end. */
bool keeper_rest(struct keeper *keeper) MUST_CHECK;

/* Close the session and give back what else the keeper holds. */
void keeper_end(struct keeper *keeper);

/* Sleep between half of MS and MS, so that threads do not move in step. False at the end. */
bool keeper_pause(struct keeper *keeper, uint64_t ms);

#endif
