/*
 * DESIGN. TICKR_DATABASE_HOST says how many databases there are, and TICKR_NODE_NUMBER has as many
 * numbers. What else belongs to a database may be given once for all, or once for each; where there
 * is one database only, nothing is split at commas, so that a password may have any.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "config/loader.h"

#define MOST_DATABASE_PATH 500 /* SQLite takes no more than 512, and names files beside it */
#define MOST_DATABASE_NAME 64
#define DATABASE_FILE	   "tickr.db"

/* --- lists --------------------------------------------------------------------------------------- */

static size_t
count_pieces(const char *list, char separator)
{
	size_t count = 1;

	while ((list = strchr(list, separator)) != NULL) {
		count++;
		list++;
	}
	return count;
}

/* A copy of the piece with this INDEX; of the only one, where there is but one. */
static char *
copy_piece(const char *list, char separator, size_t index)
{
	const char separators[] = {separator, '\0'};

	if (count_pieces(list, separator) == 1)
		return xstrdup(list);
	while (index-- > 0)
		list = strchr(list, separator) + 1;
	return xstrndup(list, strcspn(list, separators));
}

/* Whether what VARIABLE has, PIECES, can be dealt to all databases. */
static bool
fits(struct loader *loader, const char *variable, const char *pieces_name, size_t pieces)
{
	size_t databases = loader->config->database_count;

	if (pieces == 1 || pieces == databases)
		return true;
	text_addf(
		loader->problems,
		"%s has %zu %s, and TICKR_DATABASE_HOST names %zu databases: give one for all, or "
		"one for each\n",
		variable, pieces, pieces_name, databases);
	return false;
}

/* The same of a LIST with commas, where a piece that was left out is a slip, and no wish. */
static bool
names_each(struct loader *loader, const char *variable, const char *pieces_name, const char *list)
{
	size_t count = count_pieces(list, ',');

	for (size_t i = 0; i < count; i++) {
		char *piece = copy_piece(list, ',', i);
		bool is_empty = piece[0] == '\0';

		free(piece);
		if (is_empty && count > 1) {
			text_addf(loader->problems, "%s: of its %s number %zu is empty\n", variable,
				  pieces_name, i + 1);
			return false;
		}
	}
	return fits(loader, variable, pieces_name, count);
}

/* --- where they are ------------------------------------------------------------------------------ */

static void
derive_address(struct loader *loader, struct database_config *database,
	       const struct database_address *address)
{
	database->address = *address;
	database->port_is_given =
		address->port != 0 || loader_value(loader, "TICKR_DATABASE_PORT") != NULL;
	if (address->port == 0)
		database->address.port = (uint16_t)loader->config->database_port;
}

static void
derive_addresses(struct loader *loader)
{
	struct config *config = loader->config;
	struct database_address addresses[MOST_DATABASES];
	char memory[2048];
	struct text problem = TEXT_OVER(memory);

	if (!database_addresses_parse(config->database_host, addresses, &config->database_count,
				      &problem)) {
		loader_add_problem(loader, loader_key("TICKR_DATABASE_HOST"),
				   config->database_host);
		text_addf(loader->problems, "TICKR_DATABASE_HOST: %s\n", memory);
		config->database_count = 0;
	}
	for (size_t i = 0; i < config->database_count; i++)
		derive_address(loader, &config->databases[i], &addresses[i]);
}

/* --- who they are -------------------------------------------------------------------------------- */

/* The number with this INDEX; false when it is none. */
static bool
parse_node(const char *numbers, size_t index, uint64_t *node)
{
	char *piece = copy_piece(numbers, ',', index);
	bool is_number = parse_number(piece, strlen(piece), SPACE_MOST_NODES - 1, node);

	free(piece);
	return is_number;
}

static void
derive_node(struct loader *loader, struct database_config *database, uint64_t node)
{
	struct config *config = loader->config;

	database->space = (struct ticket_space){config->max_nodes, node, config->starting_offset};
	if (config->max_nodes > 0 && node >= config->max_nodes)
		text_addf(loader->problems,
			  "TICKR_NODE_NUMBER=%" PRIu64 " is not allowed: it must be below "
			  "TICKR_MAX_NODES, which is %" PRIu64 " (node numbers begin at 0)\n",
			  node, config->max_nodes);
}

static void
check_nodes_differ(struct loader *loader)
{
	const struct config *config = loader->config;

	for (size_t i = 0; i < config->database_count; i++)
		for (size_t j = 0; j < i; j++)
			if (config->databases[i].space.node_number ==
			    config->databases[j].space.node_number)
				text_addf(loader->problems,
					  "TICKR_NODE_NUMBER has %" PRIu64
					  " twice: each database must have a node number of its "
					  "own, or they would give the same tickets\n",
					  config->databases[i].space.node_number);
}

