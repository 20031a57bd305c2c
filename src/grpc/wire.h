/*
 * wire -- walks over the fields of a message in the binary form of protocol buffers. Pure; any thread.
 */
#ifndef TICKR_GRPC_WIRE_H
#define TICKR_GRPC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct wire {
	const unsigned char *at, *end;
};

struct wire_field {
	uint32_t number;
	bool has_bytes; /* it is a string, bytes or a message; otherwise a number, which is skipped */
	const unsigned char *bytes; /* of the message that is walked over */
	size_t len;
};

struct wire wire_over(const unsigned char *bytes, size_t len);

/* Read the next field. False: there is none, or the message is malformed. */
bool wire_next(struct wire *wire, struct wire_field *field) MUST_CHECK;

/*
 * Return the length of the last string in the field NUMBER of a message; 0: it has none. A string that was read
 * ends at its first NUL, so another length than strlen() shows one with a NUL inside.
 */
size_t wire_string_len(const unsigned char *bytes, size_t len, uint32_t number) MUST_CHECK;

/* Write NUMBER to TO, which has room for WIRE_NUMBER_SIZE bytes. Return how many it takes. */
#define WIRE_NUMBER_SIZE 10
size_t wire_number(unsigned char *to, uint64_t number);

/* The head of a field of bytes: its number, below 16, and the length. It takes 1 + WIRE_NUMBER_SIZE bytes at most. */
size_t wire_bytes_head(unsigned char *to, uint32_t number, size_t len);

#endif
