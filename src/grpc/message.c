#include <stdlib.h>

#include "base/memory.h"
#include "grpc/message.h"

#define ALIGNMENT 16

static void *
message_alloc(void *arg, size_t size)
{
	struct message_room *room = arg;
	unsigned char *memory = room->bytes + room->used;
	size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

	if (aligned > MESSAGE_ROOM_SIZE - room->used)
		return xmalloc(size);
	room->used += aligned;
	return memory;
}

static void
message_free_piece(void *arg, void *memory)
{
	struct message_room *room = arg;
	unsigned char *piece = memory;

	if (piece < room->bytes || piece >= room->bytes + MESSAGE_ROOM_SIZE)
		free(piece);
}

void *
message_read(struct grpc_call *call, struct message_room *room,
	     const ProtobufCMessageDescriptor *type, const unsigned char *bytes, size_t len)
{
	void *message;

	room->allocator = (ProtobufCAllocator){message_alloc, message_free_piece, room};
	room->used = 0;
	message = protobuf_c_message_unpack(type, &room->allocator, len, bytes);
	if (message == NULL)
		call_fail(call, GRPC_INVALID_ARGUMENT,
			  "the message is malformed: compile the client from the files of proto/");
	return message;
}

void
message_free(struct message_room *room, void *message)
{
	protobuf_c_message_free_unpacked(message, &room->allocator);
}

static size_t
message_pack(struct grpc_call *call, const ProtobufCMessage *message)
{
	unsigned char *room = call_room(call, protobuf_c_message_get_packed_size(message));

	return protobuf_c_message_pack(message, room);
}

void
message_send(struct grpc_call *call, const ProtobufCMessage *message)
{
	call_send(call, message_pack(call, message));
}

void
message_reply(struct grpc_call *call, const ProtobufCMessage *message)
{
	call_reply(call, message_pack(call, message));
}
