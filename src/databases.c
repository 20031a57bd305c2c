#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "build.h"

#include "base/log.h"
#include "databases.h"
#include "metrics/metrics.h"
#include "pool/pool.h"
#include "store/drivers.h"

/* A session has a socket. While it connects, it looks up a name or reads certificates. */
#define SESSION_DESCRIPTORS 4

/* A session takes all that waits, for any number of sequences. The second one steps in when the first is late. */
#define SEQUENCE_SESSIONS 2

/* A save of the state file; SQLite's log, its index, its journal and its folder. */
#define DATABASE_DESCRIPTORS 8

const struct store *
databases_store(const struct config *config)
{
	char memory[64];
	struct text built = TEXT_OVER(memory);

	if (config->store != NULL)
		return config->store;
	if (config->is_snowflake) {
		fputs("tickrd: TICKR_DATABASE_ADAPTER=snowflake has no database\n", stderr);
		return NULL;
	}
	drivers_list(&built);
	log_error("this tickrd was built without its store",
		  LOG_WORD("adapter", driver_name(config->database_adapter)),
		  LOG_TEXT("built_with", memory));
	return NULL;
}

bool
databases_begin(const struct store *store)
{
	if (store->begin())
		return true;
	log_error("cannot start the database's client library", LOG_WORD("adapter", store->name));
	return false;
}

unsigned
databases_sessions(const struct config *config, const struct store *store)
{
	unsigned most = store->most_sessions;
	unsigned wanted = (unsigned)config->pool_size;

	return most > 0 && wanted > most ? most : wanted;
}

unsigned
databases_sequence_sessions(const struct config *config, const struct store *store)
{
	unsigned most = databases_sessions(config, store);

	if (config->sequences == CONFIG_SEQUENCES_NONE)
		return 0;
	return most < SEQUENCE_SESSIONS ? most : SEQUENCE_SESSIONS;
}

uint64_t
databases_descriptors(const struct config *config, const struct store *store)
{
	uint64_t sessions = (uint64_t)databases_sessions(config, store) + 1; /* with maintenance */
	uint64_t more = databases_sequence_sessions(config, store);
	uint64_t files = more > 0 ? 2 * DATABASE_DESCRIPTORS : DATABASE_DESCRIPTORS;

	if (more > 0)
		sessions += more + 1;
	return config->database_count * (sessions * SESSION_DESCRIPTORS + files);
}

/* --- the start ----------------------------------------------------------------------------------- */

/* Open the state file of database I of CONFIG: that of its tickets, or of its named sequences. */
static struct state_file *
databases_open_state(const struct config *config, size_t i, bool of_sequences, struct text *problem)
{
	struct ticket_space space = config->databases[i].space;

	if (!of_sequences)
		return state_file_open(config->state_dir, &space, problem);
	space.starting_offset = SEQUENCE_FIRST_ID;
	return state_file_open_sequences(config->state_dir, &space, problem);
}

static bool
databases_open_all(const struct config *config, bool of_sequences, struct state_file **states)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	bool are_wanted = config->state_dir[0] != '\0' &&
			  (!of_sequences || config->sequences != CONFIG_SEQUENCES_NONE);

	for (size_t i = 0; i < MOST_DATABASES; i++)
		states[i] = NULL;
	for (size_t i = 0; are_wanted && i < config->database_count; i++) {
		states[i] = databases_open_state(config, i, of_sequences, &problem);
		if (states[i] != NULL)
			continue;
		log_error("cannot open the state file", LOG_TEXT("reason", memory),
			  LOG_DATABASE(config->databases[i].name));
		databases_close_states(states);
		return false;
	}
	return true;
}

bool
databases_open_states(const struct config *config, struct state_file **states)
{
	return databases_open_all(config, false, states);
}

bool
databases_open_sequence_states(const struct config *config, struct state_file **states)
{
	return databases_open_all(config, true, states);
}

void
databases_close_states(struct state_file **states)
{
	for (size_t i = 0; i < MOST_DATABASES; i++) {
		if (states[i] != NULL)
			state_file_close(states[i]);
		states[i] = NULL;
	}
}

struct dispatch *
databases_dispatch(const struct config *config, const struct store *store,
		   struct state_file *const *states, const struct pool_listener *listener)
{
	struct pool_settings pools[MOST_DATABASES];
	struct dispatch_settings settings = {
		.pools = pools,
		.count = config->database_count,
		.is_failover = config->database_policy == DATABASE_POLICY_FAILOVER,
		.pool_timeout_ms = config->pool_timeout_ms,
	};

	for (unsigned i = 0; i < config->database_count; i++) {
		const struct store_settings *database = &config->databases[i];

		pools[i] = (struct pool_settings){
			.store = store,
			.database = *database,
			.state = states[i],
			.sessions = databases_sessions(config, store),
			.number = i,
			.name = database->name,
			.listener = *listener,
		};
		metrics_name_database(i, database->name, database->space.node_number);
	}
	return dispatch_new(&settings);
}

struct dispatch *
databases_sequences(const struct config *config, const struct store *store,
		    struct state_file *const *states, const struct pool_listener *listener,
		    const struct pool_policies *policies)
{
	struct pool_settings pools[MOST_DATABASES];
	struct dispatch_settings settings = {
		.pools = pools,
		.count = config->database_count,
		.is_failover = config->database_policy == DATABASE_POLICY_FAILOVER,
		.is_of_sequences = true,
		.pool_timeout_ms = config->pool_timeout_ms,
	};

	if (config->sequences == CONFIG_SEQUENCES_NONE)
		return NULL;
	for (unsigned i = 0; i < config->database_count; i++)
		pools[i] = (struct pool_settings){
			.store = store->sequences,
			.database = config->databases[i],
			.state = states[i],
			.sessions = databases_sequence_sessions(config, store),
			.number = METRICS_SEQUENCES + i,
			.name = config->databases[i].name,
			.listener = *listener,
			.policies = *policies,
		};
	metrics_show_sequences();
	return dispatch_new(&settings);
}

int
databases_check(const struct config *config)
{
	if (!config->is_snowflake && databases_store(config) == NULL)
		return EX_CONFIG;
	return puts("the settings are good") < 0;
}

void
databases_announce(const struct config *config, const struct store *store)
{
	log_info("tickrd serves", LOG_WORD("version", PACKAGE_VERSION),
		 LOG_NUMBER("max_nodes", config->max_nodes),
		 LOG_WORD("node_number", config->node_number),
		 LOG_NUMBER("starting_offset", config->starting_offset),
		 LOG_NUMBER("http_threads", config->http_threads), LOG_WORD("adapter", store->name),
		 LOG_NUMBER("sessions", databases_sessions(config, store)));
}

void
databases_print_heading(const struct store_settings *database, size_t count, FILE *to)
{
	if (count > 1)
		fprintf(to, "%s, node %" PRIu64 ":\n", database->name, database->space.node_number);
}
