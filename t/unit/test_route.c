#include <criterion/criterion.h>
#include <string.h>

#include "http/handlers.h"
#include "http/route.h"

#define GET	 EVHTTP_REQ_GET
#define GET_POST EVHTTP_REQ_GET | EVHTTP_REQ_POST
#define GET_HEAD EVHTTP_REQ_GET | EVHTTP_REQ_HEAD

typedef void handle_fn(struct exchange *exchange, const struct route_argument *arguments);

static void
assert_argument(const struct route_argument *argument, const char *expected, const char *path)
{
	cr_assert_eq(argument->len, strlen(expected), "%s", path);
	cr_assert_eq(memcmp(argument->start, expected, argument->len), 0, "%s", path);
}

Test(route, each_path_of_clients_has_its_handler_methods_access_and_metric)
{
	static const struct {
		const char *path;
		handle_fn *handle;
		const char *argument; /* NULL: none */
		unsigned methods;
		const char *allow;
		enum route_access access;
		enum metric_route metric;
	} cases[] = {
		{"/tickets/create", handle_create, NULL, GET_POST, "GET, POST", ROUTE_CLIENT,
		 ROUTE_CREATE},
		{"/tickets/create/", handle_create_many, "", GET_POST, "GET, POST", ROUTE_CLIENT,
		 ROUTE_CREATE_MANY},
		{"/tickets/create/5", handle_create_many, "5", GET_POST, "GET, POST", ROUTE_CLIENT,
		 ROUTE_CREATE_MANY},
		{"/tickets/create/5/", handle_create_many, "5/", GET_POST, "GET, POST",
		 ROUTE_CLIENT, ROUTE_CREATE_MANY},
		{"/tickets/create//", handle_create_many, "/", GET_POST, "GET, POST", ROUTE_CLIENT,
		 ROUTE_CREATE_MANY},
		{"/tickets/create/N", handle_create_many, "N", GET_POST, "GET, POST", ROUTE_CLIENT,
		 ROUTE_CREATE_MANY},
		{"/status", handle_status, NULL, GET_HEAD, "GET, HEAD", ROUTE_CLIENT, ROUTE_STATUS},
		{"/livez", handle_livez, NULL, GET_HEAD, "GET, HEAD", ROUTE_ANYBODY, ROUTE_LIVEZ},
		{"/readyz", handle_readyz, NULL, GET_HEAD, "GET, HEAD", ROUTE_ANYBODY,
		 ROUTE_READYZ},
		{"/metrics", handle_metrics, NULL, GET_HEAD, "GET, HEAD", ROUTE_CLIENT,
		 ROUTE_METRICS},
		{"/decode/42", handle_decode, "42", GET_HEAD, "GET, HEAD", ROUTE_CLIENT,
		 ROUTE_DECODE},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct route_argument arguments[ROUTE_MOST_PARAMETERS];
		const struct route *route = route_find(&client_routes, cases[i].path, arguments);
		char memory[64];
		struct text allow = TEXT_OVER(memory);

		cr_assert_not_null(route, "%s", cases[i].path);
		cr_assert_eq(route->handle, cases[i].handle, "%s", cases[i].path);
		if (cases[i].argument != NULL)
			assert_argument(&arguments[0], cases[i].argument, cases[i].path);
		cr_assert_eq(route->methods, (unsigned)(cases[i].methods), "%s", cases[i].path);
		route_add_methods(route, &allow);
		cr_assert_str_eq(memory, cases[i].allow, "%s", cases[i].path);
		cr_assert_eq(route->access, cases[i].access, "%s", cases[i].path);
		cr_assert_eq(route->metric, cases[i].metric, "%s", cases[i].path);
	}
}

Test(route, other_paths_have_none)
{
	static const char *const paths[] = {
		"",
		"/",
		"*",
		"tickets/create",
		"//tickets/create",
		"/tickets",
		"/tickets/",
		"/tickets/creat",
		"/tickets/create5",
		"/tickets/creates",
		"/Tickets/create",
		"/tickets/create%2f5",
		"/status/",
		"/statusx",
		"/livez/",
		"/readyz/x",
		"/metrics/",
		"/tickets/create?",
		"/status ",
		"/./status",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		struct route_argument arguments[ROUTE_MOST_PARAMETERS];

		cr_assert_null(route_find(&client_routes, paths[i], arguments), "%s", paths[i]);
	}
}

