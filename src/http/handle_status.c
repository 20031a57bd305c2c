#include <inttypes.h>
#include <stddef.h>

#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "ticket/database.h"

#define MESSAGE_SIZE  1024
#define DATABASE_SIZE 4096 /* of one database in JSON: its name is the longest part */

/* Find the highest ticket that any database knows. Return false if none knows one. */
static bool
handle_status_find_highest(const struct database_state *states, size_t count, uint64_t *ticket)
{
	bool is_known = false;
	uint64_t other;

	for (size_t i = 0; i < count; i++)
		if (database_last_ticket(&states[i], &other) && (!is_known || other > *ticket)) {
			*ticket = other;
			is_known = true;
		}
	return is_known;
}

/* Return whether tickets are reserved ahead, and how many are held now. */
static bool
handle_status_is_ahead(const struct ticket_service *service, uint64_t *reserved)
{
	uint64_t lasts_ms;

	*reserved = 0;
	if (service->reserved == NULL)
		return false;
	*reserved = service->reserved(service->arg, &lasts_ms);
	return true;
}

static void
handle_status_write(struct exchange *exchange, const struct database_state *states, size_t count)
{
	char memory[DATABASE_SIZE];
	struct text body = TEXT_OVER(memory);
	uint64_t ticket = 0, reserved;

	if (handle_status_find_highest(states, count, &ticket))
		text_addf(&body, "{\"last_ticket\":%" PRIu64, ticket);
	else
		text_add(&body, "{\"last_ticket\":null");
	if (handle_status_is_ahead(exchange_context(exchange), &reserved))
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

/* Answer 503. If there are several databases, name each, with an equal share of the room for its reason. */
static void
handle_status_refuse(struct exchange *exchange, const struct database_state *states, size_t count)
{
	char memory[MESSAGE_SIZE];
	struct text message = TEXT_OVER(memory);
	size_t share = (MESSAGE_SIZE - sizeof("no database gives tickets: ")) / count;

	if (count == 1) {
		if (states[0].condition != DATABASE_REFUSED)
			text_add(&message, "the database is down: ");
		text_add(&message, states[0].reason);
		reply_status(exchange, TICKET_DATABASE_FAILED, memory);
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
	reply_status(exchange, TICKET_DATABASE_FAILED, memory);
}

/* Return whether a database is up. *IS_LEFT: one that is up has tickets left. */
static bool
handle_status_is_any_up(const struct database_state *states, size_t count, bool *is_left)
{
	bool is_up = false;

	*is_left = false;
	for (size_t i = 0; i < count; i++) {
		if (states[i].condition != DATABASE_UP)
			continue;
		is_up = true;
		if (space_left(states[i].space, states[i].newest_base) > 0)
			*is_left = true;
	}
	return is_up;
}

/*
 * Answer from the known states of the databases, which are at most a second old. So a database that hangs
 * delays no answer, also not to the operator.
 */
void
handle_status(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];
	uint64_t reserved;
	size_t count;
	bool is_left;

	(void)arguments;
	if (http_server_is_draining(exchange->server)) {
		reply_status(exchange, TICKET_DRAINING, STATUS_DRAINING);
		return;
	}
	count = service->databases(service->arg, states);
	if (handle_status_is_ahead(service, &reserved) && reserved > 0)
		handle_status_write(exchange, states, count);
	else if (!handle_status_is_any_up(states, count, &is_left))
		handle_status_refuse(exchange, states, count);
	else if (!is_left)
		reply_status(exchange, TICKET_DATABASE_FAILED, SPACE_EXHAUSTED);
	else
		handle_status_write(exchange, states, count);
}
