/*
 * buffer -- a growing array of bytes. It begins in memory of its owner, and moves to the heap when that is too small.
 *
 * One thread at a time.
 */
#ifndef TICKR_GRPC_BUFFER_H
#define TICKR_GRPC_BUFFER_H

#include <stddef.h>

#include "base/attributes.h"

struct grpc_buffer {
	unsigned char *bytes;
	size_t size;
	size_t start, len; /* the bytes from START up to LEN are still to be taken */
};

/* Return an empty buffer over MEMORY, which outlives it. */
struct grpc_buffer buffer_over(unsigned char *memory, size_t size);

/* Make room for SIZE bytes after the last one, which may move all bytes. MEMORY: that of buffer_over(). */
void buffer_room(struct grpc_buffer *buffer, size_t size, const unsigned char *memory);

void buffer_free(struct grpc_buffer *buffer, const unsigned char *memory);

#endif
