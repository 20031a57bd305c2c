#include <stddef.h>

#include "base/clock.h"
#include "front/front.h"
#include "http/connection.h"
#include "http/count.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define PROBLEM_SIZE 256

/* The handler makes tickets of bases: only it knows that they are of the Tickr sequence. */
static void
handle_create_on_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);

	exchange->issued.taken_us = answer->taken_us;
	if (answer->status != TICKET_OK) {
		reply_status(exchange, answer->status, answer->reason);
	} else if (!reply_add_bases(exchange, answer->space, &answer->bases)) {
		reply_status(exchange, TICKET_EXHAUSTED, SPACE_EXHAUSTED);
	} else {
		exchange->issued.ids = answer->bases;
		exchange->issued.space = answer->space;
		reply_json(exchange);
	}
}

static void
handle_create_ask_allocator(struct exchange *exchange, uint32_t count)
{
	const struct ticket_service *service = exchange_context(exchange);

	if (exchange->format == BATCH_FORMAT_ARRAY &&
	    !connection_hold(exchange->connection, json_tickets_size(count))) {
		reply_status(exchange, TICKET_TOO_MANY_WAITING,
			     "too many large answers wait for clients to read them; ask for fewer "
			     "tickets, or for a group");
		return;
	}
	exchange->request.count = count;
	exchange->request.is_group = exchange->format == BATCH_FORMAT_GROUP;
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
			"tickets", &count, &problem))
		handle_create_ask_allocator(exchange, count);
	else
		reply_error(exchange, 400, "%s", memory);
}
