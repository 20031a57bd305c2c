/*
 * server -- the HTTP server of one loop: it reads requests, and calls the handlers of its routes.
 *
 * Loop thread, or before the loop runs. Clients and the operator have servers of their own, with the same
 * checks: the differences are the routes and the settings.
 */
#ifndef TICKR_HTTP_SERVER_H
#define TICKR_HTTP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/log.h"
#include "http/response.h"
#include "http/route.h"
#include "loop/descriptors.h"
#include "metrics/metrics.h"

struct http_settings {
	const char *password; /* for ROUTE_CLIENT; "": none */
	uint64_t deadline_ms; /* for a request to begin, to be complete, and for its reply */
	void *context;	      /* for the handlers; see exchange_context() */

	bool is_counted; /* requests and connections are in the metrics of clients */
	bool ends_lines; /* each body ends in a newline, for a person at a terminal */
	struct connection_limit *connections; /* of all servers that share it; NULL: no limit */
	struct log_limit *error_lines;	      /* of all servers of the process */
	struct event_recorder *recorder;      /* of the loop's events; NULL: none are recorded */

	void (*drained)(void *arg); /* see http_server_drain() */
	void *arg;
	bool leaves_queue; /* a drain leaves connections that wait to be accepted to the next server */
};

struct connections;
struct event_recorder;

/* Only server.c, exchange.c and reply.c use the fields. */
struct http_server {
	struct http_settings settings;
	const struct route_table *table;
	enum route_access strictest; /* of the table: asked for by a path that no route has */
	struct event_base *base;
	struct evhttp *http;
	struct connections *connections;
	struct response_date date;

	struct evhttp_bound_socket **listeners;
	size_t listener_count;
	uint64_t accept_failures[ACCEPT_FAILURES]; /* as this server last saw them */
	bool is_full; /* the limit of connections is reached: it does not accept */
	struct event *tick;
	struct event *drain_step;
	bool is_draining;
};

/*
 * Serve the routes of TABLE, which outlives the server, on the COUNT listening descriptors FDS, which the
 * server takes. SETTINGS is copied; all that it points to outlives the server.
 */
struct http_server *http_server_new(struct event_base *base, const struct http_settings *settings,
				    const struct route_table *table, const int *fds,
				    size_t count) MUST_CHECK;

/* A drain will follow. The server is no longer ready, and ends each connection after its reply. */
void http_server_announce_drain(struct http_server *server);

/*
 * Stop listening, and answer the requests in flight. Close each connection after its reply, or when all
 * have been quiet for a while. Then settings.drained is called, once.
 */
void http_server_drain(struct http_server *server);

/* Return whether a drain was announced or has begun. */
bool http_server_is_draining(const struct http_server *server);

/* No request may be in flight. */
void http_server_free(struct http_server *server);

#endif
