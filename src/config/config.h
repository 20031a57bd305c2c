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
#include "store/store.h"
#include "ticket/database.h"
#include "ticket/space.h"

/* The indices of CHOICE keys, in the order of their words in keys.h. */
enum database_policy { DATABASE_POLICY_ROUND_ROBIN, DATABASE_POLICY_FAILOVER };
enum batch_format { BATCH_FORMAT_ARRAY, BATCH_FORMAT_GROUP };

struct config {
#define CONFIG_NUMBER							 uint64_t
#define CONFIG_SECONDS							 uint64_t
#define CONFIG_WHOLE_SECONDS						 uint64_t
#define CONFIG_TEXT							 char *
#define CONFIG_SECRET							 char *
#define CONFIG_CHOICE							 unsigned
#define KEY(variable, field, type, fallback, least, most, allowed, help) CONFIG_##type field;
#define STORE_KEY(variable, type, fallback, least, most, allowed, help)
#include "config/keys.h"

	/* These follow from the variables. */
	const struct store *store; /* NULL: this tickrd was built without it */
	struct store_settings databases[MOST_DATABASES];
	size_t database_count;
	struct listen_address control_address; /* if TICKR_CONTROL_SOCKET is set */
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
