/*
 * redis_packet -- commands for Redis, gathered into one piece of RESP and sent together.
 *
 * For statements that many requests wait for. redisAppendCommand() parses a format for each command, and copies it
 * several times. Belongs to one session, in its thread.
 */
#ifndef TICKR_STORE_REDIS_PACKET_H
#define TICKR_STORE_REDIS_PACKET_H

#include <stddef.h>
#include <stdint.h>

/* Begin as {NULL}. It keeps its memory, and grows with the largest statement. */
struct redis_packet {
	char *bytes; /* owned; freed with free() */
	size_t len, size;
	size_t commands;
};

void redis_packet_clear(struct redis_packet *packet);

/* Begin the command NAME with ARGUMENTS arguments, which the caller adds next. */
void redis_packet_command(struct redis_packet *packet, const char *name, size_t arguments);

/* Add an argument of the command. */
void redis_packet_add(struct redis_packet *packet, const char *string);
void redis_packet_add_bytes(struct redis_packet *packet, const char *bytes, size_t len);
void redis_packet_add_number(struct redis_packet *packet, uint64_t number);

#endif
