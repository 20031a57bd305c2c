#include <string.h>

#include "grpc/handlers.h"
#include "grpc/method.h"

/* The row of METRIC, whose label is its path. The busiest are first, because a search begins there. */
#define METHOD(metric, path, ...)                                 \
	{                                                         \
		path, GRPC_METHOD_##metric, .handle = __VA_ARGS__ \
	}

static const struct grpc_method methods[] = {
	METHOD(GET_NEXT_ID, "/spec.proto.runtime.v1.Runtime/GetNextId", runtime_get_next_id),
	METHOD(TICKETS_CREATE, "/tickr.v1.Tickets/Create", tickets_create),
	METHOD(SEQUENCES_CREATE, "/tickr.v1.Sequences/Create", sequences_create),
	METHOD(TICKETS_STATUS, "/tickr.v1.Tickets/Status", tickets_status),
	METHOD(SEQUENCES_SHOW, "/tickr.v1.Sequences/Show", sequences_show),
	METHOD(HEALTH_CHECK, "/grpc.health.v1.Health/Check", health_check, .is_open = true),
	METHOD(HEALTH_WATCH, "/grpc.health.v1.Health/Watch", health_watch, .is_open = true),
	METHOD(REFLECTION, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	       reflection_answer, .has_stream = true, .complete = reflection_complete),
	METHOD(REFLECTION_ALPHA, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	       reflection_answer, .has_stream = true, .complete = reflection_complete),
};

const struct grpc_method *
method_find(const char *path, size_t len)
{
	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++)
		if (strlen(methods[i].path) == len && memcmp(methods[i].path, path, len) == 0)
			return &methods[i];
	return NULL;
}
