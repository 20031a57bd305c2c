/*
 * config -- every setting, read once at the start from TICKR_* variables.
 *
 * Main thread, before there are other threads. Afterwards the struct is read only. keys.h is the table of the
 * variables.
 */
#ifndef TICKR_CONFIG_CONFIG_H
#define TICKR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/networks.h"
#include "base/text.h"
#include "config/address.h"
#include "config/sequencers.h"
#include "remote/clickhouse_url.h"
#include "store/store.h"
#include "ticket/database.h"
#include "ticket/json.h"
#include "ticket/scramble.h"
#include "ticket/space.h"

/* The indices of CHOICE keys, in the order of their words in keys.h. */
enum database_policy { DATABASE_POLICY_ROUND_ROBIN, DATABASE_POLICY_FAILOVER };
enum config_sequences { CONFIG_SEQUENCES_NONE, CONFIG_SEQUENCES_DECLARED, CONFIG_SEQUENCES_ANY };

enum config_coordinator {
	CONFIG_COORDINATOR_NONE,
	CONFIG_COORDINATOR_ETCD,
	CONFIG_COORDINATOR_ZOOKEEPER
};
enum config_layout { CONFIG_LAYOUT_DATACENTERS, CONFIG_LAYOUT_NODES };

#define MOST_COORDINATOR_ENDPOINTS 16

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
	struct networks proxies; /* of TICKR_TRUSTED_PROXIES */
	bool has_scramble_key;
	unsigned char scramble_key[SCRAMBLE_KEY_SIZE];
	bool is_snowflake;	   /* there is no database: the server makes Snowflake ids */
	bool has_snowflakes;	   /* the server, or a store of it, makes Snowflake ids */
	uint32_t snowflake_worker; /* UINT32_MAX: any */
	char *coordinator_list;	   /* the text of the endpoints */
	const char *coordinator_hosts[MOST_COORDINATOR_ENDPOINTS];
	size_t coordinator_count; /* 0: no coordinator */
	const struct store
		*store; /* NULL: this tickrd was built without it, or makes Snowflake ids */
	struct store_settings databases[MOST_DATABASES];
	size_t database_count;
	struct sequencer sequencers[MOST_SEQUENCERS]; /* the stores of TICKR_SEQUENCERS_FILE */
	size_t sequencer_count;
	struct clickhouse_url clickhouse;      /* if TICKR_CLICKHOUSE_URL is set */
	struct listen_address control_address; /* if TICKR_CONTROL_SOCKET is set */
	struct listen_address listen_addresses[MOST_LISTEN_ADDRESSES];
	size_t listen_count;
	struct listen_address grpc_addresses[MOST_LISTEN_ADDRESSES];
	size_t grpc_count; /* 0: no gRPC */
};

/*
 * Fill CONFIG from ENV_FILE (NULL: none) and from ENVIRONMENT, as environ, which wins if both have a variable.
 * An empty value counts as not set. PROBLEMS has a line for each bad or missing variable, WARNINGS one for each
 * unknown variable. No line holds a password. False: there is a problem. config_free() is due in both cases.
 */
bool config_load(struct config *config, const char *env_file, char *const *environment,
		 struct text *problems, struct text *warnings) MUST_CHECK;
void config_free(struct config *config);

/*
 * The same for the variables of ClickHouse alone, which are all that its commands need. The other fields of CONFIG
 * are 0.
 */
bool config_load_clickhouse(struct config *config, const char *env_file, char *const *environment,
			    struct text *problems, struct text *warnings) MUST_CHECK;

/* Print the variables and their meanings, for tickrd --help. */
void config_print_help(FILE *to);

/* Print a line for each variable, for scripts: name, default, allowed values and meaning, with tabs between. */
void config_print_variables(FILE *to);

#endif
