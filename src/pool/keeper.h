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
#include "pool/queue.h"
#include "pool/trust.h"
#include "store/store.h"

struct keeper {
	const struct store *store;
	const struct store_settings *database;
	struct queue *queue;
	struct health *health;
	struct trust *trust;
	struct high_water *high_water;
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
};

/* Open the session if there is none; on failure sleep a while. Whether there is one now. */
bool keeper_open(struct keeper *keeper) MUST_CHECK;

/* Who has no session is not at work: others take what is in the queue meanwhile. */
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

/*
 * STORE_OK where the database's counter is trusted and the state file kept; else why tickets are
 * refused: STORE_REFUSED, or STORE_LOST where one of several masters is not trusted, which is as good
 * as lost, and the others may be asked.
 */
enum store_result keeper_may_reserve(struct keeper *keeper, struct text *reason) MUST_CHECK;

/* Reserve COUNT bases that were never given before; see reserve() of the store. */
enum store_result keeper_reserve(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
				 struct text *reason) MUST_CHECK;

/*
 * Ask for the newest base. After a failed reservation reading proves nothing: then a reservation
 * of one, which becomes a gap, must first show that tickets can be had again.
 */
enum store_result keeper_newest(struct keeper *keeper, uint64_t *newest,
				struct text *reason) MUST_CHECK;

/* The same, and note what that says of the database. False: the session may have been closed. */
bool keeper_ask(struct keeper *keeper, uint64_t *newest);

/* Sleep between half of MS and MS, so that threads do not move in step. False at the end. */
bool keeper_pause(struct keeper *keeper, uint64_t ms);

#endif
