/*
 * exchange -- one request and the answer it is owed. Loop thread.
 *
 * Made when a request is complete, freed when it is answered (reply.h).
 */
#ifndef TICKR_HTTP_EXCHANGE_H
#define TICKR_HTTP_EXCHANGE_H

#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>

#include "allocator/allocator.h"
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
	enum batch_format format;
	bool closes; /* the connection is closed after the reply, whatever else the client sends */
	struct ticket_request request;	  /* for handlers that ask the allocator */
	char request_id[REQUEST_ID_SIZE]; /* X-Request-Id, "" where none was given or it is unfit */
};

#endif
