#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "grpc/buffer.h"

struct grpc_buffer
buffer_over(unsigned char *memory, size_t size)
{
	return (struct grpc_buffer){.bytes = memory, .size = size};
}

void
buffer_room(struct grpc_buffer *buffer, size_t size, const unsigned char *memory)
{
	size_t used = buffer->len - buffer->start;
	unsigned char *bytes;

	if (buffer->size - buffer->len >= size)
		return;
	if (buffer->start > 0) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, used);
		buffer->start = 0;
		buffer->len = used;
	}
	if (buffer->size - buffer->len >= size)
		return;
	buffer->size = size > used ? used + size : 2 * used;
	bytes = xmalloc(buffer->size);
	memcpy(bytes, buffer->bytes, used);
	if (buffer->bytes != memory)
		free(buffer->bytes);
	buffer->bytes = bytes;
}

void
buffer_free(struct grpc_buffer *buffer, const unsigned char *memory)
{
	if (buffer->bytes != memory)
		free(buffer->bytes);
	*buffer = (struct grpc_buffer){.bytes = NULL};
}
