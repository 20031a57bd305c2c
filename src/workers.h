/*
 * workers -- all workers of the server: makes them, and speaks to them as one. Main thread.
 */
#ifndef TICKR_WORKERS_H
#define TICKR_WORKERS_H

#include "listeners.h"
#include "worker.h"

struct workers {
	struct worker **all;
	size_t count;
	size_t started;	  /* whose threads run */
	size_t drained;	  /* that have answered all requests */
	size_t pings_out; /* that have not answered the last ping */
	void (*on_drained)(void *arg);
	void (*on_pong)(void *arg);
	void *arg;
};

/*
 * Make a worker for each loop of LISTENERS, whose descriptors they take. Each has SETTINGS, whose drained
 * and pong run once for all of them: after the last worker has drained or answered.
 */
void workers_make(struct workers *workers, struct worker_settings settings,
		  struct listeners *listeners);

/* Start the threads. Return false, with errno, if the system cannot create one. */
bool workers_start(struct workers *workers) MUST_CHECK;

/* Let readiness fail, because a drain follows. Call it once. */
void workers_announce_drain(struct workers *workers);

/* Answer the requests in flight, and accept no others. Call it once, after workers_announce_drain(). */
void workers_drain(struct workers *workers);

/* Ping each loop, unless one has not answered the last ping. */
void workers_ping(struct workers *workers);

/* Wait until all threads end, after they have drained. */
void workers_join(struct workers *workers);

/* Free all workers, after workers_join() or without workers_start(), and after the dispatchers have stopped. */
void workers_free(struct workers *workers);

#endif
