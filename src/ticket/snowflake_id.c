#include <assert.h>

#include "ticket/snowflake_id.h"

bool
snowflake_id_make(uint32_t node, uint32_t per_ms, uint64_t number, uint64_t *id)
{
	uint64_t ms = number / per_ms;

	assert(node < SNOWFLAKE_NODES && per_ms <= SNOWFLAKE_MOST_PER_MS);
	if (ms >= SNOWFLAKE_END_MS)
		return false;
	*id = ms << (SNOWFLAKE_NODE_BITS + SNOWFLAKE_SEQUENCE_BITS) |
	      (uint64_t)node << SNOWFLAKE_SEQUENCE_BITS | number % per_ms;
	return true;
}

bool
snowflake_id_split(uint64_t id, struct snowflake_parts *parts)
{
	if (id > INT64_MAX)
		return false;
	parts->ms = id >> (SNOWFLAKE_NODE_BITS + SNOWFLAKE_SEQUENCE_BITS);
	parts->node = (uint32_t)(id >> SNOWFLAKE_SEQUENCE_BITS) % SNOWFLAKE_NODES;
	parts->sequence = (uint32_t)(id % SNOWFLAKE_MOST_PER_MS);
	return true;
}

uint32_t
snowflake_datacenters(unsigned datacenter_bits)
{
	assert(datacenter_bits <= SNOWFLAKE_NODE_BITS);
	return 1u << datacenter_bits;
}

uint32_t
snowflake_workers(unsigned datacenter_bits)
{
	assert(datacenter_bits <= SNOWFLAKE_NODE_BITS);
	return 1u << (SNOWFLAKE_NODE_BITS - datacenter_bits);
}

uint32_t
snowflake_node(unsigned datacenter_bits, uint32_t datacenter, uint32_t worker)
{
	assert(datacenter < snowflake_datacenters(datacenter_bits));
	assert(worker < snowflake_workers(datacenter_bits));
	return datacenter * snowflake_workers(datacenter_bits) + worker;
}

uint32_t
snowflake_node_datacenter(unsigned datacenter_bits, uint32_t node)
{
	return node / snowflake_workers(datacenter_bits);
}

uint32_t
snowflake_node_worker(unsigned datacenter_bits, uint32_t node)
{
	return node % snowflake_workers(datacenter_bits);
}
