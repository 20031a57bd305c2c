#include <string.h>

#include "base/memory.h"
#include "store/redis_packet.h"
#include "ticket/json.h"

#define LEAST_SIZE  1024
#define NUMBER_ROOM (JSON_NUMBER_SIZE + sizeof("*\r\n"))

void
redis_packet_clear(struct redis_packet *packet)
{
	packet->len = 0;
	packet->commands = 0;
}

/* Return the end of the packet, where MORE bytes have room. */
static char *
redis_packet_room(struct redis_packet *packet, size_t more)
{
	size_t size = packet->size > 0 ? packet->size : LEAST_SIZE;

	while (size - packet->len < more)
		size *= 2;
	if (size > packet->size)
		packet->bytes = xrealloc(packet->bytes, size);
	packet->size = size;
	return packet->bytes + packet->len;
}

/* Add KIND, which is * before a number of arguments and $ before a length, and NUMBER. */
static void
redis_packet_head(struct redis_packet *packet, char kind, uint64_t number)
{
	char *to = redis_packet_room(packet, NUMBER_ROOM);

	*to++ = kind;
	to += json_number(to, number);
	*to++ = '\r';
	*to++ = '\n';
	packet->len = (size_t)(to - packet->bytes);
}

void
redis_packet_add_bytes(struct redis_packet *packet, const char *bytes, size_t len)
{
	char *to;

	redis_packet_head(packet, '$', len);
	to = redis_packet_room(packet, len + 2);
	memcpy(to, bytes, len);
	memcpy(to + len, "\r\n", 2);
	packet->len += len + 2;
}

void
redis_packet_add(struct redis_packet *packet, const char *string)
{
	redis_packet_add_bytes(packet, string, strlen(string));
}

void
redis_packet_add_number(struct redis_packet *packet, uint64_t number)
{
	char digits[JSON_NUMBER_SIZE];

	redis_packet_add_bytes(packet, digits, json_number(digits, number));
}

void
redis_packet_command(struct redis_packet *packet, const char *name, size_t arguments)
{
	packet->commands++;
	redis_packet_head(packet, '*', arguments + 1);
	redis_packet_add(packet, name);
}
