#include <inttypes.h>

#include "base/parse.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/sequence_target.h"
#include "ticket/decode.h"

#define DECODED_SIZE 512

/* Of the store that the query names, or of the server's own ids. False: the exchange was answered. */
static bool
handle_decode_takes_store(struct exchange *exchange)
{
	const struct ticket_service *service = exchange_context(exchange);
	const char *query = exchange_query(exchange);
	char memory[DECODED_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (query_has(query, "store") &&
	    !sequence_target_find_store(query, &service->stores, &exchange->store, &problem)) {
		reply_outcome(exchange, FRONT_NOT_FOUND, memory);
		return false;
	}
	if (!query_has(query, "sequence") &&
	    (exchange->store == NULL || exchange->store->decode != NULL))
		return true;
	reply_error(exchange, 400,
		    "ids of named sequences are decoded by tickrd decode --sequence");
	return false;
}

/* All databases of a server are nodes of one cluster, so any of them knows the arithmetic. */
static bool
handle_decode_ticket(const struct exchange *exchange, uint64_t id, struct text *json)
{
	const struct ticket_service *service = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];

	if (exchange->store != NULL)
		return exchange->store->decode(exchange->store->arg, id, json);
	if (service->decode != NULL)
		return service->decode(service->arg, id, json);
	return service->databases(service->arg, states) > 0 &&
	       decode_ticket(states[0].space, id, json);
}

void
handle_decode(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[DECODED_SIZE];
	struct text body = TEXT_OVER(memory);
	uint64_t id;

	if (!handle_decode_takes_store(exchange))
		return;
	if (!parse_number(arguments[0].start, arguments[0].len, INT64_MAX, &id)) {
		reply_error(exchange, 400,
			    "the id must be a whole number from 0 to 9223372036854775807");
		return;
	}
	text_addf(&body, "{\"id\":%" PRIu64 ",", id);
	if (!handle_decode_ticket(exchange, id, &body)) {
		reply_error(exchange, 400, "this server's cluster does not issue the id %" PRIu64,
			    id);
		return;
	}
	text_add(&body, "}");
	evbuffer_add(reply_body(exchange), memory, body.len);
	reply_json(exchange);
}
