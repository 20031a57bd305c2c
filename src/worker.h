/*
 * worker -- one loop thread and everything it owns: event base, mailbox, allocator, the servers of HTTP and gRPC.
 *
 * The main thread makes and frees it. While the worker's thread runs, the main thread may only call
 * worker_announce_drain(), worker_drain() and worker_ping().
 */
#ifndef TICKR_WORKER_H
#define TICKR_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "allocator/allocator.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "events.h"
#include "grpc/tls.h"
#include "loop/descriptors.h"
#include "loop/mailbox.h"
#include "named.h"
#include "snowflakes.h"
#include "stores.h"

struct worker;

struct worker_settings {
	const struct config *config;
	struct dispatch *dispatch; /* NULL: the server's own ids are Snowflake ids */
	struct snowflakes
		*snowflakes; /* the server's own ids, or those of stores; NULL: there are none */
	struct segment *segment; /* NULL: nothing is reserved ahead */
	struct source source;	 /* of reservations for tickets */
	struct named *named;	 /* of store tickr; it may have no sequences */
	struct stores *stores;	 /* of TICKR_SEQUENCERS_FILE */
	struct waiting_limit *limit;
	struct connection_limit *connections;
	struct log_limit *error_lines;
	struct events *events;	    /* NULL: none are recorded */
	bool leaves_queue;	    /* see struct http_settings */
	struct mailbox *control;    /* of the main thread, which runs the functions below */
	void (*drained)(void *arg); /* called when this worker has answered all requests */
	void (*pong)(void *arg);    /* called when this worker's loop has answered a ping */
	struct grpc_tls *tls;	    /* for gRPC; NULL: none */
	void *arg;
};

/* The listening descriptors of a worker. */
struct worker_sockets {
	const int *http, *grpc;
	size_t http_count, grpc_count;
};

/* Return a worker that takes SOCKETS. */
struct worker *worker_new(const struct worker_settings *settings,
			  const struct worker_sockets *sockets) MUST_CHECK;

/* Start the thread. Return false, with errno, if the system cannot create one. */
bool worker_start(struct worker *worker) MUST_CHECK;

/* Let readiness fail, because a drain follows. Call it once. */
void worker_announce_drain(struct worker *worker);

/* Answer the requests in flight, and accept no others. Call it once, after worker_announce_drain(). */
void worker_drain(struct worker *worker);

/* Let the loop answer with settings.pong. Call it only after the last ping was answered. */
void worker_ping(struct worker *worker);

/* Wait until the thread ends, after settings.drained was called. */
void worker_join(struct worker *worker);

/* Free WORKER after worker_join(), or without worker_start(), and after the dispatcher has stopped. */
void worker_free(struct worker *worker);

#endif
