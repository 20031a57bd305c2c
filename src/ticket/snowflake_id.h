/*
 * snowflake_id -- the bits of a Snowflake id. Pure; any thread.
 *
 *	0 | 41 bits: milliseconds since the epoch | 10 bits: node | 12 bits: sequence
 *
 * A generator counts numbers, PER_MS of them (1 .. 4096) in each millisecond. So number N is of millisecond
 * N / PER_MS and has the sequence N % PER_MS. Numbers and ids of one node rise together. The node is the datacenter
 * and the worker: DATACENTER_BITS of its 10 bits, the high ones, are the datacenter's.
 */
#ifndef TICKR_TICKET_SNOWFLAKE_ID_H
#define TICKR_TICKET_SNOWFLAKE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define SNOWFLAKE_TIME_BITS	41
#define SNOWFLAKE_NODE_BITS	10
#define SNOWFLAKE_SEQUENCE_BITS 12
#define SNOWFLAKE_NODES		(1u << SNOWFLAKE_NODE_BITS)
#define SNOWFLAKE_MOST_PER_MS	(1u << SNOWFLAKE_SEQUENCE_BITS)
#define SNOWFLAKE_END_MS \
	(1ull << SNOWFLAKE_TIME_BITS)	    /* no id is of this millisecond or a later one */
#define SNOWFLAKE_EPOCH_MS 1609459200000ull /* 2021-01-01, the default, in ms since 1970 */

/* The reason of TICKET_EXHAUSTED. */
#define SNOWFLAKE_EXHAUSTED                                                          \
	"the space of Snowflake ids is exhausted: the 41 bits of the time end, and " \
	"the ids need a later epoch and another place"

struct snowflake_parts {
	uint64_t ms;   /* since the epoch */
	uint32_t node; /* 0 .. 1023 */
	uint32_t sequence;
};

/* The id of NUMBER. False: the time has ended. */
bool snowflake_id_make(uint32_t node, uint32_t per_ms, uint64_t number, uint64_t *id) MUST_CHECK;

/* The parts of ID. False: it is above 2^63 - 1, so it is no Snowflake id. */
bool snowflake_id_split(uint64_t id, struct snowflake_parts *parts) MUST_CHECK;

/* The node of two numbers that fit DATACENTER_BITS, 0 .. 10, and the other bits. */
uint32_t snowflake_node(unsigned datacenter_bits, uint32_t datacenter, uint32_t worker);
uint32_t snowflake_node_datacenter(unsigned datacenter_bits, uint32_t node);
uint32_t snowflake_node_worker(unsigned datacenter_bits, uint32_t node);

/* How many datacenters, and how many workers in each, DATACENTER_BITS leave room for. */
uint32_t snowflake_datacenters(unsigned datacenter_bits);
uint32_t snowflake_workers(unsigned datacenter_bits);

#endif
