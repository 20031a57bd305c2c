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
#include "ticket/database.h"
#include "ticket/json.h"
#include "ticket/space.h"

#define DATABASE_LABEL_SIZE 512 /* a path of SQLite's is the longest */

/* One database, and the node it is. */
struct database_config {
	struct database_address address; /* unused with SQLite */
	bool port_is_given;
	char *user;
	char *password;
	char *name; /* with SQLite the path of the file */
	struct ticket_space space;
	char label[DATABASE_LABEL_SIZE]; /* how people call it: host:port, or a path */
};

/* The indices of CHOICE keys, in the order of their words in keys.h; enum batch_format is in json.h. */
enum database_adapter { DATABASE_ADAPTER_MYSQL, DATABASE_ADAPTER_SQLITE, DATABASE_ADAPTER_MEMORY };
enum database_policy { DATABASE_POLICY_ROUND_ROBIN, DATABASE_POLICY_FAILOVER };

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
	struct database_config databases[MOST_DATABASES];
	size_t database_count;
	struct listen_address control_address; /* where TICKR_CONTROL_SOCKET is set */
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
