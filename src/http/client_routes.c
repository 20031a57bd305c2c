#include "http/handlers.h"

#define GET_HEAD (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)
#define GET_POST (EVHTTP_REQ_GET | EVHTTP_REQ_POST)

static const struct route routes[] = {
	{"/tickets/create", GET_POST, ROUTE_CLIENT, handle_create, ROUTE_CREATE},
	{"/tickets/create/N", GET_POST, ROUTE_CLIENT, handle_create_many, ROUTE_CREATE_MANY},
	{"/status", GET_HEAD, ROUTE_CLIENT, handle_status, ROUTE_STATUS},
	{"/livez", GET_HEAD, ROUTE_ANYBODY, handle_livez, ROUTE_LIVEZ},
	{"/readyz", GET_HEAD, ROUTE_ANYBODY, handle_readyz, ROUTE_READYZ},
	{"/metrics", GET_HEAD, ROUTE_CLIENT, handle_metrics, ROUTE_METRICS},
};

const struct route_table client_routes = {routes, ARRAY_LENGTH(routes)};