static void
derive_nodes(struct loader *loader)
{
	struct config *config = loader->config;
	const char *numbers = config->node_number;
	size_t count = count_pieces(numbers, ',');

	if (numbers[0] == '\0')
		return; /* that is a problem already */
	for (size_t i = 0; i < count; i++) {
		uint64_t node;

		if (!parse_node(numbers, i, &node)) {
			loader_add_problem(loader, loader_key("TICKR_NODE_NUMBER"), numbers);
			return;
		}
		if (i < config->database_count)
			derive_node(loader, &config->databases[i], node);
	}
	if (config->database_adapter == DATABASE_ADAPTER_SQLITE && count != 1)
		text_addf(
			loader->problems,
			"TICKR_NODE_NUMBER has %zu numbers, and with TICKR_DATABASE_ADAPTER=sqlite "
			"there is one database: give one\n",
			count);
	else if (config->database_count > 0 && count != config->database_count)
		text_addf(loader->problems,
			  "TICKR_NODE_NUMBER has %zu numbers, and TICKR_DATABASE_HOST names %zu "
			  "databases: each needs one of its own\n",
			  count, config->database_count);
	else
		check_nodes_differ(loader);
}

/* --- names --------------------------------------------------------------------------------------- */

static void
derive_users(struct loader *loader)
{
	struct config *config = loader->config;
	const char *users = config->database_username;
	size_t count = config->database_count;

	if (count > 1 && !names_each(loader, "TICKR_DATABASE_USERNAME", "names", users))
		return;
	for (size_t i = 0; i < count; i++)
		config->databases[i].user = count > 1 ? copy_piece(users, ',', i) : xstrdup(users);
}

static void
derive_names(struct loader *loader)
{
	struct config *config = loader->config;
	const char *names = config->database_name;
	size_t count = config->database_count;

	if (count > 1 && !fits(loader, "TICKR_DATABASE_NAME", "names", count_pieces(names, ',')))
		return;
	for (size_t i = 0; i < count; i++) {
		char *name = count > 1 ? copy_piece(names, ',', i) : xstrdup(names);

		config->databases[i].name = name;
		if (name[0] == '\0' || strlen(name) > MOST_DATABASE_NAME ||
		    strchr(name, '`') != NULL) {
			loader_add_problem(loader, loader_key("TICKR_DATABASE_NAME"), names);
			return;
		}
	}
}

static bool
is_same(const struct database_config *a, const struct database_config *b)
{
	return strcmp(a->address.host, b->address.host) == 0 &&
	       strcmp(a->address.socket, b->address.socket) == 0 &&
	       (a->address.socket[0] != '\0' || a->address.port == b->address.port) &&
	       a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0;
}

static void
check_databases_differ(struct loader *loader)
{
	const struct config *config = loader->config;

	for (size_t i = 0; i < config->database_count; i++)
		for (size_t j = 0; j < i; j++)
			if (is_same(&config->databases[i], &config->databases[j]))
				text_addf(loader->problems,
					  "TICKR_DATABASE_HOST: databases number %zu and %zu are "
					  "the same one\n",
					  j + 1, i + 1);
}

/* As it is called in the log, in /status and in the metrics. */
static void
derive_label(struct database_config *database)
{
	const struct database_address *address = &database->address;
	struct text label = TEXT_OVER(database->label);

	if (address->socket[0] != '\0')
		text_add(&label, address->socket);
	else if (!database->port_is_given && strcmp(address->host, "localhost") == 0)
		text_add(&label, address->host);
	else if (strchr(address->host, ':') != NULL)
		text_addf(&label, "[%s]:%u", address->host, address->port);
	else
		text_addf(&label, "%s:%u", address->host, address->port);
}

/* --- passwords ----------------------------------------------------------------------------------- */

/* One file for all, of a line for all or a line for each. */
static void
derive_passwords_of_lines(struct loader *loader)
{
	struct config *config = loader->config;
	char *lines = xstrdup("");

	loader_read_secret(loader, "TICKR_DATABASE_PASSWORD", config->database_password_file,
			   config->database_count, &lines);
	if (fits(loader, "TICKR_DATABASE_PASSWORD_FILE", "lines", count_pieces(lines, '\n')))
		for (size_t i = 0; i < config->database_count; i++)
			config->databases[i].password = copy_piece(lines, '\n', i);
	config_forget(lines);
	free(lines);
}

