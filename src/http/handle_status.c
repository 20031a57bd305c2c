#include <inttypes.h>
#include <stddef.h>

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

/* The highest ticket that any of the databases knows. */
static bool
find_highest(const struct database_state *states, size_t count, uint64_t *ticket)
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

/* How many tickets are held; false if none is reserved ahead. */
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
write_status(struct exchange *exchange, const struct database_state *states, size_t count)
{
	char memory[DATABASE_SIZE];
	struct text body = TEXT_OVER(memory);
	uint64_t ticket = 0, reserved;
	bool is_known = find_highest(states, count, &ticket);

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

/* Each of several databases is named, with as much of its trouble as there is room for. */
static void
refuse(struct exchange *exchange, const struct database_state *states, size_t count)
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

/* Whether a database is up, and whether one that is has tickets left. */
static bool
is_any_up(const struct database_state *states, size_t count, bool *is_left)
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
 * The answer is what is known of the databases, from at most a second ago: nobody waits for one that
 * hangs, least of all the operator who wants to know about it.
 */
void
handle_status(struct exchange *exchange, const char *argument)
{
	const struct http_settings *settings = &exchange->server->settings;
	struct database_state states[MOST_DATABASES];
	uint64_t reserved;
	size_t count;
	bool is_left;

	(void)argument;
	if (exchange->server->is_draining) {
		reply_status(exchange, TICKET_DRAINING, STATUS_DRAINING);
		return;
	}
	count = settings->databases(settings->arg, states);
	if (is_ahead(settings, &reserved) && reserved > 0)
		write_status(exchange, states, count);
	else if (!is_any_up(states, count, &is_left))
		refuse(exchange, states, count);
	else if (!is_left)
		reply_status(exchange, TICKET_DATABASE_FAILED, SPACE_EXHAUSTED);
	else
		write_status(exchange, states, count);
}
