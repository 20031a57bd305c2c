#include <string.h>

#include "grpc/handlers.h"
#include "grpc/method.h"

static const struct grpc_method methods[] = {
	{"/grpc.health.v1.Health/Check", GRPC_METHOD_HEALTH_CHECK, true, false, health_check, NULL},
	{"/grpc.health.v1.Health/Watch", GRPC_METHOD_HEALTH_WATCH, true, false, health_watch, NULL},
};

const struct grpc_method *
method_find(const char *path, size_t len)
{
	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++)
		if (strlen(methods[i].path) == len && memcmp(methods[i].path, path, len) == 0)
			return &methods[i];
	return NULL;
}
