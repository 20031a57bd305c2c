/*
 * worker -- one loop thread and everything it owns: event base, mailbox, allocator, HTTP server.
 *
 * Made and freed by the main thread; while its thread runs only worker_announce_drain(),
 * worker_drain() and worker_ping() may be called, from the main thread.
 */
#ifndef TICKR_WORKER_H
#define TICKR_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "allocator/allocator.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "loop/descriptors.h"
#include "loop/mailbox.h"

struct worker;

struct worker_settings {
	const struct config *config;
	struct dispatch *dispatch;
	struct segment *segment; /* NULL: nothing is reserved ahead */
	struct source source;	 /* of reservations */
	struct waiting_limit *limit;
	struct connection_limit *connections;
	struct log_limit *error_lines;
	bool leaves_queue;	 /* see http_settings */
	struct mailbox *control; /* the main thread's, for what follows */
	/* Run in the main thread: this worker has nothing left to do; its loop is alive. */
	void (*drained)(void *arg);
	void (*pong)(void *arg);
	void *arg;
};

/* Takes the COUNT listening descriptors FDS. */
struct worker *worker_new(const struct worker_settings *settings, const int *fds,
			  size_t count) MUST_CHECK;

/* False, with errno, when the system gives no thread. */
bool worker_start(struct worker *worker) MUST_CHECK;

void worker_announce_drain(struct worker *worker); /* once: a drain will come, not ready any more */
void worker_drain(struct worker *worker);	   /* once, after that */
void worker_ping(struct worker *worker);	   /* the last ping must have come back */

/* Wait for the thread, after drained was called. */
void worker_join(struct worker *worker);

/* After worker_join(), or without worker_start(), and after the dispatcher has stopped. */
void worker_free(struct worker *worker);

#endif
