/*
 * message -- reads requests and writes answers, with the code that protobuf-c makes of proto/. Loop thread.
 */
#ifndef TICKR_GRPC_MESSAGE_H
#define TICKR_GRPC_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "grpc/call.h"

#define MESSAGE_ROOM_SIZE 1024 /* most requests fit, so they cost no allocation */

struct message_room {
	ProtobufCAllocator allocator;
	size_t used;
	_Alignas(16) unsigned char bytes[MESSAGE_ROOM_SIZE];
};

/*
 * Read a request into ROOM. Return NULL if it is malformed: then CALL has failed. Otherwise the caller passes the
 * message to message_free() while ROOM still exists.
 */
void *message_read(struct grpc_call *call, struct message_room *room,
		   const ProtobufCMessageDescriptor *type, const unsigned char *bytes,
		   size_t len) MUST_CHECK;
void message_free(struct message_room *room, void *message);

/* Send MESSAGE; the second one ends the call. */
void message_send(struct grpc_call *call, const ProtobufCMessage *message);
void message_reply(struct grpc_call *call, const ProtobufCMessage *message);

#endif
