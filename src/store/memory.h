/*
 * memory -- a store without a database: the example for other stores, and the double of one in tests.
 *
 * A script says how the store behaves: how long statements take and which of them fail. All sessions share
 * it. Any thread may change it between memory_script_lock() and memory_script_unlock().
 *
 * The script is OWN of the settings. A test sets its own one. parse() makes one for each database, which counts
 * and fails nothing. The program tickrd-memory serves from these. It is built for benchmarks and tests only,
 * because a restart issues every ticket again.
 *
 * Three database names change the script that parse() makes. MEMORY_BROKEN_NAME breaks the first law of store.h on
 * purpose, so that a test can show which check notices. With MEMORY_SLOW_NAME each reservation takes
 * MEMORY_SLOW_US, so that requests wait. With MEMORY_LEAPING_NAME named sequences move further than their clock.
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
	uint64_t newest;    /* base; 1 at the start */
	uint64_t increment; /* 1; or more, as with auto_increment_increment */

	const char *identity; /* "": none */
	uint64_t advances;    /* set by note_advance() */
	uint64_t stale;	      /* newest() returns this, as a replica that lags would; 0: no */

	unsigned reserve_us;   /* how long a reservation takes */
	uint32_t most_at_once; /* the most bases in a reservation; 0: any number */
	unsigned fail_every;   /* of so many reservations one fails; 0: none */
	enum store_result failure;
	bool loses_after;    /* a reservation moves the counter before it fails */
	const char *warning; /* for warn(); NULL: none */
	bool hangs; /* calls do not return while this is true; reserve() has moved the counter then */
	enum store_result open_result;

	/* Of so many reservations one returns the first bases again, which the pool must notice; 0: none. */
	unsigned repeat_every;

	struct memory_sequences sequences; /* named ones, and what fails with them */

	bool is_own; /* made by parse(), with the server */
	struct server server;

	/* The calls so far. */
	unsigned claims; /* not released yet */
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
