/*
 * pool -- the sessions of one database, a thread each.
 *
 * The pool is a source: reservations come from any thread, and their answer functions run in a pool
 * thread. A free session takes a reservation immediately. While all are busy, reservations gather, and
 * the next free session takes all of them as one statement. A thread without a session tries to open
 * one, and backs off, so that waiting reservations are served as soon as the database is back.
 *
 * One more thread maintains the table: it asks the database for its newest base several times a second,
 * and prunes old rows.
 */
#ifndef TICKR_POOL_POOL_H
#define TICKR_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/health.h"
#include "pool/keeper.h"
#include "state/state_file.h"
#include "store/store.h"
#include "ticket/source.h"

struct pool_settings {
	const struct store *store;
	struct store_settings database;
	struct state_file *state; /* outlives the pool; NULL: there is none */
	unsigned sessions;
	unsigned number;  /* of the database, for metrics */
	const char *name; /* of the database, for the log; outlives the pool */
	struct pool_listener listener;
};

/* The state of the database at one moment. */
struct pool_look {
	struct health_look health; /* as known at most 1 s ago */
	bool is_at_rest;	   /* no session is open, and none will be */
};

struct pool;

struct pool *pool_new(const struct pool_settings *settings) MUST_CHECK;

/* Start the threads. False, with errno: the system cannot create one. */
bool pool_start(struct pool *pool) MUST_CHECK;

/* Wait until the database is known to be up or down, or for MS. */
void pool_wait_looked(struct pool *pool, uint64_t ms);

/* The pool as a source. Answers come from its threads. */
struct source pool_source(struct pool *pool);

/* Fill LOOK with the knowledge of at most 1 s ago. The database is not asked. */
void pool_look(struct pool *pool, struct pool_look *look);

/*
 * Begin or end a rest: the sessions end their statements and are closed, and none is opened until the
 * rest is over. No reservation may be submitted meanwhile.
 */
void pool_set_resting(struct pool *pool, bool is_resting);

/* The arithmetic of the database; lives as long as the pool. */
const struct ticket_space *pool_space(const struct pool *pool);

/* Ask the threads to end, and answer the reservations that no session has begun with. */
void pool_close(struct pool *pool);

/*
 * Close the pool, and wait for the threads. False: some have not ended by DEADLINE_MS of clock_ms(), or
 * hang while they open a session. Then the pool must not be freed.
 */
bool pool_stop(struct pool *pool, uint64_t deadline_ms) MUST_CHECK;

/*
 * After that: set the counter back to before BASES, which were reserved and not issued. That is only
 * possible if no other server can have seen the counter, and it still stands at their end. False: they
 * are a gap.
 */
bool pool_give_back(struct pool *pool, const struct ticket_range *bases) MUST_CHECK;
void pool_free(struct pool *pool);

#endif
