#include <criterion/criterion.h>

#include "http/handlers.h"
#include "http/route.h"

#define GET_POST EVHTTP_REQ_GET | EVHTTP_REQ_POST
#define GET_HEAD EVHTTP_REQ_GET | EVHTTP_REQ_HEAD

Test(route, each_path_has_its_handler_methods_and_metric)
{
	static const struct {
		const char *path;
		void (*handle)(struct exchange *exchange, const char *argument);
		const char *argument;
		unsigned methods;
		const char *allow;
		bool is_open;
		enum metric_route metric;
	} cases[] = {
		{"/tickets/create", handle_create, "", GET_POST, "GET, POST", false, ROUTE_CREATE},
		{"/tickets/create/", handle_create_many, "", GET_POST, "GET, POST", false,
		 ROUTE_CREATE_MANY},
		{"/tickets/create/5", handle_create_many, "5", GET_POST, "GET, POST", false,
		 ROUTE_CREATE_MANY},
		{"/tickets/create/5/", handle_create_many, "5/", GET_POST, "GET, POST", false,
		 ROUTE_CREATE_MANY},
		{"/tickets/create//", handle_create_many, "/", GET_POST, "GET, POST", false,
		 ROUTE_CREATE_MANY},
		{"/status", handle_status, "", GET_HEAD, "GET, HEAD", false, ROUTE_STATUS},
		{"/livez", handle_livez, "", GET_HEAD, "GET, HEAD", true, ROUTE_LIVEZ},
		{"/readyz", handle_readyz, "", GET_HEAD, "GET, HEAD", true, ROUTE_READYZ},
		{"/metrics", handle_metrics, "", GET_HEAD, "GET, HEAD", false, ROUTE_METRICS},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *argument = NULL;
		const struct route *route = route_find(cases[i].path, &argument);

		cr_assert_not_null(route, "%s", cases[i].path);
		cr_assert_eq(route->handle, cases[i].handle, "%s", cases[i].path);
		cr_assert_str_eq(argument, cases[i].argument, "%s", cases[i].path);
		cr_assert_eq(route->methods, (unsigned)(cases[i].methods), "%s", cases[i].path);
		cr_assert_str_eq(route->allow, cases[i].allow, "%s", cases[i].path);
		cr_assert_eq(route->is_open, cases[i].is_open, "%s", cases[i].path);
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
		const char *argument;

		cr_assert_null(route_find(paths[i], &argument), "%s", paths[i]);
	}
}
