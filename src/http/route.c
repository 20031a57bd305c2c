#include <stddef.h>
#include <string.h>

#include "http/handlers.h"
#include "http/route.h"

#define GET_POST EVHTTP_REQ_GET | EVHTTP_REQ_POST, "GET, POST"
#define GET_HEAD EVHTTP_REQ_GET | EVHTTP_REQ_HEAD, "GET, HEAD"

static const struct route routes[] = {
	{"/tickets/create", ROUTE_CREATE, GET_POST, false, handle_create},
	{"/tickets/create/", ROUTE_CREATE_MANY, GET_POST, false, handle_create_many},
	{"/status", ROUTE_STATUS, GET_HEAD, false, handle_status},
	{"/livez", ROUTE_LIVEZ, GET_HEAD, true, handle_livez},
	{"/readyz", ROUTE_READYZ, GET_HEAD, true, handle_readyz},
	{"/metrics", ROUTE_METRICS, GET_HEAD, false, handle_metrics},
};

const struct route *
route_find(const char *path, const char **argument)
{
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		size_t len = strlen(routes[i].path);
		bool takes_argument = routes[i].path[len - 1] == '/';

		if (strncmp(path, routes[i].path, len) != 0)
			continue;
		if (takes_argument || path[len] == '\0') {
			*argument = path + len;
			return &routes[i];
		}
	}
	return NULL;
}
