/*
 * config -- every setting, read once at the start from TICKR_* variables.
 *
 * Main thread, before there are others; afterwards the struct is read only. The table
 * of variables is keys.h.
 */
#ifndef TICKR_CONFIG_CONFIG_H
#define TICKR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/address.h"
#include "ticket/space.h"

/* The indices of CHOICE keys, in the order of their words in keys.h. */
enum database_adapter { DATABASE_ADAPTER_MYSQL, DATABASE_ADAPTER_SQLITE, DATABASE_ADAPTER_MEMORY };
enum batch_format { BATCH_FORMAT_ARRAY, BATCH_FORMAT_GROUP };

struct config {
#define CONFIG_NUMBER							 uint64_t
#define CONFIG_SECONDS							 uint64_t
#define CONFIG_WHOLE_SECONDS						 uint64_t
#define CONFIG_TEXT							 char *
#define CONFIG_SECRET							 char *
#define CONFIG_CHOICE							 unsigned
#define KEY(variable, field, type, fallback, least, most, allowed, help) CONFIG_##type field;
#include "config/keys.h"

	/* What follows from them. */
	struct ticket_space space;
	struct database_address database;
	bool database_port_is_given;
	struct listen_address listen_addresses[MOST_LISTEN_ADDRESSES];
	size_t listen_count;
};

/*
 * Fill CONFIG from ENV_FILE (NULL: none) and from ENVIRONMENT, as environ, which wins
 * where both name a variable. An empty value counts as not set. Each bad or missing
 * variable is a line in PROBLEMS, each unknown one a line in WARNINGS; lines never hold
 * a password. False when there was a problem. Either way config_free() is due.
 */
bool config_load(struct config *config, const char *env_file, char *const *environment,
		 struct text *problems, struct text *warnings) MUST_CHECK;
void config_free(struct config *config);

/* The variables, with what they mean, for tickrd --help. */
void config_print_help(FILE *to);

/* A line a variable for scripts: name, default, what is allowed, meaning; tabs between. */
void config_print_variables(FILE *to);

#endif
