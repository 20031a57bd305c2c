#include <inttypes.h>
#include <stddef.h>
#include <time.h>

#include "ticket/decode.h"
#include "ticket/snowflake_id.h"

bool
decode_parts(const struct ticket_space *space, uint64_t id, struct ticket_parts *parts)
{
	struct ticket_space issuer = *space;

	if (space_is_of_snowflakes(space) || id < space->starting_offset || id > SPACE_LAST_TICKET)
		return false;
	issuer.node_number = (id - space->starting_offset) % space->max_nodes;
	parts->node = issuer.node_number;
	return space_base(&issuer, id, &parts->base);
}

bool
decode_ticket(const struct ticket_space *space, uint64_t id, struct text *json)
{
	struct ticket_parts parts;

	if (!decode_parts(space, id, &parts))
		return false;
	text_addf(json, "\"node\":%" PRIu64 ",\"base\":%" PRIu64, parts.node, parts.base);
	return true;
}

bool
decode_snowflake(uint64_t epoch_ms, unsigned datacenter_bits, uint64_t id, struct text *json)
{
	struct snowflake_parts parts;
	char moment[40] = "";
	struct tm broken;
	uint64_t unix_ms;
	time_t seconds;

	if (!snowflake_id_split(id, &parts))
		return false;
	unix_ms = epoch_ms + parts.ms;
	seconds = (time_t)(unix_ms / 1000);
	if (gmtime_r(&seconds, &broken) != NULL)
		strftime(moment, sizeof(moment), "%Y-%m-%dT%H:%M:%S", &broken);
	text_addf(json,
		  "\"time\":\"%s.%03uZ\",\"ms\":%" PRIu64 ",\"datacenter\":%" PRIu32
		  ",\"worker\":%" PRIu32 ",\"sequence\":%" PRIu32,
		  moment, (unsigned)(unix_ms % 1000), unix_ms,
		  snowflake_node_datacenter(datacenter_bits, parts.node),
		  snowflake_node_worker(datacenter_bits, parts.node), parts.sequence);
	return true;
}
