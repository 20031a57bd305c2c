#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"

#include "base/memory.h"
#include "base/processors.h"
#include "config/config.h"
#include "config/coordinator.h"
#include "config/deal.h"
#include "config/given.h"
#include "config/key_table.h"
#include "config/loader.h"
#include "config/secret.h"
#include "config/small_file.h"
#include "remote/web.h"
#include "config/snowflake.h"
#include "store/drivers.h"

#define MOST_HTTP_PASSWORD 256 /* with a user name it must fit into what auth.c reads */

/* --- settings that depend on several variables ----------------------------------------------- */

static void
config_set_listening(struct loader *loader)
{
	struct config *config = loader->config;
	char memory[2048];
	struct text problem = TEXT_OVER(memory);

	if (!listen_addresses_parse(config->listen, config->listen_addresses, &config->listen_count,
				    &problem)) {
		loader_add_problem(loader, "TICKR_LISTEN", config->listen);
		text_addf(loader->problems,
			  "TICKR_LISTEN: %s. For every IPv4 address of this host write "
			  "0.0.0.0:8080, for every IPv6 address [::]:8080\n",
			  memory);
	}
	text_clear(&problem);
	if (config->control_socket[0] == '\0')
		return;
	if (listen_address_unix(config->control_socket, &config->control_address, &problem))
		return;
	loader_add_problem(loader, "TICKR_CONTROL_SOCKET", config->control_socket);
	text_addf(loader->problems, "TICKR_CONTROL_SOCKET: %s\n", memory);
}

static void
config_set_grpc(struct loader *loader)
{
	struct config *config = loader->config;
	bool has_cert = config->grpc_ssl_cert[0] != '\0', has_key = config->grpc_ssl_key[0] != '\0';
	char memory[2048];
	struct text problem = TEXT_OVER(memory);

	if (has_cert != has_key)
		text_addf(loader->problems,
			  "%s is set without %s: set both for TLS, or remove it\n",
			  has_cert ? "TICKR_GRPC_SSL_CERT" : "TICKR_GRPC_SSL_KEY",
			  has_cert ? "TICKR_GRPC_SSL_KEY" : "TICKR_GRPC_SSL_CERT");
	if (config->grpc_listen[0] == '\0')
		return;
	if (HAVE_GRPC == 0) {
		text_add(loader->problems,
			 "TICKR_GRPC_LISTEN: this tickrd was built without gRPC: remove the "
			 "variable, or build tickrd with libnghttp2 and libprotobuf-c\n");
		return;
	}
	if (listen_addresses_parse(config->grpc_listen, config->grpc_addresses, &config->grpc_count,
				   &problem))
		return;
	loader_add_problem(loader, "TICKR_GRPC_LISTEN", config->grpc_listen);
	text_addf(loader->problems, "TICKR_GRPC_LISTEN: %s\n", memory);
}

static void
config_set_http_password(struct loader *loader)
{
	static const char variable[] = "TICKR_HTTP_AUTH_PASSWORD";
	struct config *config = loader->config;
	const char *given = loader->values[key_find(variable) - key_table];

	if (given != NULL && given[0] == '\0')
		text_addf(loader->problems,
			  "%s is set and empty: set a password, or remove the variable to serve "
			  "without one\n",
			  variable);
	secret_read(loader, variable, config->http_auth_password_file, 1,
		    &config->http_auth_password);
	if (strlen(config->http_auth_password) > MOST_HTTP_PASSWORD)
		text_addf(loader->problems, "%s is longer than the %d bytes allowed\n", variable,
			  MOST_HTTP_PASSWORD);
}

static void
config_check_reserve_ahead(struct loader *loader)
{
	const struct config *config = loader->config;

	if (config->reserve_ahead_min > config->reserve_ahead_max)
		text_addf(loader->problems,
			  "TICKR_RESERVE_AHEAD_MIN=%" PRIu64 " is above "
			  "TICKR_RESERVE_AHEAD_MAX, which is %" PRIu64
			  ": lower the one or raise the "
			  "other\n",
			  config->reserve_ahead_min, config->reserve_ahead_max);
}

