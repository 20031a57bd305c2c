#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/sequence_target.h"
#include "ticket/decode.h"

#define DECODED_SIZE 512
#define PROBLEM_SIZE 512

static void
handle_decode_reply(struct exchange *exchange, const struct text *parts)
{
	evbuffer_add_printf(reply_body(exchange), "{\"id\":%" PRIu64 ",%s}", exchange->decoded,
			    parts->start);
	reply_json(exchange);
}

/* --- ids of named sequences ---------------------------------------------------------------------- */

/* The databases of the server are nodes. Most shared stores have one counter for all servers, so no node. */
static bool
handle_decode_has_node(const struct exchange *exchange, const struct ticket_space *space)
{
	return strcmp(exchange->store->name, FRONT_STORE_OWN) == 0 || space->max_nodes > 1;
}

/* Add the parts of an id of ENTRY. Otherwise PROBLEM says why not. */
static enum front_outcome
handle_decode_entry(const struct exchange *exchange, const struct front_shown *shown,
		    struct text *parts, struct text *problem)
{
	const struct sequence_entry *entry = shown->entries;
	uint64_t id = exchange->decoded;
	enum front_outcome outcome = FRONT_OK;
	struct ticket_parts found;

	if (entry->policy.form == SEQUENCE_SCRAMBLED)
		outcome = front_unscramble(exchange->store->front, entry, id, &id, problem);
	if (outcome != FRONT_OK)
		return outcome;
	if (!decode_parts(shown->space, id, &found)) {
		text_addf(problem, "the id %" PRIu64 " is not an id of this sequence", id);
		return FRONT_BAD_REQUEST;
	}
	if (entry->policy.form == SEQUENCE_SCRAMBLED)
		text_addf(parts, "\"unscrambled\":%" PRIu64 ",", id);
	if (handle_decode_has_node(exchange, shown->space))
		text_addf(parts, "\"node\":%" PRIu64 ",", found.node);
	text_addf(parts, "\"number\":%" PRIu64, found.base - 1);
	return FRONT_OK;
}

static void
handle_decode_on_shown(struct front_look *look, const struct front_shown *shown)
{
	struct exchange *exchange = CONTAINER_OF(look, struct exchange, look);
	char memory[DECODED_SIZE], problem_memory[PROBLEM_SIZE];
	struct text parts = TEXT_OVER(memory), problem = TEXT_OVER(problem_memory);
	enum front_outcome outcome;

	if (shown->outcome != FRONT_OK) {
		reply_outcome(exchange, shown->outcome, shown->reason);
		return;
	}
	outcome = handle_decode_entry(exchange, shown, &parts, &problem);
	if (outcome == FRONT_OK)
		handle_decode_reply(exchange, &parts);
	else
		reply_outcome(exchange, outcome, problem_memory);
}

static void
handle_decode_of_sequence(struct exchange *exchange)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name name;

	if (!sequence_target_read_sequence(exchange_query(exchange), &name, &problem)) {
		reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
		return;
	}
	exchange->look.answer = handle_decode_on_shown;
	front_show(exchange->store->front, &exchange->look, name.bytes, name.len);
}

/* --- the others ---------------------------------------------------------------------------------- */

/* All databases of a server are nodes of one cluster, so any of them knows the arithmetic. */
static bool
handle_decode_ticket(const struct exchange *exchange, struct text *parts)
{
	const struct ticket_service *service = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];

	if (exchange->store != NULL)
		return exchange->store->decode(exchange->store->arg, exchange->decoded, parts);
	if (service->decode != NULL)
		return service->decode(service->arg, exchange->decoded, parts);
	return service->databases(service->arg, states) > 0 &&
	       decode_ticket(states[0].space, exchange->decoded, parts);
}

static void
handle_decode_of_server(struct exchange *exchange)
{
	char memory[DECODED_SIZE];
	struct text parts = TEXT_OVER(memory);

	if (handle_decode_ticket(exchange, &parts))
		handle_decode_reply(exchange, &parts);
	else
		reply_error(exchange, 400, "this server's cluster does not issue the id %" PRIu64,
			    exchange->decoded);
}

/* If the store decodes ids itself, their parts do not depend on the sequence. */
static void
handle_decode_of_store(struct exchange *exchange)
{
	if (exchange->store->decode != NULL)
		handle_decode_of_server(exchange);
	else
		handle_decode_of_sequence(exchange);
}

static void
handle_decode_refuse(struct exchange *exchange, const struct route_argument *id)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	text_add(&problem, "the id is ");
	query_add_quoted(&problem, id->start, id->len);
	text_add(&problem, "; it must be a whole number from 0 to 9223372036854775807");
	reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
}

void
handle_decode(struct exchange *exchange, const struct route_argument *arguments)
{
	const char *query = exchange_query(exchange);

	if (!parse_number(arguments[0].start, arguments[0].len, INT64_MAX, &exchange->decoded))
		handle_decode_refuse(exchange, &arguments[0]);
	else if (!query_has(query, "sequence") && !query_has(query, "store"))
		handle_decode_of_server(exchange);
	else if (handle_find_store(exchange))
		handle_decode_of_store(exchange);
}
