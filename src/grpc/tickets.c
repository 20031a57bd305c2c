/* tickr.v1.Tickets: the answers of /tickets/create and /status. */
#include <stddef.h>

#include "base/clock.h"
#include "grpc/handlers.h"
#include "grpc/ids.h"
#include "grpc/message.h"

/* The handler makes tickets of bases: only it knows that they are of the Tickr sequence. */
static void
tickets_on_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct grpc_call *call = CONTAINER_OF(request, struct grpc_call, request);

	if (!call_takes_answer(call))
		return;
	if (answer->status != TICKET_OK) {
		call_fail_status(call, answer->status, answer->reason);
		return;
	}
	call->issued = (struct front_issued){
		.ids = answer->bases, .space = answer->space, .taken_us = answer->taken_us};
	if (!ids_reply_bases(call, answer->space, &answer->bases))
		call_fail_status(call, TICKET_EXHAUSTED, SPACE_EXHAUSTED);
}

void
tickets_create(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Tickr__V1__CreateTicketsRequest *request;
	struct message_room room;
	bool is_good;

	request = message_read(call, &room, &tickr__v1__create_tickets_request__descriptor, message,
			       len);
	if (request == NULL)
		return;
	is_good = ids_read(call, request->count, request->format, "tickets", &call->request.count);
	message_free(&room, request);
	if (!is_good)
		return;
	call->request.is_group = call->format == BATCH_FORMAT_GROUP;
	call->request.answer = tickets_on_answer;
	call_asks(call);
	allocator_request(call_service(call)->allocator, &call->request, clock_ms());
}

static void
tickets_describe(const struct database_state *state, Tickr__V1__Database *database)
{
	uint64_t ticket;

	tickr__v1__database__init(database);
	database->host = (char *)state->name;
	database->node = (int64_t)state->space->node_number;
	database->state = (char *)database_condition_name(state->condition);
	if (database_last_ticket(state, &ticket)) {
		database->last_case = TICKR__V1__DATABASE__LAST_LAST_TICKET;
		database->last_ticket = (int64_t)ticket;
	}
}

static void
tickets_reply_status(struct grpc_call *call, const struct service_status *status)
{
	Tickr__V1__StatusResponse response = TICKR__V1__STATUS_RESPONSE__INIT;
	Tickr__V1__Database databases[MOST_DATABASES];
	Tickr__V1__Database *pointers[MOST_DATABASES];

	if (status->has_ticket) {
		response.last_case = TICKR__V1__STATUS_RESPONSE__LAST_LAST_TICKET;
		response.last_ticket = (int64_t)status->last_ticket;
	}
	if (status->is_ahead) {
		response.ahead_case = TICKR__V1__STATUS_RESPONSE__AHEAD_RESERVED;
		response.reserved = (int64_t)status->reserved;
	}
	for (size_t i = 0; status->count > 1 && i < status->count; i++) {
		tickets_describe(&status->states[i], &databases[i]);
		pointers[i] = &databases[i];
		response.n_databases = i + 1;
	}
	response.databases = pointers;
	message_reply(call, &response.base);
}

void
tickets_status(struct grpc_call *call, const unsigned char *message, size_t len)
{
	char memory[SERVICE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct service_status status;

	(void)message; /* it has no fields */
	(void)len;
	if (call->connection->server->is_drain_announced)
		call_fail_status(call, TICKET_DRAINING, STATUS_DRAINING);
	else if (service_look(call_service(call), &status, &reason))
		tickets_reply_status(call, &status);
	else
		call_fail_status(call, TICKET_DATABASE_FAILED, memory);
}
