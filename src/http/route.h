/*
 * route -- which handler answers which path. Pure; any thread.
 */
#ifndef TICKR_HTTP_ROUTE_H
#define TICKR_HTTP_ROUTE_H

#include <event2/http.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "metrics/metrics.h"

struct exchange;

struct route {
	const char *path; /* one that ends in "/" takes what follows it as its argument */
	enum metric_route metric;
	unsigned methods;  /* of enum evhttp_cmd_type */
	const char *allow; /* the same for the Allow header */
	bool is_open;	   /* needs no password */
	void (*handle)(struct exchange *exchange, const char *argument);
};

/*
 * The route of PATH, NULL when there is none. *ARGUMENT points into PATH, behind the route's;
 * "" for a route that takes none.
 */
const struct route *route_find(const char *path, const char **argument) MUST_CHECK;

#endif