/* Next to stores of the file, store `tickr` is there unless the operator has said otherwise. */
static void
config_set_sequences(struct loader *loader)
{
	struct config *config = loader->config;

	if (config->sequencers_file[0] != '\0' && !loader_is_set(loader, "TICKR_SEQUENCES") &&
	    config->store != NULL && config->store->sequences != NULL)
		config->sequences = CONFIG_SEQUENCES_ANY;
	if (config->sequences == CONFIG_SEQUENCES_NONE)
		return;
	if (config->state_dir[0] == '\0')
		text_add(loader->problems,
			 "TICKR_SEQUENCES needs TICKR_STATE_DIR, so that an older copy of the "
			 "database is noticed: set it to a folder of this server\n");
	if (config->store != NULL && config->store->sequences == NULL)
		text_addf(loader->problems,
			  "TICKR_SEQUENCES: the store %s has no named sequences: remove the "
			  "variable\n",
			  config->store->name);
}

static void
config_set_scramble_key(struct loader *loader)
{
	struct config *config = loader->config;
	const char *path = config->scramble_key_file;
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	char *content;
	size_t len;

	if (path[0] == '\0')
		return;
	content = small_file_read(path, &len, &problem);
	if (content == NULL) {
		text_addf(loader->problems, "TICKR_SCRAMBLE_KEY_FILE=%s cannot be read: %s\n", path,
			  memory);
		return;
	}
	while (len > 0 && (content[len - 1] == '\n' || content[len - 1] == '\r'))
		content[--len] = '\0';
	config->has_scramble_key = scramble_parse_key(content, len, config->scramble_key);
	if (!config->has_scramble_key)
		text_addf(loader->problems,
			  "TICKR_SCRAMBLE_KEY_FILE=%s must hold 64 hexadecimal digits on one line: "
			  "make a key with openssl rand -hex 32\n",
			  path);
	xforget(content);
}

/* Return whether TEXT, which becomes a part of a header, has no control characters. */
static bool
config_is_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Check that the file of authorities CA, which variable NAME names, can be read. "": there is none. */
static void
config_check_ca(struct loader *loader, const char *name, const char *ca)
{
	if (ca[0] != '\0' && access(ca, R_OK) != 0)
		text_addf(loader->problems, "%s=%s cannot be read: %s\n", name, ca,
			  strerror(errno));
}

static void
config_set_clickhouse(struct loader *loader)
{
	struct config *config = loader->config;
	const char *mistake;

	secret_read(loader, "TICKR_CLICKHOUSE_PASSWORD", config->clickhouse_password_file, 1,
		    &config->clickhouse_password);
	if (!config_is_line(config->clickhouse_username) ||
	    !config_is_line(config->clickhouse_password))
		text_add(loader->problems, "TICKR_CLICKHOUSE_USERNAME and the password must have "
					   "no control characters: remove them\n");
	if (config->clickhouse_url[0] == '\0')
		return;
	mistake = clickhouse_url_parse(config->clickhouse_url, &config->clickhouse);
	if (mistake != NULL) {
		loader_add_problem(loader, "TICKR_CLICKHOUSE_URL", config->clickhouse_url);
		text_addf(loader->problems, "TICKR_CLICKHOUSE_URL: %s\n", mistake);
	} else if (!web_is_built())
		text_addf(loader->problems, "TICKR_CLICKHOUSE_URL: %s\n", WEB_NOT_BUILT);
	config_check_ca(loader, "TICKR_CLICKHOUSE_SSL_CA", config->clickhouse_ssl_ca);
}

static void
config_set_proxies(struct loader *loader)
{
	struct config *config = loader->config;
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (networks_parse(config->trusted_proxies, &config->proxies, &problem))
		return;
	loader_add_problem(loader, "TICKR_TRUSTED_PROXIES", config->trusted_proxies);
	text_addf(loader->problems, "TICKR_TRUSTED_PROXIES: %s\n", memory);
}

