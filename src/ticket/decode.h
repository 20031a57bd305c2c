/*
 * decode -- takes an id apart, for answers and commands. Pure; any thread.
 */
#ifndef TICKR_TICKET_DECODE_H
#define TICKR_TICKET_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/space.h"

struct ticket_parts {
	uint64_t node, base;
};

/* Set PARTS of the ticket ID. False: no node of SPACE's cluster issues ID. */
bool decode_parts(const struct ticket_space *space, uint64_t id,
		  struct ticket_parts *parts) MUST_CHECK;

/* Add the node and the base of the ticket ID as JSON members. False: no node of SPACE's cluster issues ID. */
bool decode_ticket(const struct ticket_space *space, uint64_t id, struct text *json) MUST_CHECK;

/*
 * Add the time, the datacenter, the worker and the sequence of the Snowflake ID as JSON members. EPOCH_MS is in ms since
 * 1970. False: ID is above 2^63 - 1.
 */
bool decode_snowflake(uint64_t epoch_ms, unsigned datacenter_bits, uint64_t id,
		      struct text *json) MUST_CHECK;

#endif
