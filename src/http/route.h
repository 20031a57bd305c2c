/*
 * route -- finds the route of a path in a table. Pure; any thread.
 *
 * A word in capitals in a route's path is a parameter: "/tickets/create/N", "/databases/NODE/drain". It
 * matches any bytes, also none, and slashes too, so that its handler can answer with the allowed values.
 * All other bytes of the path must be equal. If several routes match, the first of the table is used.
 */
#ifndef TICKR_HTTP_ROUTE_H
#define TICKR_HTTP_ROUTE_H

#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"
#include "metrics/metrics.h"

#define ROUTE_MOST_PARAMETERS 2

struct exchange;

/* The users of a route, from all to few. */
enum route_access {
	ROUTE_ANYBODY, /* anybody */
	ROUTE_CLIENT,  /* clients with the password, if one is set */
	ROUTE_OPERATOR /* root and the server's user, over a Unix socket, without a password */
};

/* The bytes of a path that match a parameter, as sent: nothing is decoded. No NUL ends them. */
struct route_argument {
	const char *start;
	size_t len;
};

struct route {
	const char *path;
	unsigned methods; /* of enum evhttp_cmd_type */
	enum route_access access;
	/* Takes EXCHANGE, and answers it once through reply.h, now or later. ARGUMENTS are gone after the call. */
	void (*handle)(struct exchange *exchange, const struct route_argument *arguments);
	enum metric_route metric; /* ROUTE_OTHER: its requests have no label of their own */
};

struct route_table {
	const struct route *routes;
	size_t count;
};

/* Return the route of PATH with its ARGUMENTS, ROUTE_MOST_PARAMETERS of them; NULL: there is none. */
const struct route *route_find(const struct route_table *table, const char *path,
			       struct route_argument *arguments) MUST_CHECK;

/* Return the access that the strictest route of TABLE asks for. */
enum route_access route_strictest(const struct route_table *table) MUST_CHECK;

/* Whether ROUTE answers with new ids, so that its requests are events. */
bool route_issues_ids(const struct route *route) MUST_CHECK;

/* Add the methods of ROUTE, as the header Allow lists them: "GET, HEAD". */
void route_add_methods(const struct route *route, struct text *text);

/* Add the paths of TABLE: "/livez, /tickets/create/N or POST /x". A single method is named. */
void route_add_paths(const struct route_table *table, struct text *text);

#endif
