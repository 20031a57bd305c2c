/*
 * pool -- the sessions of one database, a thread each.
 *
 * Reservations go in from any thread and come back through their answer function,
 * which runs in a pool thread. While a session is free a reservation is taken at
 * once; while all are busy they gather, and the next free session takes all of them
 * as one statement. A thread without a session keeps trying to open one, with
 * back-off, so that what waits is served as soon as the database is back.
 *
 * A store of named sequences makes it a pool of them (store.h). Its reservations name their sequences, and each
 * statement moves all that were asked. Their answers have the space of the node with the starting offset 1.
 *
 * One thread more looks after the table: it asks the database several times a
 * second whether it is well, and prunes old rows.
 */
#ifndef TICKR_POOL_POOL_H
#define TICKR_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/health.h"
#include "pool/keeper.h"
#include "state/state_file.h"
#include "store/store.h"
#include "ticket/reservation.h"

struct pool_settings {
	const struct store *store;
	struct store_settings database;
	struct state_file *state; /* outlives the pool; NULL: nothing is remembered */
	unsigned sessions;
	unsigned number;  /* of the database, for metrics */
	const char *name; /* of the database, for the log; outlives the pool */
	struct pool_listener listener;
	struct pool_policies policies; /* of named sequences only */
};

/* What is known of the database, at one moment. */
struct pool_look {
	struct health_look health; /* as known at most 1 s ago */
	bool is_at_rest;	   /* no session is open, and none will be */
};

struct pool;

struct pool *pool_new(const struct pool_settings *settings) MUST_CHECK;

/* Start the threads; false, with errno, when the system gives none. */
bool pool_start(struct pool *pool) MUST_CHECK;

/* Wait until the database is known to be up or down, or for MS. */
void pool_wait_looked(struct pool *pool, uint64_t ms);

/*
 * Takes RESERVATION until its answer. False when it was wanted back before: then it stays the
 * caller's, and there is no answer.
 */
bool pool_submit(struct pool *pool, struct reservation *reservation) MUST_CHECK;

/*
 * Take RESERVATION back. False when a session has begun with it: then its answer will
 * come; and when it was not submitted yet. On true the reservation's reason says why no session
 * was free.
 */
bool pool_withdraw(struct pool *pool, struct reservation *reservation) MUST_CHECK;

/* Why there is no answer, for people. */
void pool_explain(struct pool *pool, struct text *reason);

/* What is known; never asks the database, and knows it from at most 1 s ago. */
void pool_look(struct pool *pool, struct pool_look *look);

/*
 * Begin or end a rest: the sessions end what they are at, are closed, and none is opened until the
 * rest is over. Nothing may be in the queue meanwhile.
 */
void pool_set_resting(struct pool *pool, bool is_resting);

/* The arithmetic of the database; lives as long as the pool. */
const struct ticket_space *pool_space(const struct pool *pool);

/* Ask the threads to end, and answer what no session has begun with. */
void pool_close(struct pool *pool);

/*
 * Do so, and wait for the threads. False if some have not ended by DEADLINE_MS of clock_ms(), or hang
 * while they open a session, which is not waited for: then the pool must not be freed.
 */
bool pool_stop(struct pool *pool, uint64_t deadline_ms) MUST_CHECK;

/*
 * After that: set the counter back in front of BASES, which it gave and nobody got, where nobody
 * else can have seen it and it still stands at their end. False: they are a gap.
 */
bool pool_give_back(struct pool *pool, const struct ticket_range *bases) MUST_CHECK;
void pool_free(struct pool *pool);

#endif
