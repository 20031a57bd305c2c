#include <inttypes.h>
#include <stdio.h>

#include "decode_command.h"
#include "ticket/decode.h"
#include "ticket/snowflake_id.h"

#define DECODED_SIZE 512

int
decode_command_run(const struct config *config, uint64_t id)
{
	char memory[DECODED_SIZE];
	struct text json = TEXT_OVER(memory);
	bool is_good;

	if (config->is_snowflake)
		is_good =
			decode_snowflake(config->snowflake_epoch_ms > 0 ? config->snowflake_epoch_ms
									: SNOWFLAKE_EPOCH_MS,
					 (unsigned)config->snowflake_datacenter_bits, id, &json);
	else
		is_good = decode_ticket(&config->databases[0].space, id, &json);
	if (!is_good) {
		fprintf(stderr,
			"tickrd: the cluster of these settings does not issue the id %" PRIu64 "\n",
			id);
		return 1;
	}
	return printf("{\"id\":%" PRIu64 ",%s}\n", id, memory) < 0;
}
