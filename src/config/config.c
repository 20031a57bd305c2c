#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/processors.h"
#include "config/config.h"
#include "config/key_table.h"
#include "config/loader.h"

#define MOST_SHOWN	   200 /* bytes of a bad value that are shown */
#define LINKS_SIZE	   1024
#define MOST_HTTP_PASSWORD 256 /* with a user name it must fit into what auth.c reads */

static void *
field_of(struct config *config, const struct key *key)
{
	return (char *)config + key->offset;
}

/* --- one value ------------------------------------------------------------------------------- */

void
loader_add_problem(struct loader *loader, const struct key *key, const char *value)
{
	const char *stray;

	text_add(loader->problems, key->variable);
	if (value != NULL) {
		text_add(loader->problems, "=");
		if (key->type == KEY_SECRET)
			text_add(loader->problems, "(not shown)");
		else
			text_add_quoted(loader->problems, value, MOST_SHOWN);
		text_add(loader->problems, " is not allowed: it must be ");
	} else {
		text_add(loader->problems, " is not set: it must be ");
	}
	key_describe(key, loader->problems);
	text_addf(loader->problems, " (%s)", key->help);
	stray = value != NULL ? loader_stray(value, strlen(value)) : NULL;
	if (stray != NULL)
		text_addf(loader->problems, "; the value %s", stray);
	text_add(loader->problems, "\n");
}

static bool
parse_choice(const char *words, const char *value, unsigned *choice)
{
	size_t len = strlen(value);

	for (unsigned i = 0;; i++) {
		size_t word_len = strcspn(words, "|");

		if (word_len == len && strncmp(words, value, len) == 0) {
			*choice = i;
			return true;
		}
		if (words[word_len] == '\0')
			return false;
		words += word_len + 1;
	}
}

static bool
set_field(struct config *config, const struct key *key, const char *value)
{
	void *field = field_of(config, key);
	uint64_t number;

	switch (key->type) {
	case KEY_NUMBER:
		if (!parse_number(value, strlen(value), key->most, &number) || number < key->least)
			return false;
		*(uint64_t *)field = number;
		return true;
	case KEY_SECONDS:
	case KEY_WHOLE_SECONDS:
		if (!parse_seconds(value, key->most, &number) || number < key->least)
			return false;
		if (key->type == KEY_WHOLE_SECONDS && number % 1000 != 0)
			return false;
		*(uint64_t *)field = number;
		return true;
	case KEY_CHOICE: return parse_choice(key->allowed, value, field);
	case KEY_TEXT:
	case KEY_SECRET: *(char **)field = xstrdup(value); return true;
	}
	return false;
}

/* A text may have any bytes. Some of them are nearly always a slip. */
static void
warn_of_stray_bytes(struct loader *loader, const struct key *key, const char *value)
{
	bool is_secret = key->type == KEY_SECRET;
	const char *stray =
		is_secret || key->type == KEY_TEXT ? loader_stray(value, strlen(value)) : NULL;

	if (stray != NULL)
		text_addf(loader->warnings, "%s %s, which is taken for a part of the %s\n",
			  key->variable, stray, is_secret ? "password" : "value");
}

/* Bounds that hold for every KEY are checked here; those between keys come after. */
static bool
load_key(struct loader *loader, size_t index)
{
	const struct key *key = &key_table[index];
	const char *value = loader->values[index];

	if (value != NULL && set_field(loader->config, key, value)) {
		warn_of_stray_bytes(loader, key, value);
		return true;
	}
	if (value == NULL && key->fallback != NULL) {
		bool is_text = key->type == KEY_TEXT || key->type == KEY_SECRET;

		if (!is_text && key->fallback[0] == '\0')
			return true; /* derived later */
		return set_field(loader->config, key, key->fallback);
	}
	if (value != NULL || !loader->is_file_bad)
		loader_add_problem(loader, key, value);
	return false;
}

/* --- what concerns several variables ------------------------------------------------------- */

static void
check_readable(struct loader *loader, const char *variable, const char *path)
{
	struct stat status;

	if (path[0] == '\0')
		return;
	if (access(path, R_OK) != 0 || stat(path, &status) != 0)
		text_addf(loader->problems, "%s=%s cannot be read: %s\n", variable, path,
			  strerror(errno));
	else if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		text_addf(loader->problems, "%s=%s is not a file\n", variable, path);
}

