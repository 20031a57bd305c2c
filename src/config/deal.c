/*
 * DESIGN. TICKR_DATABASE_HOST says how many databases there are, and TICKR_NODE_NUMBER has as many numbers.
 * A store that does not read TICKR_DATABASE_HOST has one database. The other lists have one value for all
 * databases, or one for each. With one database nothing is split at commas, so its password may have any.
 *
 * The store reads the values of each database through struct store_given, and makes its settings of them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "config/deal.h"
#include "config/secret.h"
#include "store/drivers.h"

/* The variables that may be lists. */
enum deal_list { DEAL_HOSTS, DEAL_USERS, DEAL_PASSWORDS, DEAL_NAMES, DEAL_LISTS };

static const char *const deal_variables[DEAL_LISTS] = {
	[DEAL_HOSTS] = "TICKR_DATABASE_HOST",
	[DEAL_USERS] = "TICKR_DATABASE_USERNAME",
	[DEAL_PASSWORDS] = "TICKR_DATABASE_PASSWORD",
	[DEAL_NAMES] = "TICKR_DATABASE_NAME",
};

struct deal {
	struct loader *loader;
	const struct store *store;
	size_t count;				 /* of databases */
	char *texts[DEAL_LISTS][MOST_DATABASES]; /* what each database has */
	struct store_given given;		 /* the same, for the store */
};

/* --- lists --------------------------------------------------------------------------------------- */

static size_t
deal_count_pieces(const char *list, char separator)
{
	size_t count = 1;

	while ((list = strchr(list, separator)) != NULL) {
		count++;
		list++;
	}
	return count;
}

/* Return a copy of the piece with this INDEX, or of the only piece. */
static char *
deal_copy_piece(const char *list, char separator, size_t index)
{
	const char separators[] = {separator, '\0'};

	if (deal_count_pieces(list, separator) == 1)
		return xstrdup(list);
	while (index-- > 0)
		list = strchr(list, separator) + 1;
	return xstrndup(list, strcspn(list, separators));
}

/* Whether so many PIECES of VARIABLE can be dealt to all databases. */
static bool
deal_fits(struct deal *deal, const char *variable, const char *pieces_name, size_t pieces)
{
	if (pieces == 1 || pieces == deal->count)
		return true;
	text_addf(deal->loader->problems,
		  "%s has %zu %s, and TICKR_DATABASE_HOST names %zu databases: set one for all, or "
		  "one for each\n",
		  variable, pieces, pieces_name, deal->count);
	return false;
}

/* Whether LIST, between commas, can be dealt, and no piece is empty: an empty one is a mistake. */
static bool
deal_names_each(struct deal *deal, const char *variable, const char *pieces_name, const char *list)
{
	size_t count = deal_count_pieces(list, ',');

	for (size_t i = 0; i < count; i++) {
		char *piece = deal_copy_piece(list, ',', i);
		bool is_empty = piece[0] == '\0';

		free(piece);
		if (is_empty && count > 1) {
			text_addf(deal->loader->problems, "%s: number %zu of its %s is empty\n",
				  variable, i + 1, pieces_name);
			return false;
		}
	}
	return deal_fits(deal, variable, pieces_name, count);
}

/* Give each database its piece of TEXT. If the pieces do not fit, which is reported, give all the first one. */
static void
deal_out(struct deal *deal, enum deal_list list, const char *text, char separator, bool fits)
{
	for (size_t i = 0; i < deal->count; i++)
		deal->texts[list][i] = deal->count > 1
					       ? deal_copy_piece(text, separator, fits ? i : 0)
					       : xstrdup(text);
}

/* --- nodes --------------------------------------------------------------------------------------- */

/* Set the number of the piece with this INDEX; false: it is no number. */
static bool
deal_parse_node(const char *numbers, size_t index, uint64_t *node)
{
	char *piece = deal_copy_piece(numbers, ',', index);
	bool is_number = parse_number(piece, strlen(piece), SPACE_MOST_NODES - 1, node);

	free(piece);
	return is_number;
}

static void
deal_node(struct deal *deal, size_t index, uint64_t node)
{
	struct config *config = deal->loader->config;

	config->databases[index].space =
		(struct ticket_space){config->max_nodes, node, config->starting_offset};
	if (config->max_nodes > 0 && node >= config->max_nodes)
		text_addf(deal->loader->problems,
			  "TICKR_NODE_NUMBER=%" PRIu64 " is not allowed: it must be below "
			  "TICKR_MAX_NODES, which is %" PRIu64 " (node numbers begin at 0)\n",
			  node, config->max_nodes);
}

