#include <inttypes.h>

#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"

#define DATABASE_SIZE 4096  /* of one database in JSON: its name is the longest part */
#define SINKS_SIZE    32768 /* of all sinks of events: their errors are the longest parts */

static void
handle_status_add_sinks(struct exchange *exchange, const struct ticket_service *service)
{
	char memory[SINKS_SIZE];
	struct text sinks = TEXT_OVER(memory);

	text_add(&sinks, ",\"sinks\":");
	service->sinks(service->arg, &sinks);
	evbuffer_add(reply_body(exchange), memory, sinks.len);
}

static void
handle_status_write(struct exchange *exchange, const struct service_status *status)
{
	const struct ticket_service *service = exchange_context(exchange);
	char memory[DATABASE_SIZE];
	struct text body = TEXT_OVER(memory);

	if (status->has_ticket)
		text_addf(&body, "{\"last_ticket\":%" PRIu64, status->last_ticket);
	else
		text_add(&body, "{\"last_ticket\":null");
	if (status->is_ahead)
		text_addf(&body, ",\"reserved\":%" PRIu64, status->reserved);
	if (service->add_status != NULL)
		service->add_status(service->arg, &body);
	for (size_t i = 0; status->count > 1 && i < status->count; i++) {
		text_add(&body, i == 0 ? ",\"databases\":[" : ",");
		database_add_json(&status->states[i], false, &body);
		evbuffer_add(reply_body(exchange), memory, body.len);
		text_clear(&body);
	}
	text_add(&body, status->count > 1 ? "]" : "");
	evbuffer_add(reply_body(exchange), memory, body.len);
	if (service->sinks != NULL)
		handle_status_add_sinks(exchange, service);
	evbuffer_add(reply_body(exchange), "}", 1);
	reply_json(exchange);
}

/*
 * Answer from the known states of the databases, which are at most a second old. So a database that hangs
 * delays no answer, also not to the operator.
 */
void
handle_status(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[SERVICE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct service_status status;

	(void)arguments;
	if (http_server_is_draining(exchange->server))
		reply_status(exchange, TICKET_DRAINING, STATUS_DRAINING);
	else if (service_look(exchange_context(exchange), &status, &reason))
		handle_status_write(exchange, &status);
	else
		reply_status(exchange, TICKET_DATABASE_FAILED, memory);
}
