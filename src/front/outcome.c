#include <assert.h>

#include "front/outcome.h"

static const struct {
	int http;
	enum grpc_code grpc;
	bool may_retry;
} outcomes[FRONT_OUTCOMES] = {
	[FRONT_OK] = {200, GRPC_OK, false},
	[FRONT_BAD_REQUEST] = {400, GRPC_INVALID_ARGUMENT, false},
	[FRONT_NOT_FOUND] = {404, GRPC_NOT_FOUND, false},
	[FRONT_RETIRED] = {410, GRPC_FAILED_PRECONDITION, false},
	[FRONT_TOO_FAST] = {429, GRPC_UNAVAILABLE, true},
	[FRONT_EXHAUSTED] = {500, GRPC_RESOURCE_EXHAUSTED, false},
	[FRONT_UNAVAILABLE] = {503, GRPC_UNAVAILABLE, true},
	[FRONT_FULL] = {507, GRPC_RESOURCE_EXHAUSTED, false},
};

enum front_outcome
front_outcome_of_status(enum ticket_status status)
{
	switch (status) {
	case TICKET_OK: return FRONT_OK;
	case TICKET_EXHAUSTED: return FRONT_EXHAUSTED;
	case TICKET_NO_SEQUENCE: return FRONT_NOT_FOUND;
	case TICKET_TOO_MANY: return FRONT_BAD_REQUEST;
	case TICKET_TIMED_OUT:
	case TICKET_TOO_MANY_WAITING:
	case TICKET_DATABASE_FAILED:
	case TICKET_DATABASE_REFUSED:
	case TICKET_TOO_LARGE:
	case TICKET_DRAINING: return FRONT_UNAVAILABLE;
	case TICKET_STATUSES: break;
	}
	assert(false);
	return FRONT_UNAVAILABLE;
}

enum front_outcome
front_outcome_of_name(enum directory_result result)
{
	switch (result) {
	case DIRECTORY_KNOWN: return FRONT_OK;
	case DIRECTORY_MISSING: return FRONT_NOT_FOUND;
	case DIRECTORY_RETIRED: return FRONT_RETIRED;
	case DIRECTORY_FULL: return FRONT_FULL;
	case DIRECTORY_TOO_FAST: return FRONT_TOO_FAST;
	case DIRECTORY_UNKNOWN: break;
	}
	assert(false);
	return FRONT_UNAVAILABLE;
}

int
front_outcome_http(enum front_outcome outcome)
{
	return outcomes[outcome].http;
}

enum grpc_code
front_outcome_grpc(enum front_outcome outcome)
{
	return outcomes[outcome].grpc;
}

bool
front_outcome_may_retry(enum front_outcome outcome)
{
	return outcomes[outcome].may_retry;
}
