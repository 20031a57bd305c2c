#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/connection.h"
#include "http/count.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define PROBLEM_SIZE 256

/* Write the JSON straight into the reply's buffer. */
static void
handle_create_write(struct exchange *exchange, const struct ticket_range *tickets)
{
	bool is_array = exchange->format == BATCH_FORMAT_ARRAY;
	size_t most = is_array ? json_array_size(tickets->count) : JSON_GROUP_SIZE;
	struct evbuffer_iovec space;

	if (evbuffer_reserve_space(reply_body(exchange), (ev_ssize_t)most, &space, 1) != 1)
		abort();
	space.iov_len = is_array ? json_array(space.iov_base, tickets)
				 : json_group(space.iov_base, tickets);
	evbuffer_commit_space(reply_body(exchange), &space, 1);
}

/* The handler makes tickets of bases: only it knows that they are of the Tickr sequence. */
static void
handle_create_on_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);
	struct ticket_range tickets;

	if (answer->status != TICKET_OK) {
		reply_status(exchange, answer->status, answer->reason);
	} else if (!space_tickets(answer->space, &answer->bases, &tickets)) {
		reply_status(exchange, TICKET_EXHAUSTED, SPACE_EXHAUSTED);
	} else {
		handle_create_write(exchange, &tickets);
		metrics_add(METRIC_TICKETS_ISSUED, tickets.count);
		reply_json(exchange);
	}
}

static void
handle_create_ask_allocator(struct exchange *exchange, uint32_t count)
{
	const struct ticket_service *service = exchange_context(exchange);

	if (exchange->format == BATCH_FORMAT_ARRAY &&
	    !connection_hold(exchange->connection, json_array_size(count))) {
		reply_status(exchange, TICKET_TOO_MANY_WAITING,
			     "too many large answers wait for clients to read them; ask for fewer "
			     "tickets, or for a group");
		return;
	}
	exchange->request.count = count;
	exchange->request.answer = handle_create_on_answer;
	allocator_request(service->allocator, &exchange->request, clock_ms());
}

void
handle_create(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	(void)arguments;
	exchange->format = BATCH_FORMAT_ARRAY;
	if (count_parse_format(exchange_query(exchange), &exchange->format, &problem))
		handle_create_ask_allocator(exchange, 1);
	else
		reply_error(exchange, 400, "%s", memory);
}

void
handle_create_many(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	uint32_t count;

	exchange->format = service->batch_format;
	if (count_parse_format(exchange_query(exchange), &exchange->format, &problem) &&
	    count_parse(arguments[0].start, arguments[0].len, exchange->format, service->max_batch,
			&count, &problem))
		handle_create_ask_allocator(exchange, count);
	else
		reply_error(exchange, 400, "%s", memory);
}
