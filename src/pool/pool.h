/*
 * pool -- the sessions of one database, each in a thread of its own.
 *
 * The pool is a source. Any thread submits reservations, and any thread may call their answer functions.
 * A reservation is its owner's again when the owner calls reservation_return().
 * A free session takes a reservation immediately. While all sessions are busy, reservations gather.
 * Then the next free session takes all of them as one statement. A thread without a session tries to
 * open one, and backs off. So waiting reservations are served as soon as the database is up again.
 *
 * A store of named sequences makes it a pool of them (store.h). Its reservations name their sequences, and each
 * statement moves all sequences of its reservations. Their answers have the space of the node with the starting
 * offset 1.
 *
 * One more thread maintains the table: it reads the newest base of the database several times a second,
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
	struct pool_policies policies; /* of named sequences only */
};

/* The knowledge of the pool about its database at one moment. */
struct pool_view {
	struct health_view health; /* as known at most 1 s ago */
	bool is_disconnected;	   /* no session is open, and none will open */
};

struct pool;

struct pool *pool_new(const struct pool_settings *settings) MUST_CHECK;

/* Start the threads. Return false, with errno, if the system cannot create one. */
bool pool_start(struct pool *pool) MUST_CHECK;

/* Wait until the database is known to be up or down, or for MS. */
void pool_wait_known(struct pool *pool, uint64_t ms);

/* Return the pool as a source. Its threads answer, and the caller of pool_close() does. */
struct source pool_source(struct pool *pool);

/* Fill VIEW with knowledge that is at most 1 s old. This asks no database. */
void pool_view(struct pool *pool, struct pool_view *view);

/*
 * Drain the pool, or resume it. While it is drained, each session ends its statement and is closed, and
 * none is opened. No thread may submit a reservation meanwhile.
 */
void pool_set_drained(struct pool *pool, bool is_drained);

/* Return the arithmetic of the database. It lives as long as the pool. */
const struct ticket_space *pool_space(const struct pool *pool);

/* Order the threads to end, and answer the reservations that no session has taken. */
void pool_close(struct pool *pool);

/*
 * Close the pool, and wait for the threads. Return false if one has not ended by DEADLINE_MS of
 * clock_ms(), or hangs while it opens a session. Then the pool must not be freed.
 */
bool pool_stop(struct pool *pool, uint64_t deadline_ms) MUST_CHECK;

/*
 * Set the counter back to before BASES, which were reserved and not issued. Call it after pool_stop().
 * It succeeds only if the counter still stands at their end, and no other server can have seen it.
 * Otherwise return false: the bases are a gap.
 */
bool pool_give_back(struct pool *pool, const struct ticket_range *bases) MUST_CHECK;
void pool_free(struct pool *pool);

#endif