static void
deal_check_nodes_differ(struct deal *deal)
{
	const struct store_settings *databases = deal->loader->config->databases;

	for (size_t i = 0; i < deal->count; i++)
		for (size_t j = 0; j < i; j++)
			if (databases[i].space.node_number == databases[j].space.node_number)
				text_addf(deal->loader->problems,
					  "TICKR_NODE_NUMBER has %" PRIu64
					  " twice: set another one for each database, or tickrd "
					  "would issue tickets twice\n",
					  databases[i].space.node_number);
}

static void
deal_nodes(struct deal *deal, bool may_be_several)
{
	const char *numbers = deal->loader->config->node_number;
	size_t count = deal_count_pieces(numbers, ',');

	if (numbers[0] == '\0')
		return; /* that is reported already */
	for (size_t i = 0; i < count; i++) {
		uint64_t node;

		if (!deal_parse_node(numbers, i, &node)) {
			loader_add_problem(deal->loader, "TICKR_NODE_NUMBER", numbers);
			return;
		}
		if (i < deal->count)
			deal_node(deal, i, node);
	}
	if (!may_be_several && count != 1)
		text_addf(deal->loader->problems,
			  "TICKR_NODE_NUMBER has %zu numbers, and TICKR_DATABASE_ADAPTER=%s has "
			  "one database: set one number\n",
			  count, deal->store->name);
	else if (deal->count > 0 && count != deal->count)
		text_addf(deal->loader->problems,
			  "TICKR_NODE_NUMBER has %zu numbers, and TICKR_DATABASE_HOST names %zu "
			  "databases: set one for each\n",
			  count, deal->count);
	else
		deal_check_nodes_differ(deal);
}

/* --- passwords ----------------------------------------------------------------------------------- */

/* One file for all databases: it has a line for all of them or a line for each. */
static void
deal_passwords_of_lines(struct deal *deal, const char *file)
{
	char *lines = xstrdup("");

	secret_read(deal->loader, "TICKR_DATABASE_PASSWORD", file, deal->count, &lines);
	deal_out(deal, DEAL_PASSWORDS, lines, '\n',
		 deal_fits(deal, "TICKR_DATABASE_PASSWORD_FILE", "lines",
			   deal_count_pieces(lines, '\n')));
	xforget(lines);
}

/* A file for each database. */
static void
deal_passwords_of_files(struct deal *deal, const char *files)
{
	bool fits = deal_names_each(deal, "TICKR_DATABASE_PASSWORD_FILE", "files", files);

	for (size_t i = 0; i < deal->count; i++) {
		char *path = deal_copy_piece(files, ',', fits ? i : 0);

		deal->texts[DEAL_PASSWORDS][i] = xstrdup("");
		if (fits)
			secret_read(deal->loader, "TICKR_DATABASE_PASSWORD", path, 1,
				    &deal->texts[DEAL_PASSWORDS][i]);
		free(path);
	}
}

static void
deal_passwords(struct deal *deal)
{
	const char *passwords = loader_text(deal->loader, "TICKR_DATABASE_PASSWORD");
	const char *files = loader_text(deal->loader, "TICKR_DATABASE_PASSWORD_FILE");
	bool has_file = files[0] != '\0';

	if (has_file && passwords[0] != '\0')
		text_add(deal->loader->problems,
			 "TICKR_DATABASE_PASSWORD and TICKR_DATABASE_PASSWORD_FILE are both set: "
			 "set one of them\n");
	else if (has_file && deal->count > 1 && strchr(files, ',') != NULL)
		deal_passwords_of_files(deal, files);
	else if (has_file)
		deal_passwords_of_lines(deal, files);
	else
		deal_out(deal, DEAL_PASSWORDS, passwords, ',',
			 deal->count == 1 ||
				 deal_fits(deal, "TICKR_DATABASE_PASSWORD",
					   "passwords between commas (a password with a comma goes "
					   "into TICKR_DATABASE_PASSWORD_FILE)",
					   deal_count_pieces(passwords, ',')));
}

/* --- what the store sees ------------------------------------------------------------------------- */

static const char *
deal_text(const struct store_given *given, const char *variable, size_t database)
{
	const struct deal *deal = CONTAINER_OF(given, const struct deal, given);

	for (size_t i = 0; i < DEAL_LISTS; i++)
		if (strcmp(deal_variables[i], variable) == 0)
			return deal->texts[i][database] != NULL ? deal->texts[i][database] : "";
	return loader_text(deal->loader, variable);
}

