#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "events/recorder.h"
#include "grpc/recording.h"

static bool
recording_issues_ids(const struct grpc_call *call)
{
	const struct grpc_method *method = call->head.method;

	return method != NULL && (method->metric == GRPC_METHOD_TICKETS_CREATE ||
				  method->metric == GRPC_METHOD_SEQUENCES_CREATE ||
				  method->metric == GRPC_METHOD_GET_NEXT_ID);
}

bool
recording_is_due(const struct grpc_call *call)
{
	return call->connection != NULL && call->connection->server->settings.recorder != NULL &&
	       !call->is_recorded && recording_issues_ids(call);
}

bool
recording_waits(const struct grpc_call *call)
{
	return recording_is_due(call) &&
	       event_recorder_is_required(call->connection->server->settings.recorder);
}

bool
recording_may_issue(const struct grpc_call *call, struct text *problem)
{
	return !recording_waits(call) ||
	       event_recorder_may_issue(call->connection->server->settings.recorder, problem);
}

void
recording_note_name(struct grpc_call *call, const char *name, size_t len)
{
	if (!recording_is_due(call))
		return;
	if (len > sizeof(call->asked_name))
		len = sizeof(call->asked_name);
	memcpy(call->asked_name, name, len);
	call->issued.sequence = call->asked_name;
	call->issued.sequence_len = len;
}

/*
 * Return the status of HTTP that a record has of CALL, which ends with CODE. Layotto's UNKNOWN and FAILED_PRECONDITION
 * without an outcome of a front are mistakes of the request.
 */
static unsigned
recording_status(const struct grpc_call *call, enum grpc_code code)
{
	if (call->record_status > 0)
		return call->record_status;
	switch (code) {
	case GRPC_OK: return 200;
	case GRPC_CANCELLED: return 499;
	case GRPC_INVALID_ARGUMENT:
	case GRPC_UNKNOWN: return 400;
	case GRPC_UNAUTHENTICATED: return 401;
	case GRPC_NOT_FOUND:
	case GRPC_FAILED_PRECONDITION:
	case GRPC_UNIMPLEMENTED: return 404;
	case GRPC_RESOURCE_EXHAUSTED: return 413;
	case GRPC_DEADLINE_EXCEEDED: return 504;
	case GRPC_UNAVAILABLE: return 503;
	default: return 500;
	}
}

static const struct sockaddr *
recording_peer(struct grpc_connection *connection)
{
	void *place = &connection->peer;
	socklen_t len = sizeof(connection->peer);

	if (!connection->has_peer)
		connection->has_peer = getpeername(connection->fd, place, &len) == 0;
	return connection->has_peer ? place : NULL;
}

bool
recording_write(struct grpc_call *call, enum grpc_code code, const char *words,
		struct event_wait *wait)
{
	const struct front_issued *issued = &call->issued;
	struct event_request request = {
		.protocol = EVENT_GRPC,
		.status = recording_status(call, code),
		.words = code != GRPC_OK ? words : NULL,
		.began_us = call->began_us,
		.taken_us = issued->taken_us,
		.now_us = clock_us(),
		.store = call->store != NULL ? call->store->name : "",
		.sequence = issued->sequence,
		.sequence_len = issued->sequence_len,
		.space = issued->space,
		.node = issued->node,
		.is_scrambled = issued->is_scrambled,
		.peer = recording_peer(call->connection),
		.forwarded_for = call->head.forwarded_for,
		.agent = call->head.agent,
		.request_id = call->head.request_id,
	};

	if (code == GRPC_OK)
		request.ids = issued->ids;
	call->is_recorded = true;
	return event_recorder_write(call->connection->server->settings.recorder, &request, wait);
}
