/*
 * exchange -- one request and the answer it is owed. Loop thread.
 *
 * It is made when a request is complete, and freed when the request is answered (reply.h).
 */
#ifndef TICKR_HTTP_EXCHANGE_H
#define TICKR_HTTP_EXCHANGE_H

#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "base/attributes.h"
#include "events/ring.h"
#include "front/front.h"
#include "front/stores.h"
#include "http/route.h"
#include "ticket/json.h"

#define REQUEST_ID_SIZE 65 /* the longest that is echoed, and a NUL */

struct connection;
struct http_server;

struct exchange {
	struct http_server *server;
	struct evhttp_request *http;
	struct connection *connection;
	const struct route *route; /* NULL: none */
	uint64_t began_us;
	bool closes; /* the connection ends with the reply */
	char request_id
		[REQUEST_ID_SIZE]; /* X-Request-Id; "": it is missing, or must not be echoed */

	/* For handlers that ask an allocator. Here, so that a request costs one allocation of memory. */
	union {
		struct ticket_request request; /* tickets */
		struct front_create create;    /* ids of a named sequence */
		struct front_look look;	       /* rows of named sequences */
	};
	uint64_t decoded; /* the id of a request that takes it apart */
	enum batch_format format;
	const struct front_store *store; /* of a request for named sequences */

	struct front_issued issued;
	struct event_wait kept; /* of an answer that waits for its record */
	bool is_recorded;
	const char *words; /* why it failed; NULL: it did not */
};

/* Return the exchange of HTTP, which is complete. A reply frees it. */
struct exchange *exchange_new(struct http_server *server, struct evhttp_request *http) MUST_CHECK;

/*
 * Return the path of the request; NULL: its target has none. libevent parses `//x/path` and `word:path` as
 * if they named a host. Proxies that route by path do not, so such targets have no path here.
 */
const char *exchange_path(const struct exchange *exchange) MUST_CHECK;

/* Return the value of a header of the request; NULL: none. */
const char *exchange_header(const struct exchange *exchange, const char *name) MUST_CHECK;

/* Return the query part of the request's target, not decoded; NULL: none. */
const char *exchange_query(const struct exchange *exchange) MUST_CHECK;

/* Return the context of the server's settings, which its handlers work on. */
void *exchange_context(const struct exchange *exchange) MUST_CHECK;

#endif