static bool
deal_is_set(const struct store_given *given, const char *variable)
{
	return loader_is_set(CONTAINER_OF(given, const struct deal, given)->loader, variable);
}

static void
deal_refuse(const struct store_given *given, const char *variable, const char *words)
{
	struct loader *loader = CONTAINER_OF(given, const struct deal, given)->loader;

	loader_add_problem(loader, variable, loader_text(loader, variable));
	if (words != NULL)
		text_addf(loader->problems, "%s: %s\n", variable, words);
}

/* --- all of them --------------------------------------------------------------------------------- */

static bool
deal_reads(const struct store *store, const char *variable)
{
	for (const char *const *at = store->variables; *at != NULL; at++)
		if (strcmp(*at, variable) == 0)
			return true;
	return false;
}

/* A variable that the store does not read would not do what the operator set it for. */
static void
deal_refuse_unread(struct deal *deal, bool may_be_several)
{
	for (const struct key *key = key_table; key < key_table + key_count; key++) {
		bool is_policy = strcmp(key->variable, "TICKR_DATABASE_POLICY") == 0;
		bool is_read =
			is_policy ? may_be_several
				  : !key->is_of_store || deal_reads(deal->store, key->variable);

		if (!is_read && loader_is_set(deal->loader, key->variable))
			text_addf(deal->loader->problems,
				  "%s is set, and TICKR_DATABASE_ADAPTER=%s does not use it: "
				  "remove one of them\n",
				  key->variable, deal->store->name);
	}
}

/* Deal all lists. False: there are too many databases. */
static bool
deal_lists(struct deal *deal)
{
	const char *hosts = loader_text(deal->loader, deal_variables[DEAL_HOSTS]);
	const char *users = loader_text(deal->loader, deal_variables[DEAL_USERS]);
	const char *names = loader_text(deal->loader, deal_variables[DEAL_NAMES]);
	bool may_be_several = deal_reads(deal->store, deal_variables[DEAL_HOSTS]);
	bool fits;

	deal_refuse_unread(deal, may_be_several);
	deal->count = may_be_several ? deal_count_pieces(hosts, ',') : 1;
	if (deal->count > MOST_DATABASES) {
		char words[64];

		snprintf(words, sizeof(words), "more than %d of them", MOST_DATABASES);
		deal_refuse(&deal->given, deal_variables[DEAL_HOSTS], words);
		deal->count = 0;
	}
	deal_nodes(deal, may_be_several);
	deal_out(deal, DEAL_HOSTS, hosts, ',', true);
	fits = deal->count <= 1 ||
	       deal_names_each(deal, deal_variables[DEAL_USERS], "names", users);
	deal_out(deal, DEAL_USERS, users, ',', fits);
	fits = deal->count <= 1 ||
	       deal_fits(deal, deal_variables[DEAL_NAMES], "names", deal_count_pieces(names, ','));
	deal_out(deal, DEAL_NAMES, names, ',', fits);
	if (deal->count > 0 && deal_reads(deal->store, deal_variables[DEAL_PASSWORDS]))
		deal_passwords(deal);
	return deal->count > 0;
}

void
deal_databases(struct loader *loader)
{
	struct config *config = loader->config;
	struct deal deal = {
		.loader = loader,
		.store = driver_store(config->database_adapter),
		.given = {deal_text, deal_is_set, deal_refuse, loader->problems},
	};

	config->store = deal.store;
	if (deal.store == NULL)
		return;
	if (deal_lists(&deal)) {
		config->database_count = deal.count;
		for (size_t i = 0; i < deal.count; i++) {
			struct store_settings *database = &config->databases[i];

			database->connect_timeout_s = (unsigned)(config->connect_timeout_ms / 1000);
			database->query_timeout_s = (unsigned)(config->query_timeout_ms / 1000);
			database->require_durable = config->require_durable != 0;
		}
		deal.store->parse(&deal.given, config->databases, deal.count);
	}
	for (size_t list = 0; list < DEAL_LISTS; list++)
		for (size_t i = 0; i < deal.count; i++)
			xforget(deal.texts[list][i]);
}

void
deal_forget(struct config *config)
{
	for (size_t i = 0; i < config->database_count; i++)
		config->store->forget(&config->databases[i]);
}