const struct key *
loader_key(const char *variable)
{
	for (size_t i = 0; i < key_count; i++)
		if (strcmp(key_table[i].variable, variable) == 0)
			return &key_table[i];
	assert(!"a variable of the table");
	return NULL;
}

const char *
loader_value(const struct loader *loader, const char *variable)
{
	const char *value = loader->values[loader_key(variable) - key_table];

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static void
derive_listening(struct loader *loader)
{
	struct config *config = loader->config;
	char memory[2048];
	struct text problem = TEXT_OVER(memory);

	if (!listen_addresses_parse(config->listen, config->listen_addresses, &config->listen_count,
				    &problem)) {
		loader_add_problem(loader, loader_key("TICKR_LISTEN"), config->listen);
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
	loader_add_problem(loader, loader_key("TICKR_CONTROL_SOCKET"), config->control_socket);
	text_addf(loader->problems, "TICKR_CONTROL_SOCKET: %s\n", memory);
}

static void
check_secrets(struct loader *loader)
{
	struct config *config = loader->config;
	const struct key *key = loader_key("TICKR_HTTP_AUTH_PASSWORD");
	const char *given = loader->values[key - key_table];

	if (given != NULL && given[0] == '\0')
		text_add(loader->problems, "TICKR_HTTP_AUTH_PASSWORD is set and empty: give a "
					   "password, or remove it to serve without one\n");
	loader_read_secret(loader, "TICKR_HTTP_AUTH_PASSWORD", config->http_auth_password_file, 1,
			   &config->http_auth_password);
	if (strlen(config->http_auth_password) > MOST_HTTP_PASSWORD)
		text_addf(loader->problems,
			  "TICKR_HTTP_AUTH_PASSWORD is longer than the %d bytes allowed\n",
			  MOST_HTTP_PASSWORD);
}

static void
check_tls(struct loader *loader)
{
	struct config *config = loader->config;

	check_readable(loader, "TICKR_DATABASE_SSL_CA", config->ssl_ca);
	check_readable(loader, "TICKR_DATABASE_SSL_CERT", config->ssl_cert);
	check_readable(loader, "TICKR_DATABASE_SSL_KEY", config->ssl_key);
	if ((config->ssl_cert[0] == '\0') != (config->ssl_key[0] == '\0'))
		text_add(loader->problems, "TICKR_DATABASE_SSL_CERT and TICKR_DATABASE_SSL_KEY go "
					   "together: set both or neither\n");
}

static void
check_reserve_ahead(struct loader *loader)
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

static void
derive(struct loader *loader)
{
	struct config *config = loader->config;

	if (config->http_threads == 0) {
		uint64_t most = loader_key("TICKR_HTTP_THREADS")->most;

		config->http_threads = processors_usable("/proc");
		if (config->http_threads > most)
			config->http_threads = most;
	}
	databases_derive(loader);
	derive_listening(loader);
	check_secrets(loader);
	check_tls(loader);
	check_reserve_ahead(loader);
}

/* --- the whole ------------------------------------------------------------------------------- */

bool
config_load(struct config *config, const char *env_file, char *const *environment,
	    struct text *problems, struct text *warnings)
{
	char memory[LINKS_SIZE];
	struct text links = TEXT_OVER(memory);
	struct loader loader = {
		.config = config, .links = &links, .problems = problems, .warnings = warnings};

	memset(config, 0, sizeof(*config));
	loader.values = xcalloc(key_count, sizeof(*loader.values));
	if (env_file != NULL)
		loader_give_file(&loader, env_file);
	loader_give_environment(&loader, environment);
	loader_warn_of_links(&loader);

	for (size_t i = 0; i < key_count; i++)
		if (!load_key(&loader, i) && key_table[i].type == KEY_TEXT)
			*(char **)field_of(config, &key_table[i]) = xstrdup("");
	derive(&loader);

	for (size_t i = 0; i < key_count; i++) {
		config_forget(loader.values[i]);
		free(loader.values[i]);
	}
	free(loader.values);
	return problems->len == 0;
}

void
config_free(struct config *config)
{
	for (size_t i = 0; i < key_count; i++) {
		char **field = field_of(config, &key_table[i]);

		if (key_table[i].type == KEY_SECRET)
			config_forget(*field);
		if (key_table[i].type == KEY_TEXT || key_table[i].type == KEY_SECRET)
			free(*field);
	}
	databases_free(config);
}