static void
config_set_audit(struct loader *loader)
{
	struct config *config = loader->config;

	if (config->audit_dir[0] == '\0' &&
	    (config->audit_required == 1 || config->audit_s3_url[0] != '\0'))
		text_addf(loader->problems,
			  "%s needs TICKR_AUDIT_DIR: set it to a folder of this server\n",
			  config->audit_required == 1 ? "TICKR_AUDIT_REQUIRED"
						      : "TICKR_AUDIT_S3_URL");
	secret_read(loader, "TICKR_AUDIT_S3_ACCESS_KEY", config->audit_s3_access_key_file, 1,
		    &config->audit_s3_access_key);
	secret_read(loader, "TICKR_AUDIT_S3_SECRET_KEY", config->audit_s3_secret_key_file, 1,
		    &config->audit_s3_secret_key);
	if (config->audit_s3_url[0] != '\0' &&
	    (config->audit_s3_access_key[0] == '\0' || config->audit_s3_secret_key[0] == '\0'))
		text_add(loader->problems,
			 "TICKR_AUDIT_S3_URL needs TICKR_AUDIT_S3_ACCESS_KEY and "
			 "TICKR_AUDIT_S3_SECRET_KEY, or the files of both: set them\n");
	config_check_ca(loader, "TICKR_AUDIT_S3_SSL_CA", config->audit_s3_ssl_ca);
}

/* --- all settings ---------------------------------------------------------------------------- */

static void
config_begin(struct loader *loader, const char *env_file, char *const *environment)
{
	memset(loader->config, 0, sizeof(*loader->config));
	loader->values = xcalloc(key_count, sizeof(*loader->values));
	given_read(loader, env_file, environment);
}

/* Return whether no setting has a mistake. */
static bool
config_end(struct loader *loader)
{
	for (size_t i = 0; i < key_count; i++)
		xforget(loader->values[i]);
	free(loader->values);
	return loader->problems->len == 0;
}

bool
config_load(struct config *config, const char *env_file, char *const *environment,
	    struct text *problems, struct text *warnings)
{
	struct loader loader = {.config = config, .problems = problems, .warnings = warnings};

	config_begin(&loader, env_file, environment);
	config->is_snowflake =
		strcmp(loader_text(&loader, "TICKR_DATABASE_ADAPTER"), DRIVER_SNOWFLAKE) == 0;
	config->has_snowflakes = config->is_snowflake;
	for (size_t i = 0; i < key_count; i++)
		loader_load(&loader, &key_table[i]);

	if (config->http_threads == 0) {
		uint64_t most = key_find("TICKR_HTTP_THREADS")->most;

		config->http_threads = processors_usable("/proc");
		if (config->http_threads > most)
			config->http_threads = most;
	}
	if (!config->is_snowflake)
		deal_databases(&loader);
	config_set_listening(&loader);
	config_set_grpc(&loader);
	config_set_http_password(&loader);
	config_check_reserve_ahead(&loader);
	config_set_sequences(&loader);
	config_set_scramble_key(&loader);
	sequencers_read(&loader);
	config_snowflake(&loader);
	config_set_clickhouse(&loader);
	config_set_proxies(&loader);
	config_set_audit(&loader);
	return config_end(&loader);
}

bool
config_load_clickhouse(struct config *config, const char *env_file, char *const *environment,
		       struct text *problems, struct text *warnings)
{
	static const char prefix[] = "TICKR_CLICKHOUSE_";
	struct loader loader = {.config = config, .problems = problems, .warnings = warnings};

	config_begin(&loader, env_file, environment);
	for (size_t i = 0; i < key_count; i++)
		if (strncmp(key_table[i].variable, prefix, strlen(prefix)) == 0 ||
		    strcmp(key_table[i].variable, "TICKR_LOG_LEVEL") == 0)
			loader_load(&loader, &key_table[i]);
	config_set_clickhouse(&loader);
	return config_end(&loader);
}

void
config_free(struct config *config)
{
	for (size_t i = 0; i < key_count; i++)
		if (!key_table[i].is_of_store && key_is_text(&key_table[i]))
			xforget(*(char **)((char *)config + key_table[i].offset));
	explicit_bzero(config->scramble_key, sizeof(config->scramble_key));
	sequencers_forget(config);
	deal_forget(config);
	config_coordinator_forget(config);
}
