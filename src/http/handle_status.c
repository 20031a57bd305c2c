#include <inttypes.h>
#include <stddef.h>

#include "base/clock.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "ticket/database.h"

#define MESSAGE_SIZE  1024
#define DATABASE_SIZE 4096 /* of one database in JSON: its name is the longest part */

static void
add_last_ticket(struct text *body, bool is_known, uint64_t ticket)
{
	if (is_known)
		text_addf(body, "\"last_ticket\":%" PRIu64, ticket);
	else
		text_add(body, "\"last_ticket\":null");
}

/* TICKET is the highest one that ANSWER, or any of the STATES, knows. */
static bool
find_highest(const struct ticket_answer *answer, const struct database_state *states, size_t count,
	     uint64_t *ticket)
{
	bool is_known = space_ticket(answer->space, answer->newest_base, ticket);
	uint64_t other;

	for (size_t i = 0; count > 1 && i < count; i++)
		if (database_last_ticket(&states[i], &other) && (!is_known || other > *ticket)) {
			*ticket = other;
			is_known = true;
		}
	return is_known;
}

/* How many tickets are held; false where none is reserved ahead. */
static bool
is_ahead(const struct http_settings *settings, uint64_t *reserved)
{
	uint64_t lasts_ms;

	*reserved = 0;
	if (settings->reserved == NULL)
		return false;
	*reserved = settings->reserved(settings->arg, &lasts_ms);
	return true;
}

static void
write_status(struct exchange *exchange, const struct ticket_answer *answer,
	     const struct database_state *states, size_t count)
{
	char memory[DATABASE_SIZE];
	struct text body = TEXT_OVER(memory);
	uint64_t ticket = 0, reserved;
	bool is_known = find_highest(answer, states, count, &ticket);

	text_add(&body, "{");
	add_last_ticket(&body, is_known, ticket);
	if (is_ahead(&exchange->server->settings, &reserved))
		text_addf(&body, ",\"reserved\":%" PRIu64, reserved);
	for (size_t i = 0; count > 1 && i < count; i++) {
		text_add(&body, i == 0 ? ",\"databases\":[" : ",");
		database_add_json(&states[i], false, &body);
		evbuffer_add(reply_body(exchange), memory, body.len);
		text_clear(&body);
	}
	text_add(&body, count > 1 ? "]}" : "}");
	evbuffer_add(reply_body(exchange), memory, body.len);
	reply_json(exchange);
}

/* Each database is named, with as much of its trouble as there is room for. */
static void
refuse(struct exchange *exchange, const struct ticket_answer *answer,
       const struct database_state *states, size_t count)
{
	char memory[MESSAGE_SIZE];
	struct text message = TEXT_OVER(memory);
	size_t share = (MESSAGE_SIZE - sizeof("no database gives tickets: ")) / count;

	if (count == 1 || answer->status == TICKET_TOO_MANY_WAITING) {
		reply_status(exchange, answer->status, answer->reason);
		return;
	}
	text_add(&message, "no database gives tickets: ");
	for (size_t i = 0; i < count; i++) {
		char one_memory[MESSAGE_SIZE];
		struct text one = TEXT_OVER(one_memory);

		text_addf(&one, "%s%s (node %" PRIu64 ", %s): %s", i > 0 ? "; " : "",
			  states[i].name, states[i].space->node_number,
			  database_condition_name(states[i].condition), states[i].reason);
		text_add_cut(&message, one_memory, share);
	}
	/* A client's create is 500 at the end of the space; this is only the news of it. */
	reply_status(exchange,
		     answer->status == TICKET_EXHAUSTED ? TICKET_DATABASE_FAILED : answer->status,
		     memory);
}

static void
on_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);
	const struct http_settings *settings = &exchange->server->settings;
	struct database_state states[MOST_DATABASES];
	size_t count = settings->databases(settings->arg, states);
	bool is_left =
		answer->status == TICKET_OK && space_left(answer->space, answer->newest_base) > 0;

	for (size_t i = 0; count > 1 && i < count; i++)
		is_left = is_left || database_gives(&states[i]);
	if (answer->status != TICKET_OK)
		refuse(exchange, answer, states, count);
	else if (!is_left)
		reply_error(exchange, 503, "the space of tickets is exhausted");
	else
		write_status(exchange, answer, states, count);
}

/* With tickets in hand nobody need ask the databases: what is known of them will do. */
static bool
answer_from_memory(struct exchange *exchange)
{
	const struct http_settings *settings = &exchange->server->settings;
	struct database_state states[MOST_DATABASES];
	struct ticket_answer answer = {.status = TICKET_OK};
	uint64_t reserved;
	size_t count;

	if (!is_ahead(settings, &reserved) || reserved == 0)
		return false;
	count = settings->databases(settings->arg, states);
	answer.space = states[0].space;
	answer.newest_base = states[0].newest_base;
	write_status(exchange, &answer, states, count);
	return true;
}

void
handle_status(struct exchange *exchange, const char *argument)
{
	(void)argument;
	if (exchange->server->is_draining) {
		reply_status(exchange, TICKET_DRAINING, STATUS_DRAINING);
		return;
	}
	if (answer_from_memory(exchange))
		return;
	exchange->request.count = 0;
	exchange->request.answer = on_answer;
	allocator_request(exchange->server->allocator, &exchange->request, clock_ms());
}