/* A file for each. */
static void
derive_passwords_of_files(struct loader *loader)
{
	struct config *config = loader->config;
	const char *files = config->database_password_file;

	if (!names_each(loader, "TICKR_DATABASE_PASSWORD_FILE", "files", files))
		return;
	for (size_t i = 0; i < config->database_count; i++) {
		char *path = copy_piece(files, ',', i);

		config->databases[i].password = xstrdup("");
		loader_read_secret(loader, "TICKR_DATABASE_PASSWORD", path, 1,
				   &config->databases[i].password);
		free(path);
	}
}

static void
derive_passwords(struct loader *loader)
{
	struct config *config = loader->config;
	const char *passwords = config->database_password;
	const char *files = config->database_password_file;
	size_t count = config->database_count;

	if (files[0] != '\0' && passwords[0] != '\0') {
		text_add(loader->problems,
			 "TICKR_DATABASE_PASSWORD and TICKR_DATABASE_PASSWORD_FILE "
			 "are both set: set one of them\n");
		return;
	}
	if (files[0] != '\0' && count > 1 && strchr(files, ',') != NULL) {
		derive_passwords_of_files(loader);
		return;
	}
	if (files[0] != '\0') {
		derive_passwords_of_lines(loader);
		return;
	}
	if (count > 1 && !fits(loader, "TICKR_DATABASE_PASSWORD",
			       "passwords between commas (a password with a comma goes into "
			       "TICKR_DATABASE_PASSWORD_FILE)",
			       count_pieces(passwords, ',')))
		return;
	for (size_t i = 0; i < count; i++)
		config->databases[i].password =
			count > 1 ? copy_piece(passwords, ',', i) : xstrdup(passwords);
}

/* --- SQLite: one, in a file ---------------------------------------------------------------------- */

/* A file has no server, so who names one means something else than what would happen. */
static void
refuse_server_variables(struct loader *loader)
{
	static const char *const variables[] = {
		"TICKR_DATABASE_HOST",		"TICKR_DATABASE_PORT",
		"TICKR_DATABASE_USERNAME",	"TICKR_DATABASE_PASSWORD",
		"TICKR_DATABASE_PASSWORD_FILE", "TICKR_DATABASE_SSL_CA",
		"TICKR_DATABASE_SSL_CERT",	"TICKR_DATABASE_SSL_KEY",
		"TICKR_DATABASE_SSL_VERIFY",	"TICKR_DATABASE_POLICY",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(variables); i++)
		if (loader_value(loader, variables[i]) != NULL)
			text_addf(loader->problems,
				  "%s is set, and with TICKR_DATABASE_ADAPTER=sqlite there is no "
				  "server: remove one of them\n",
				  variables[i]);
}

/* Make the name of the database a path, never one of SQLite's special names such as :memory: */
static void
derive_file(struct loader *loader)
{
	struct config *config = loader->config;
	struct database_config *database = &config->databases[0];
	const char *name = loader_value(loader, "TICKR_DATABASE_NAME");
	const char *folder = config->state_dir[0] != '\0' ? config->state_dir : ".";
	struct text path = TEXT_OVER(database->label);

	config->database_count = 1;
	if (name == NULL)
		name = DATABASE_FILE;
	if (name[0] == '/')
		text_add(&path, name);
	else
		text_addf(&path, "%s/%s", folder, name);
	if (path.len > MOST_DATABASE_PATH || path.is_truncated)
		loader_add_problem(loader, loader_key("TICKR_DATABASE_NAME"), name);
	database->name = xstrdup(database->label);
	database->user = xstrdup("");
	database->password = xstrdup("");
}

/* --- the whole ----------------------------------------------------------------------------------- */

void
databases_derive(struct loader *loader)
{
	struct config *config = loader->config;

	if (config->database_adapter == DATABASE_ADAPTER_SQLITE) {
		refuse_server_variables(loader);
		derive_file(loader);
		derive_nodes(loader);
		return;
	}
	derive_addresses(loader);
	derive_nodes(loader);
	derive_users(loader);
	derive_names(loader);
	derive_passwords(loader);
	check_databases_differ(loader);
	for (size_t i = 0; i < config->database_count; i++)
		derive_label(&config->databases[i]);
}

void
databases_free(struct config *config)
{
	for (size_t i = 0; i < MOST_DATABASES; i++) {
		config_forget(config->databases[i].password);
		free(config->databases[i].password);
		free(config->databases[i].user);
		free(config->databases[i].name);
	}
}
