#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "config/coordinator.h"
#include "config/snowflake.h"
#include "store/drivers.h"

#define FIXED_AHEAD_MS	     2000
#define COORDINATED_AHEAD_MS 60000
#define MOST_NODES	     1024

/* Settings of databases have these beginnings. */
static const char *const snowflake_foreign[] = {
	"TICKR_MAX_NODES", "TICKR_NODE_NUMBER",	    "TICKR_STARTING_OFFSET",
	"TICKR_DATABASE_", "TICKR_REQUIRE_DURABLE", "TICKR_SCRAMBLE_KEY_FILE",
	"TICKR_SEQUENCES", "TICKR_RESERVE_AHEAD",   "TICKR_CONTROL_SOCKET",
};

/* Stores of TICKR_SEQUENCERS_FILE use those of databases that have these beginnings. */
static const char *const snowflake_of_stores[] = {
	"TICKR_SEQUENCES_",	 "TICKR_DATABASE_CONNECT_TIMEOUT", "TICKR_DATABASE_QUERY_TIMEOUT",
	"TICKR_REQUIRE_DURABLE", "TICKR_SCRAMBLE_KEY_FILE",	   "TICKR_CONTROL_SOCKET",
};

/* Settings with these beginnings need Snowflake ids. */
static const char *const snowflake_own[] = {"TICKR_SNOWFLAKE_", "TICKR_COORDINATOR"};

static bool
snowflake_begins_with_any(const char *variable, const char *const *beginnings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(variable, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* The limits of waiting are needed here too. */
static bool
snowflake_is_foreign(const struct config *config, const char *variable)
{
	if (config->sequencer_count > 0 &&
	    snowflake_begins_with_any(variable, snowflake_of_stores,
				      ARRAY_LENGTH(snowflake_of_stores)))
		return false;
	return snowflake_begins_with_any(variable, snowflake_foreign,
					 ARRAY_LENGTH(snowflake_foreign)) &&
	       strcmp(variable, "TICKR_DATABASE_ADAPTER") != 0 &&
	       strcmp(variable, "TICKR_DATABASE_POOL_TIMEOUT") != 0;
}

static void
snowflake_refuse_foreign(struct loader *loader)
{
	for (const struct key *key = key_table; key < key_table + key_count; key++)
		if (snowflake_is_foreign(loader->config, key->variable) &&
		    loader_is_set(loader, key->variable))
			text_addf(loader->problems,
				  "%s is set, and TICKR_DATABASE_ADAPTER=" DRIVER_SNOWFLAKE
				  " does not use it: remove one of them\n",
				  key->variable);
}

static void
snowflake_refuse_own(struct loader *loader)
{
	for (const struct key *key = key_table; key < key_table + key_count; key++)
		if (snowflake_begins_with_any(key->variable, snowflake_own,
					      ARRAY_LENGTH(snowflake_own)) &&
		    loader_is_set(loader, key->variable))
			text_addf(loader->problems,
				  "%s is set, and this server has no Snowflake ids: remove it, set "
				  "TICKR_DATABASE_ADAPTER=" DRIVER_SNOWFLAKE
				  ", or add a store of type snowflake to TICKR_SEQUENCERS_FILE\n",
				  key->variable);
}

static void
snowflake_read_worker(struct loader *loader)
{
	struct config *config = loader->config;
	const char *text = config->snowflake_worker_text;
	uint64_t worker;

	config->snowflake_worker = UINT32_MAX;
	if (strcmp(text, "auto") == 0 && config->coordinator != CONFIG_COORDINATOR_NONE)
		return;
	if (strcmp(text, "auto") == 0)
		text_add(loader->problems,
			 "TICKR_SNOWFLAKE_WORKER is auto, and there is no coordinator to claim a "
			 "worker id from: set it to a number that no other server has, or set "
			 "TICKR_COORDINATOR\n");
	else if (parse_number(text, strlen(text), MOST_NODES - 1, &worker))
		config->snowflake_worker = (uint32_t)worker;
	else
		loader_add_problem(loader, "TICKR_SNOWFLAKE_WORKER", text);
}

/* Check that NUMBER of VARIABLE fits COUNT, which follows from the bits of the datacenter. */
static void
snowflake_check_fits(struct loader *loader, const char *variable, uint64_t number, uint64_t count)
{
	if (number >= count)
		text_addf(loader->problems,
			  "%s is %" PRIu64 ", and with TICKR_SNOWFLAKE_DATACENTER_BITS=%" PRIu64
			  " it must be below %" PRIu64 "\n",
			  variable, number, loader->config->snowflake_datacenter_bits, count);
}

void
config_snowflake(struct loader *loader)
{
	struct config *config = loader->config;
	uint64_t datacenters = 1ull << config->snowflake_datacenter_bits;

	if (config->is_snowflake)
		snowflake_refuse_foreign(loader);
	if (!config->has_snowflakes) {
		snowflake_refuse_own(loader);
		return;
	}
	config_coordinator(loader);
	snowflake_read_worker(loader);
	snowflake_check_fits(loader, "TICKR_SNOWFLAKE_DATACENTER", config->snowflake_datacenter,
			     datacenters);
	if (config->snowflake_worker != UINT32_MAX)
		snowflake_check_fits(loader, "TICKR_SNOWFLAKE_WORKER", config->snowflake_worker,
				     MOST_NODES / datacenters);
	if (config->snowflake_worker != UINT32_MAX && config->state_dir[0] == '\0' &&
	    config->coordinator == CONFIG_COORDINATOR_NONE)
		text_add(loader->problems,
			 "TICKR_SNOWFLAKE_WORKER needs TICKR_STATE_DIR, where the time of the "
			 "newest ids is kept: set it to a folder of this server\n");
	if (config->coordinator_ahead_ms == 0)
		config->coordinator_ahead_ms = config->coordinator == CONFIG_COORDINATOR_NONE
						       ? FIXED_AHEAD_MS
						       : COORDINATED_AHEAD_MS;
}
