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
	{"/decode/ID", GET_HEAD, ROUTE_CLIENT, handle_decode, ROUTE_DECODE},
	/* From here on only with named sequences. */
	{"/sequences/NAME/create/N", GET_POST, ROUTE_CLIENT, handle_sequence_create_many,
	 ROUTE_SEQUENCE_CREATE_MANY},
	{"/sequences/NAME/create", GET_POST, ROUTE_CLIENT, handle_sequence_create,
	 ROUTE_SEQUENCE_CREATE},
	{"/sequences/NAME", GET_HEAD, ROUTE_CLIENT, handle_sequence, ROUTE_SEQUENCE},
	{"/sequences", GET_HEAD, ROUTE_CLIENT, handle_sequences, ROUTE_SEQUENCES},
};

#define OF_SEQUENCES 4

const struct route_table client_routes = {routes, ARRAY_LENGTH(routes) - OF_SEQUENCES};
const struct route_table client_routes_with_sequences = {routes, ARRAY_LENGTH(routes)};
