#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "advance.h"
#include "advance_sequences.h"
#include "database_command.h"
#include "databases.h"

#define REPORT_SIZE 2048

/* --- createdb ------------------------------------------------------------------------------------ */

static enum store_create_result
database_command_create_one(const struct config *config, const struct store_settings *database,
			    const struct store *store, const struct command_line *line)
{
	char memory[REPORT_SIZE];
	struct text report = TEXT_OVER(memory);
	struct create_order order = {SPACE_FIRST_BASE - 1, line->layout, line->with_sequences};
	enum store_create_result result;

	if (line->has_continue_after)
		order.newest = space_base_up_to(&database->space, line->last_ticket);
	result = store->create(database, &order, &report);
	databases_print_heading(database, config->database_count,
				result == STORE_NOT_CREATED ? stderr : stdout);
	fputs(memory, result == STORE_NOT_CREATED ? stderr : stdout);
	return result;
}

int
database_command_create(const struct config *config, const struct command_line *line)
{
	const struct store *store = databases_store(config);
	size_t made = 0, failed = 0;

	if (store == NULL)
		return EX_CONFIG;
	if (!databases_begin(store))
		return EX_OSERR;
	for (size_t i = 0; i < config->database_count; i++) {
		enum store_create_result result =
			database_command_create_one(config, &config->databases[i], store, line);

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
database_command_find_issuer(const struct config *config, uint64_t ticket)
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
database_command_advance_sequences(const struct config *config, const struct command_line *line)
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
database_command_advance(const struct config *config, const struct command_line *line)
{
	const struct store_settings *database =
		database_command_find_issuer(config, line->last_ticket);
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
		return database_command_advance_sequences(config, line);
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
	databases_print_heading(database, config->database_count, stdout);
	status = advance_run(&order);
	store->release(&settings);
	store->end();
	return status;
}
