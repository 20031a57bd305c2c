/*
 * flood -- recognises clients that make a connection work without asking for anything. Pure; one thread at a time.
 *
 * Limits, for each connection:
 *	FLOOD_RESETS		calls that the client cancels in a burst, and FLOOD_RESETS_PER_SECOND more each second
 *	FLOOD_CONTROLS		the same of PING, SETTINGS, PRIORITY and empty frames
 *	FLOOD_CONTINUATIONS	CONTINUATION frames of one head
 */
#ifndef TICKR_GRPC_FLOOD_H
#define TICKR_GRPC_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define FLOOD_RESETS		  1000
#define FLOOD_RESETS_PER_SECOND	  200
#define FLOOD_CONTINUATIONS	  8
#define FLOOD_CONTROLS		  1000
#define FLOOD_CONTROLS_PER_SECOND 200

/* A leaky bucket: each event adds 1, and time drains it. */
struct flood_bucket {
	uint32_t level;
	uint64_t emptied_ms;
};

struct grpc_flood {
	struct flood_bucket resets, controls;
	uint32_t continuations; /* of the present head */
};

/* Count an event at NOW_MS by clock_ms(). True: the client exceeds the limit. */
bool flood_counts_reset(struct grpc_flood *flood, uint64_t now_ms) MUST_CHECK;
bool flood_counts_control(struct grpc_flood *flood, uint64_t now_ms) MUST_CHECK;
bool flood_counts_continuation(struct grpc_flood *flood) MUST_CHECK;

/* Another head begins. */
void flood_begin_head(struct grpc_flood *flood);

#endif
