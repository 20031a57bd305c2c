/* The standard service of reflection, in both versions: their messages have the same form. */
#include <stddef.h>

#include "grpc/descriptor.h"
#include "grpc/handlers.h"
#include "grpc/message.h"
#include "proto/reflection_v1.pb-c.h"

#define MOST_UNSENT \
	(64 * 1024) /* bytes of answers that a client has not read, before another one is made */
#define MOST_HELD \
	(4 * MOST_UNSENT) /* bytes that the buffer of a call may have: the last answer doubles it */

typedef Grpc__Reflection__V1__ServerReflectionRequest reflection_request;
typedef Grpc__Reflection__V1__ServerReflectionResponse reflection_response;

static const char *const reflection_services[] = {
	"grpc.health.v1.Health",
	"grpc.reflection.v1.ServerReflection",
	"grpc.reflection.v1alpha.ServerReflection",
	"spec.proto.runtime.v1.Runtime",
	"tickr.v1.Sequences",
	"tickr.v1.Tickets",
};

static void
reflection_list(struct grpc_call *call, reflection_response *response)
{
	Grpc__Reflection__V1__ListServiceResponse list =
		GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
	Grpc__Reflection__V1__ServiceResponse services[ARRAY_LENGTH(reflection_services)];
	Grpc__Reflection__V1__ServiceResponse *pointers[ARRAY_LENGTH(reflection_services)];

	for (size_t i = 0; i < ARRAY_LENGTH(reflection_services); i++) {
		grpc__reflection__v1__service_response__init(&services[i]);
		services[i].name = (char *)reflection_services[i];
		pointers[i] = &services[i];
	}
	list.service = pointers;
	list.n_service = ARRAY_LENGTH(reflection_services);
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
	response->list_services_response = &list;
	message_send(call, &response->base);
}

static void
reflection_refuse(struct grpc_call *call, reflection_response *response)
{
	Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;

	error.error_code = GRPC_NOT_FOUND;
	error.error_message = (char *)"there is no such definition here: list the services";
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
	response->error_response = &error;
	message_send(call, &response->base);
}

/* No file of proto/ imports another, so each answer has one. */
static void
reflection_send_file(struct grpc_call *call, reflection_response *response,
		     const struct descriptor *found)
{
	Grpc__Reflection__V1__FileDescriptorResponse files =
		GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
	ProtobufCBinaryData file = {found->len, (uint8_t *)found->bytes};

	files.file_descriptor_proto = &file;
	files.n_file_descriptor_proto = 1;
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
	response->file_descriptor_response = &files;
	message_send(call, &response->base);
}

/* These files have no extensions, so requests for them find nothing. */
static bool
reflection_find(const reflection_request *request, struct descriptor *found)
{
	switch ((int)request->message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		return descriptor_find_file(request->file_by_filename, found);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		return descriptor_find_symbol(request->file_containing_symbol, found);
	}
	return false;
}

/* Return whether CALL has memory for another answer. If not, end it. */
static bool
reflection_has_room(struct grpc_call *call)
{
	if (call_unsent(call) > MOST_UNSENT)
		call_fail(call, GRPC_RESOURCE_EXHAUSTED,
			  "too many answers wait for the client to read them: read them first");
	else if (call->held == 0 && !call_hold(call, MOST_HELD))
		call_fail_outcome(call, FRONT_UNAVAILABLE,
				  "too many large answers wait for clients to read them: try "
				  "again in a second");
	else
		return true;
	return false;
}

void
reflection_answer(struct grpc_call *call, const unsigned char *message, size_t len)
{
	reflection_response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
	reflection_request *request;
	struct message_room room;
	struct descriptor found;

	if (!reflection_has_room(call))
		return;
	request = message_read(call, &room,
			       &grpc__reflection__v1__server_reflection_request__descriptor,
			       message, len);
	if (request == NULL)
		return;
	response.valid_host = request->host;
	response.original_request = request;
	if (request->message_request_case ==
	    GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES)
		reflection_list(call, &response);
	else if (reflection_find(request, &found))
		reflection_send_file(call, &response, &found);
	else
		reflection_refuse(call, &response);
	message_free(&room, request);
}

void
reflection_complete(struct grpc_call *call)
{
	call_fail(call, GRPC_OK, "");
}
