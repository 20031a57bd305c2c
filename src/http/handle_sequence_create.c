#include <stddef.h>
#include <stdlib.h>

#include "front/front.h"
#include "http/connection.h"
#include "http/count.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/sequence_target.h"
#include "ticket/json.h"
#include "ticket/snowflake_id.h"

#define PROBLEM_SIZE 512

/* Set the memory for the answer aside. If there is too little, answer. */
static bool
handle_sequence_create_holds(struct exchange *exchange, uint32_t count)
{
	if (connection_hold(exchange->connection, json_tickets_size(count)))
		return true;
	reply_outcome(exchange, FRONT_UNAVAILABLE,
		      "too many large answers wait for clients to read them; ask for fewer ids, or "
		      "for a group");
	return false;
}

/* False: the time of Snowflake ids ends. */
static bool
handle_sequence_create_add(struct exchange *exchange, const struct front_ids *ids)
{
	struct evbuffer_iovec space;

	if (ids->space != NULL)
		return reply_add_bases(exchange, ids->space, &ids->ids);
	if (ids->scrambled == NULL) {
		reply_add_range(exchange, &ids->ids);
		return true;
	}
	if (evbuffer_reserve_space(reply_body(exchange),
				   (ev_ssize_t)json_tickets_size(ids->ids.count), &space, 1) != 1)
		abort();
	space.iov_len = json_numbers(space.iov_base, ids->scrambled, ids->ids.count);
	evbuffer_commit_space(reply_body(exchange), &space, 1);
	return true;
}

static void
handle_sequence_create_on_answer(struct front_create *create, const struct front_ids *ids)
{
	struct exchange *exchange = CONTAINER_OF(create, struct exchange, create);

	exchange->issued.taken_us = ids->taken_us;
	if (ids->outcome != FRONT_OK) {
		reply_outcome(exchange, ids->outcome, ids->reason);
		return;
	}
	/* A server whose format is a group answers scrambled ids as an array. */
	if (ids->scrambled != NULL && exchange->format == BATCH_FORMAT_GROUP &&
	    !handle_sequence_create_holds(exchange, ids->ids.count))
		return;
	if (!handle_sequence_create_add(exchange, ids)) {
		reply_outcome(exchange, FRONT_EXHAUSTED, SNOWFLAKE_EXHAUSTED);
		return;
	}
	exchange->issued = front_issued_by(create, ids);
	reply_json(exchange);
}

static void
handle_sequence_create_ask(struct exchange *exchange, const struct sequence_target_name *name,
			   uint32_t count)
{
	if (exchange->format == BATCH_FORMAT_ARRAY &&
	    !handle_sequence_create_holds(exchange, count))
		return;
	exchange->create.wish.count = count;
	exchange->create.wish.is_whole = exchange->format == BATCH_FORMAT_GROUP;
	exchange->create.wish.fallback = SEQUENCE_STRONG;
	exchange->create.answer = handle_sequence_create_on_answer;
	front_create(exchange->store->front, &exchange->create, name->bytes, name->len);
}

/* Read the name and the query. */
static bool
handle_sequence_create_read(struct exchange *exchange, const struct route_argument *argument,
			    struct sequence_target_name *name, struct text *problem)
{
	const char *query = exchange_query(exchange);

	/* As sent, for the record of a request that fails. The path lives as long as the exchange. */
	exchange->issued.sequence = argument->start;
	exchange->issued.sequence_len = argument->len;
	if (!sequence_target_read_name(argument->start, argument->len, name, problem) ||
	    !sequence_target_read_order(query, &exchange->create.wish.order, problem) ||
	    !count_parse_format(query, &exchange->format, problem))
		return false;
	exchange->create.wish.is_group =
		exchange->format == BATCH_FORMAT_GROUP && query_has(query, "format");
	return true;
}

void
handle_sequence_create(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name name;

	exchange->format = BATCH_FORMAT_ARRAY;
	if (!handle_find_store(exchange))
		return;
	if (handle_sequence_create_read(exchange, &arguments[0], &name, &problem))
		handle_sequence_create_ask(exchange, &name, 1);
	else
		reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
}

void
handle_sequence_create_many(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name name;
	uint32_t count;

	exchange->format = service->batch_format;
	if (!handle_find_store(exchange))
		return;
	if (handle_sequence_create_read(exchange, &arguments[0], &name, &problem) &&
	    count_parse(arguments[1].start, arguments[1].len, exchange->format, service->max_batch,
			"ids", &count, &problem))
		handle_sequence_create_ask(exchange, &name, count);
	else
		reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
}
