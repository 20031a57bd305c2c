/*
 * memory -- a store without a database: the specification of the seam, and the test double.
 *
 * A script, shared by all sessions and guarded by its own mutex, says how it behaves:
 * how long statements take and which of them fail. Any thread may change it between
 * memory_script_lock() and memory_script_unlock().
 *
 * The script is OWN of the settings. parse() makes one for each database: it counts, and fails nothing.
 * The program tickrd-memory serves from it. That program is built for measurements and tests only, since a
 * restart issues every ticket again. With the database name MEMORY_BROKEN_NAME the store breaks the law of
 * store.h on purpose, so that tests can show which check notices. With MEMORY_SLOW_NAME each reservation
 * takes MEMORY_SLOW_US, so that requests wait. With MEMORY_LEAPING_NAME named sequences move further than their
 * clock.
 */
#ifndef TICKR_STORE_MEMORY_H
#define TICKR_STORE_MEMORY_H

#include <pthread.h>

#include "store/drivers.h"
#include "store/memory_sequences.h"
#include "store/server.h"

#define MEMORY_BROKEN_NAME  "broken"
#define MEMORY_BROKEN_EVERY 100
#define MEMORY_LEAPING_NAME "leaping"
#define MEMORY_SLOW_NAME    "slow"
#define MEMORY_SLOW_US	    30000

struct memory_script {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t newest;    /* base; a fresh one has 1 */
	uint64_t increment; /* 1, or as a database with auto_increment_increment */

	const char *identity; /* "": none */
	uint64_t advances;    /* as note_advance() left it */
	uint64_t stale;	      /* newest() tells this, as a replica that lags; 0: the truth */

	unsigned reserve_us;   /* how long a reservation takes */
	uint32_t most_at_once; /* bases of a reservation; 0: any number */
	unsigned fail_every;   /* each so-manyth reservation fails; 0: none */
	enum store_result failure;
	bool loses_after;    /* a failing reservation has moved the counter all the same */
	const char *warning; /* as warn() gives it; NULL: none */
	bool hangs; /* nothing is answered until this is false again; a reservation has begun */
	enum store_result open_result; /* STORE_OK, or how opening fails */

	/*
	 * Each so-manyth reservation is given the first bases once more: the one thing a store must never
	 * do, and the pool notices. 0: none.
	 */
	unsigned repeat_every;

	struct memory_sequences sequences; /* named ones, and what fails with them */

	bool is_own; /* parse() made it, which sets the server too */
	struct server server;

	/* What it has seen. */
	unsigned claims; /* those not yet released */
	uint64_t reservations;
	uint64_t looks; /* calls of newest() */
	uint64_t opened;
	uint64_t closed;
};

void memory_script_init(struct memory_script *script);
void memory_script_destroy(struct memory_script *script);
void memory_script_lock(struct memory_script *script);
void memory_script_unlock(struct memory_script *script);

#endif
