/*
 * buffer -- bytes that begin in an array of their owner, and grow into memory of their own. One thread at a time.
 */
#ifndef TICKR_GRPC_BUFFER_H
#define TICKR_GRPC_BUFFER_H

#include <stddef.h>

#include "base/attributes.h"

struct grpc_buffer {
	unsigned char *bytes;
	size_t size;
	size_t start,
		len; /* the bytes from START on were not taken; LEN counts from the first byte on */
};

/* Return an empty buffer over MEMORY, which outlives it. */
struct grpc_buffer buffer_over(unsigned char *memory, size_t size);

/* Make room for SIZE bytes after the last one. MEMORY: that of buffer_over(). Bytes may move. */
void buffer_room(struct grpc_buffer *buffer, size_t size, const unsigned char *memory);

void buffer_free(struct grpc_buffer *buffer, const unsigned char *memory);

#endif
