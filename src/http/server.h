/*
 * server -- one loop's HTTP server: reads requests, finds who answers them.
 *
 * Loop thread, or before the loop runs.
 */
#ifndef TICKR_HTTP_SERVER_H
#define TICKR_HTTP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "base/log.h"
#include "http/response.h"
#include "loop/descriptors.h"
#include "metrics/metrics.h"
#include "ticket/database.h"
#include "ticket/json.h"

struct http_settings {
	uint32_t max_batch;
	enum batch_format batch_format;
	const char *password; /* "": none is asked for */
	uint64_t deadline_ms; /* for a request to begin, for it to be complete, for its reply */
	struct connection_limit *connections; /* shared; outlives the servers */

	/* What is known of each database, without asking any; STATES has room for MOST_DATABASES. */
	size_t (*databases)(void *arg, struct database_state *states);
	/* How many tickets are held, and how long they last; NULL: none is reserved ahead. */
	uint64_t (*reserved)(void *arg, uint64_t *lasts_ms);
	void (*drained)(void *arg); /* what http_server_drain() promised */
	void *arg;
	struct log_limit *error_lines; /* of all servers of the process */
	bool leaves_queue; /* a drain leaves connections that wait to be accepted to the next server */
};

struct connections;

/* Handlers and reply.c look inside; nobody else does. */
struct http_server {
	struct http_settings settings;
	struct event_base *base;
	struct evhttp *http;
	struct allocator *allocator;
	struct connections *connections;
	struct response_date date;

	struct evhttp_bound_socket **listeners;
	size_t listener_count;
	uint64_t accept_failures[ACCEPT_FAILURES]; /* as this server saw them last */
	bool is_full; /* it has stopped accepting: too many connections are open */
	struct event *tick;
	struct event *drain_step;
	bool is_draining;
};

/* Serve what comes in on the COUNT listening descriptors FDS, which the server takes. */
struct http_server *http_server_new(struct event_base *base, const struct http_settings *settings,
				    struct allocator *allocator, const int *fds,
				    size_t count) MUST_CHECK;

/* A drain will follow: be ready no more, and end each connection after its reply. Listen on. */
void http_server_announce_drain(struct http_server *server);

/*
 * Stop listening, answer what is in flight, close each connection after its reply, and
 * those that stay quiet. Then settings.drained is called, once.
 */
void http_server_drain(struct http_server *server);

/* No request may be in flight. */
void http_server_free(struct http_server *server);

#endif
