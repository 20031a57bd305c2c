#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "build.h"

#include "advance.h"
#include "advance_sequences.h"
#include "base/log.h"
#include "databases.h"
#include "metrics/metrics.h"
#include "pool/pool.h"
#include "store/drivers.h"

#define REPORT_SIZE 2048

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

/* --- createdb ------------------------------------------------------------------------------------ */

/* With several databases, name the one that the next lines are about. */
static void
databases_print_heading(const struct config *config, const struct store_settings *database,
			FILE *to)
{
	if (config->database_count > 1)
		fprintf(to, "%s, node %" PRIu64 ":\n", database->name, database->space.node_number);
}

static enum store_create_result
databases_create_one(const struct config *config, const struct store_settings *database,
		     const struct store *store, const struct command_line *line)
{
	char memory[REPORT_SIZE];
	struct text report = TEXT_OVER(memory);
	struct create_order order = {SPACE_FIRST_BASE - 1, line->layout, line->with_sequences};
	enum store_create_result result;

	if (line->has_continue_after)
		order.newest = space_base_up_to(&database->space, line->last_ticket);
	result = store->create(database, &order, &report);
	databases_print_heading(config, database, result == STORE_NOT_CREATED ? stderr : stdout);
	fputs(memory, result == STORE_NOT_CREATED ? stderr : stdout);
	return result;
}

int
databases_create(const struct config *config, const struct command_line *line)
{
	const struct store *store = databases_store(config);
	size_t made = 0, failed = 0;

	if (store == NULL)
		return EX_CONFIG;
	if (!databases_begin(store))
		return EX_OSERR;
	for (size_t i = 0; i < config->database_count; i++) {
		enum store_create_result result =
			databases_create_one(config, &config->databases[i], store, line);

		made += result == STORE_CREATED;
		failed += result == STORE_NOT_CREATED;
	}
	store->end();
	if (failed > 0)
		return 1;
	if (made == 0) {
		puts("nothing was missing");
		return line->if_not_exists ? 0 : 1;
	}
	puts(config->database_count > 1 ? "the databases are ready: start tickrd"
					: "the database is ready: start tickrd");
	return 0;
}

/* --- advance ------------------------------------------------------------------------------------- */

/* Return the database whose node issues TICKET, or the only database. NULL: there is none. */
static const struct store_settings *
databases_find_issuer(const struct config *config, uint64_t ticket)
{
	uint64_t base;

	if (config->database_count == 1)
		return &config->databases[0];
	for (size_t i = 0; i < config->database_count; i++)
		if (space_base(&config->databases[i].space, ticket, &base))
			return &config->databases[i];
	return NULL;
}

/* A store of TICKR_SEQUENCERS_FILE does not need the own databases. */
static int
databases_advance_sequences(const struct config *config, const struct command_line *line)
{
	const struct advance_sequences_order order = {
		.config = config,
		.store = line->store,
		.by = line->raise_by,
		.is_confirmed = line->is_confirmed,
	};

	if (line->store[0] == '\0' && databases_store(config) == NULL)
		return EX_CONFIG;
	return advance_sequences_run(&order);
}

int
databases_advance(const struct config *config, const struct command_line *line)
{
	const struct store_settings *database = databases_find_issuer(config, line->last_ticket);
	struct store_settings settings;
	const struct store *store;
	struct advance_order order = {
		.database = &settings,
		.state_folder = config->state_dir,
		.past = line->last_ticket,
		.is_confirmed = line->is_confirmed,
	};
	int status;

	if (line->with_sequences)
		return databases_advance_sequences(config, line);
	store = order.store = databases_store(config);
	if (store == NULL)
		return EX_CONFIG;
	if (database == NULL) {
		fprintf(stderr,
			"tickrd: none of these databases issues ticket %" PRIu64
			": name the last ticket of the database to move; nothing was changed\n",
			line->last_ticket);
		return 1;
	}
	settings = *database;
	settings.is_guest = true;
	if (!databases_begin(store))
		return EX_OSERR;
	store->claim(&settings);
	databases_print_heading(config, database, stdout);
	status = advance_run(&order);
	store->release(&settings);
	store->end();
	return status;
}

/* --- check-config -------------------------------------------------------------------------------- */

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