Test(route, sequences_have_routes_only_where_they_are_served)
{
	static const struct {
		const char *path;
		handle_fn *handle;
		const char *name, *count; /* NULL: none */
		const char *allow;
		enum metric_route metric;
	} cases[] = {
		{"/sequences/a/create", handle_sequence_create, "a", NULL, "GET, POST",
		 ROUTE_SEQUENCE_CREATE},
		{"/sequences/a%2Fb/create", handle_sequence_create, "a%2Fb", NULL, "GET, POST",
		 ROUTE_SEQUENCE_CREATE},
		{"/sequences/../create", handle_sequence_create, "..", NULL, "GET, POST",
		 ROUTE_SEQUENCE_CREATE},
		{"/sequences/create/create", handle_sequence_create, "create", NULL, "GET, POST",
		 ROUTE_SEQUENCE_CREATE},
		{"/sequences//create", handle_sequence_create, "", NULL, "GET, POST",
		 ROUTE_SEQUENCE_CREATE},
		{"/sequences/a/create/5", handle_sequence_create_many, "a", "5", "GET, POST",
		 ROUTE_SEQUENCE_CREATE_MANY},
		{"/sequences/a/create/", handle_sequence_create_many, "a", "", "GET, POST",
		 ROUTE_SEQUENCE_CREATE_MANY},
		{"/sequences/a/create/create", handle_sequence_create_many, "a", "create",
		 "GET, POST", ROUTE_SEQUENCE_CREATE_MANY},
		{"/sequences/a", handle_sequence, "a", NULL, "GET, HEAD", ROUTE_SEQUENCE},
		{"/sequences/create", handle_sequence, "create", NULL, "GET, HEAD", ROUTE_SEQUENCE},
		{"/sequences/a/b", handle_sequence, "a/b", NULL, "GET, HEAD", ROUTE_SEQUENCE},
		{"/sequences/", handle_sequence, "", NULL, "GET, HEAD", ROUTE_SEQUENCE},
		{"/sequences", handle_sequences, NULL, NULL, "GET, HEAD", ROUTE_SEQUENCES},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct route_argument arguments[ROUTE_MOST_PARAMETERS];
		const struct route *route =
			route_find(&client_routes_with_sequences, cases[i].path, arguments);
		char memory[64];
		struct text allow = TEXT_OVER(memory);

		cr_assert_not_null(route, "%s", cases[i].path);
		cr_assert_eq(route->handle, cases[i].handle, "%s", cases[i].path);
		if (cases[i].name != NULL)
			assert_argument(&arguments[0], cases[i].name, cases[i].path);
		if (cases[i].count != NULL)
			assert_argument(&arguments[1], cases[i].count, cases[i].path);
		route_add_methods(route, &allow);
		cr_assert_str_eq(memory, cases[i].allow, "%s", cases[i].path);
		cr_assert_eq(route->access, ROUTE_CLIENT, "%s", cases[i].path);
		cr_assert_eq(route->metric, cases[i].metric, "%s", cases[i].path);
		cr_assert_null(route_find(&client_routes, cases[i].path, arguments), "%s",
			       cases[i].path);
	}
}

/* --- parameters ------------------------------------------------------------------------------- */

static const struct route parameter_routes[] = {
	{"/rooms/ROOM/open", EVHTTP_REQ_POST, ROUTE_OPERATOR, NULL, ROUTE_OTHER},
	{"/keys/KEY/create/N", GET_POST, ROUTE_CLIENT, NULL, ROUTE_OTHER},
	{"/keys/KEY/create", GET_POST, ROUTE_CLIENT, NULL, ROUTE_OTHER},
	{"/keys/KEY", GET, ROUTE_CLIENT, NULL, ROUTE_OTHER},
	{"/keys", GET_HEAD, ROUTE_ANYBODY, NULL, ROUTE_OTHER},
};
static const struct route_table parameter_table = {parameter_routes,
						   ARRAY_LENGTH(parameter_routes)};

Test(route, parameters_stand_anywhere_in_a_path)
{
	static const struct {
		const char *path;
		size_t route;
		const char *first, *second; /* NULL: none */
	} cases[] = {
		{"/rooms/3/open", 0, "3", NULL},
		{"/rooms//run/db.sock/open", 0, "/run/db.sock", NULL},
		{"/rooms/open/open", 0, "open", NULL},
		{"/rooms//open", 0, "", NULL},
		{"/rooms/a%2Fb/open", 0, "a%2Fb", NULL},
		{"/keys/a/create/5", 1, "a", "5"},
		{"/keys/a/create/", 1, "a", ""},
		{"/keys//create/5/6", 1, "", "5/6"},
		{"/keys/create/create/5", 1, "create", "5"},
		{"/keys/a/create", 2, "a", NULL},
		{"/keys/A", 3, "A", NULL},
		{"/keys/a/b", 3, "a/b", NULL},
		{"/keys/a/created", 3, "a/created", NULL},
		{"/keys/", 3, "", NULL},
		{"/keys", 4, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct route_argument arguments[ROUTE_MOST_PARAMETERS];

		cr_assert_eq(route_find(&parameter_table, cases[i].path, arguments),
			     &parameter_routes[cases[i].route], "%s", cases[i].path);
		if (cases[i].first != NULL)
			assert_argument(&arguments[0], cases[i].first, cases[i].path);
		if (cases[i].second != NULL)
			assert_argument(&arguments[1], cases[i].second, cases[i].path);
	}
}

Test(route, a_path_that_lacks_the_end_of_a_route_is_another)
{
	static const char *const paths[] = {"/rooms/3/ope", "/rooms/open", "/rooms/3/open/",
					    "/rooms/", "/rooms"};

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		struct route_argument arguments[ROUTE_MOST_PARAMETERS];

		cr_assert_null(route_find(&parameter_table, paths[i], arguments), "%s", paths[i]);
	}
}

/* --- a table -------------------------------------------------------------------------------------- */

Test(route, a_table_lists_its_paths_and_single_methods)
{
	char memory[512];
	struct text text = TEXT_OVER(memory);

	route_add_paths(&client_routes, &text);
	cr_assert_str_eq(memory, "/tickets/create, /tickets/create/N, /status, /livez, /readyz, "
				 "/metrics or /decode/ID");
	text_clear(&text);
	route_add_paths(&parameter_table, &text);
	cr_assert_str_eq(memory, "POST /rooms/ROOM/open, /keys/KEY/create/N, /keys/KEY/create, "
				 "GET /keys/KEY or /keys");
}

Test(route, the_strictest_access_is_that_of_a_table)
{
	static const struct route_table last = {parameter_routes + 4, 1};

	cr_assert_eq(route_strictest(&client_routes), ROUTE_CLIENT);
	cr_assert_eq(route_strictest(&parameter_table), ROUTE_OPERATOR);
	cr_assert_eq(route_strictest(&last), ROUTE_ANYBODY);
}
