/* The standard service of health. No password is needed, as over HTTP. */
#include <string.h>

#include "base/memory.h"
#include "grpc/handlers.h"
#include "grpc/message.h"
#include "proto/health.pb-c.h"

#define HEALTH_STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name
#define MOST_SERVICE	    64 /* bytes of a name, which a watch keeps; a store has no longer one */

#define HEALTH_UNKNOWN HEALTH_STATUS(SERVICE_UNKNOWN)

static bool
health_any_store_is_ready(const struct ticket_service *service)
{
	for (size_t i = 0; i < service->stores.count; i++)
		if (service_store_is_ready(service, &service->stores.all[i]))
			return true;
	return false;
}

static const struct {
	const char *name;
	bool (*is_ready)(const struct ticket_service *service);
} health_services[] = {
	{"", service_is_ready},
	{"tickr.v1.Tickets", service_is_ready},
	{"tickr.v1.Sequences", service_sequences_are_ready},
	{"spec.proto.runtime.v1.Runtime", health_any_store_is_ready},
};

/* Find a service, or a store of named sequences by its name. */
static bool
health_find(const struct ticket_service *service, const char *name, bool *is_ready)
{
	const struct front_store *store;

	for (size_t i = 0; i < ARRAY_LENGTH(health_services); i++)
		if (strcmp(health_services[i].name, name) == 0) {
			*is_ready = health_services[i].is_ready(service);
			return true;
		}
	store = front_stores_find(&service->stores, name, strlen(name));
	if (store != NULL)
		*is_ready = service_store_is_ready(service, store);
	return store != NULL;
}

/* The status of a service, as a number of ServingStatus. */
static int
health_status(const struct grpc_call *call, const char *name)
{
	bool is_ready;

	if (!health_find(call_service(call), name, &is_ready))
		return HEALTH_UNKNOWN;
	return is_ready && !call->connection->server->is_drain_announced
		       ? HEALTH_STATUS(SERVING)
		       : HEALTH_STATUS(NOT_SERVING);
}

void
health_check(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Grpc__Health__V1__HealthCheckResponse response =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	Grpc__Health__V1__HealthCheckRequest *request;
	struct message_room room;
	int status;

	request = message_read(call, &room, &grpc__health__v1__health_check_request__descriptor,
			       message, len);
	if (request == NULL)
		return;
	status = health_status(call, request->service);
	message_free(&room, request);
	response.status = status;
	if (status == HEALTH_UNKNOWN)
		call_fail(call, GRPC_NOT_FOUND, "there is no such service here");
	else
		message_reply(call, &response.base);
}

/* --- Watch ------------------------------------------------------------------------------------------ */

/* A client that does not read gets the latest status only, when it reads. */
static void
health_tell_one(struct grpc_call *call)
{
	Grpc__Health__V1__HealthCheckResponse response =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	int status = health_status(call, call->watched_service);

	if (status == call->watched || call_unsent(call) > 0)
		return;
	call->watched = status;
	response.status = status;
	message_send(call, &response.base);
}

void
health_tell(struct grpc_server *server)
{
	struct grpc_call *call;

	LIST_FOREACH(call, &server->watchers, watch_link)
	health_tell_one(call);
}

void
health_watch(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Grpc__Health__V1__HealthCheckRequest *request;
	struct message_room room;

	request = message_read(call, &room, &grpc__health__v1__health_check_request__descriptor,
			       message, len);
	if (request == NULL)
		return;
	if (strlen(request->service) > MOST_SERVICE) {
		message_free(&room, request);
		call_fail(call, GRPC_INVALID_ARGUMENT,
			  "no service here has a name of more than 64 bytes");
		return;
	}
	call->watched_service = xstrdup(request->service);
	message_free(&room, request);
	LIST_INSERT_HEAD(&call->connection->server->watchers, call, watch_link);
	call->is_watching = true;
	health_tell_one(call);
}
