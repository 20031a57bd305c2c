#include <inttypes.h>
#include <stddef.h>

#include "base/clock.h"
#include "http/connection.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "ticket/space.h"

static void
on_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);
	uint64_t ticket;

	if (answer->status != TICKET_OK) {
		reply_status(exchange, answer->status, answer->reason);
		return;
	}
	if (space_left(answer->space, answer->newest_base) == 0) {
		reply_error(exchange, 503, "the space of tickets is exhausted");
		return;
	}
	if (space_ticket(answer->space, answer->newest_base, &ticket))
		evbuffer_add_printf(reply_body(exchange), "{\"last_ticket\":%" PRIu64 "}", ticket);
	else
		evbuffer_add_printf(reply_body(exchange), "{\"last_ticket\":null}");
	reply_json(exchange);
}

void
handle_status(struct exchange *exchange, const char *argument)
{
	(void)argument;
	if (exchange->server->is_draining) {
		reply_status(exchange, TICKET_DRAINING, "the server is stopping");
		return;
	}
	exchange->request.count = 0;
	exchange->request.answer = on_answer;
	connection_wait(exchange->connection);
	allocator_request(exchange->server->allocator, &exchange->request, clock_ms());
}
