/*
 * keeper -- keeps one session open: opens it, closes it, and backs off after failures.
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
 * The pool calls NOTE after each check of the counter, in a pool thread, with no lock held. IS_TRUSTED
 * says whether the database of SPACE is trusted. Held bases of a refused database must not be issued.
 */
struct pool_listener {
	void (*note)(void *arg, const struct ticket_space *space, bool is_trusted);
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
	/*
	 * Called when a session begins to open, and when it has opened. A stop does not wait for it
	 * meanwhile.
	 */
	void (*note_opening)(void *arg, bool is_opening);
	void *arg;
	bool is_counted;   /* it is among the sessions that serve tickets */
	bool was_open;	   /* the session was lost: to open it again is a reconnect */
	uint64_t pause_ms; /* the pause after the next failure to open */
	unsigned seed;
	struct queue_taker taker;

	struct store_session *session; /* NULL: none */
	uint64_t generation;	       /* of the queue, when the session was opened */
	struct trust_mark mark;	       /* the knowledge from before the last statement */
	struct store_share share;      /* of the master that the session is at */
	uint64_t opened_ms;
	uint64_t
		seen_ms; /* when the last statement of this session began that showed the counter; 0: none has */
	bool was_stale; /* this session has read a lower base than it had reserved */
	bool is_stuck;	/* the counter could not be moved, and the log says so */

	/* When the present reservation began, plus time for its many bases. 0: none is out. */
	_Atomic uint64_t busy_since_ms;
};

/* Open the session if there is none. If that fails, back off. Return true if there is one now. */
bool keeper_open(struct keeper *keeper) MUST_CHECK;

/* Close the session. The other sessions serve the queue until this one is open again. */
void keeper_close(struct keeper *keeper);

/*
 * Close a session that has been at one of several masters for a while. The next session may reach
 * another master. So a master that returns is used again, and each master is pruned.
 */
void keeper_move_on(struct keeper *keeper);

/* While the pool is drained, close the session and wait. Return false if the queue stops. */
bool keeper_wait_for_resume(struct keeper *keeper) MUST_CHECK;

/* Close the session and release the keeper's memory. */
void keeper_end(struct keeper *keeper);

/*
 * Sleep between half of MS and MS, so that threads do not move in step. Return false if the queue
 * stops.
 */
bool keeper_pause(struct keeper *keeper, uint64_t ms);

#endif
