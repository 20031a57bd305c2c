#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "http/route.h"

static const struct {
	unsigned method;
	const char *name;
} method_names[] = {
	{EVHTTP_REQ_GET, "GET"},
	{EVHTTP_REQ_HEAD, "HEAD"},
	{EVHTTP_REQ_POST, "POST"},
};

static bool
route_is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/*
 * Return where the argument ends that begins at PATH; NULL: it does not. REST follows the parameter in the
 * route's path. If REST has no other parameter, PATH must end in it.
 */
static const char *
route_end_of_argument(const char *path, const char *rest)
{
	size_t rest_len = 0, len = strlen(path);

	while (rest[rest_len] != '\0' && !route_is_capital(rest[rest_len]))
		rest_len++;
	if (rest[rest_len] != '\0')
		return memmem(path, len, rest, rest_len);
	return len >= rest_len && memcmp(path + len - rest_len, rest, rest_len) == 0
		       ? path + len - rest_len
		       : NULL;
}

static bool
route_matches(const char *pattern, const char *path, struct route_argument *arguments)
{
	for (size_t i = 0;; i++) {
		const char *end;

		while (*pattern != '\0' && !route_is_capital(*pattern))
			if (*pattern++ != *path++)
				return false;
		if (*pattern == '\0')
			return *path == '\0';
		while (route_is_capital(*pattern))
			pattern++;
		end = route_end_of_argument(path, pattern);
		if (end == NULL)
			return false;
		assert(i < ROUTE_MOST_PARAMETERS); /* a table with more is our mistake */
		arguments[i] = (struct route_argument){path, (size_t)(end - path)};
		path = end;
	}
}

const struct route *
route_find(const struct route_table *table, const char *path, struct route_argument *arguments)
{
	for (size_t i = 0; i < table->count; i++)
		if (route_matches(table->routes[i].path, path, arguments))
			return &table->routes[i];
	return NULL;
}

enum route_access
route_strictest(const struct route_table *table)
{
	enum route_access strictest = ROUTE_ANYBODY;

	for (size_t i = 0; i < table->count; i++)
		if (table->routes[i].access > strictest)
			strictest = table->routes[i].access;
	return strictest;
}

bool
route_issues_ids(const struct route *route)
{
	return route->metric == ROUTE_CREATE || route->metric == ROUTE_CREATE_MANY ||
	       route->metric == ROUTE_SEQUENCE_CREATE ||
	       route->metric == ROUTE_SEQUENCE_CREATE_MANY;
}

void
route_add_methods(const struct route *route, struct text *text)
{
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_LENGTH(method_names); i++)
		if ((route->methods & method_names[i].method) != 0) {
			text_addf(text, "%s%s", separator, method_names[i].name);
			separator = ", ";
		}
}

void
route_add_paths(const struct route_table *table, struct text *text)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct route *route = &table->routes[i];

		if (i > 0)
			text_add(text, i + 1 == table->count ? " or " : ", ");
		if ((route->methods & (route->methods - 1)) == 0) {
			route_add_methods(route, text);
			text_add(text, " ");
		}
		text_add(text, route->path);
	}
}
