#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_layout.h"
#include "store/pinned.h"

struct column {
	bool is_there;
	bool is_bigint;
	bool is_auto_increment;
	bool is_unique; /* the primary key, or the only column of a unique one */
};

struct table {
	struct column id;
	struct column stub;
	unsigned others;
	char shown_memory[160]; /* the columns, for people */
	struct text shown;
	char engine[ENGINE_SIZE];
	bool is_base_table;
};

const char *
layout_name(enum mysql_layout layout)
{
	static const char *const names[] = {
		[LAYOUT_APPEND] = "append",
		[LAYOUT_STUB] = "stub",
		[LAYOUT_COUNTER] = "counter",
	};

	return names[layout];
}

static const char *
or_empty(const char *value)
{
	return value != NULL ? value : "";
}

/* Columns of the query below: name, type, key, extra. */
static void
read_column(void *arg, MYSQL_ROW row)
{
	struct table *table = arg;
	const char *name = or_empty(row[0]), *type = or_empty(row[1]);
	struct column column = {
		.is_there = true,
		.is_bigint = strncasecmp(type, "bigint", strlen("bigint")) == 0,
		.is_auto_increment = strstr(or_empty(row[3]), "auto_increment") != NULL,
		.is_unique = strcmp(or_empty(row[2]), "PRI") == 0 ||
			     strcmp(or_empty(row[2]), "UNI") == 0,
	};

	if (strcasecmp(name, "id") == 0)
		table->id = column;
	else if (strcasecmp(name, "stub") == 0)
		table->stub = column;
	else
		table->others++;
	text_addf(&table->shown, "%s%s %s%s", table->shown.len > 0 ? ", " : "", name, type,
		  column.is_auto_increment ? " auto_increment" : "");
}

static void
read_engine(void *arg, MYSQL_ROW row)
{
	struct table *table = arg;

	snprintf(table->engine, sizeof(table->engine), "%s", or_empty(row[0]));
	table->is_base_table = strcmp(or_empty(row[1]), "BASE TABLE") == 0;
}

static bool
recognise(const struct table *table, enum mysql_layout *layout)
{
	if (!table->is_base_table || table->others > 0 || !table->id.is_there ||
	    !table->id.is_bigint)
		return false;
	if (!table->stub.is_there) {
		*layout = LAYOUT_APPEND;
		return table->id.is_auto_increment && table->id.is_unique;
	}
	*layout = table->id.is_auto_increment ? LAYOUT_STUB : LAYOUT_COUNTER;
	return table->stub.is_unique;
}

/* Engines whose statements take the whole table, so that many rows are one progression. */
static bool
locks_tables(const char *engine)
{
	return strcasecmp(engine, "MyISAM") == 0 || strcasecmp(engine, "Aria") == 0;
}

enum store_result
layout_find(struct store_session *session, enum mysql_finding *finding, struct text *reason)
{
	static const char columns[] = "SELECT COLUMN_NAME, COLUMN_TYPE, COLUMN_KEY, EXTRA FROM "
				      "information_schema.COLUMNS "
				      "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickets' "
				      "ORDER BY ORDINAL_POSITION";
	static const char engine[] = "SELECT ENGINE, TABLE_TYPE FROM information_schema.TABLES "
				     "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickets'";
	struct table table = {0};
	enum store_result result;

	table.shown = TEXT_OVER(table.shown_memory);
	result = session_query(session, columns, read_column, &table, reason);
	if (result == STORE_OK)
		result = session_query(session, engine, read_engine, &table, reason);
	if (result != STORE_OK)
		return result;

	*finding = FOUND_IT;
	if (table.shown.len == 0) {
		*finding = FOUND_NOTHING;
		text_addf(reason,
			  "database %s has no table `tickets` (or its user may not see it): run "
			  "tickrd createdb, or grant SELECT on it",
			  session->settings->database);
	} else if (!recognise(&table, &session->layout)) {
		*finding = FOUND_WRONG;
		text_addf(reason,
			  "the table `tickets` has a shape tickrd does not know: %s%s. It must be "
			  "one of the three layouts in docs/architecture.md; restore it, or use "
			  "another database",
			  table.is_base_table ? "" : "it is no table but a view, of ",
			  table.shown_memory);
	}
	snprintf(session->engine, sizeof(session->engine), "%s", table.engine);
	session->has_table_locks = locks_tables(table.engine);
	return STORE_OK;
}

enum store_result
layout_find_row(struct store_session *session, enum mysql_finding *finding, struct text *reason)
{
	const char *sql = session->layout == LAYOUT_APPEND
				  ? "SELECT MAX(id) FROM tickets"
				  : "SELECT MAX(id) FROM tickets WHERE stub = 'a'";
	enum store_result result;
	uint64_t newest = 0;
	bool found;

	result = session_numbers(session, sql, &newest, 1, &found, reason);
	if (result != STORE_OK)
		return result;
	*finding = FOUND_IT;
	if (!found || newest == 0) {
		*finding = FOUND_WRONG;
		text_addf(
			reason,
			"the table `tickets` (%s layout) has %s: which numbers were given is lost. "
			"Stop every tickrd of this node, insert a row with %sid 1 and, unless no "
			"ticket was ever given, run tickrd advance --past the last one",
			layout_name(session->layout),
			session->layout == LAYOUT_APPEND ? "no row" : "no row with stub 'a'",
			session->layout == LAYOUT_APPEND ? "" : "stub 'a' and ");
	}
	return STORE_OK;
}

/* Whether there is a table for the settings, which an older Tickr's database has not. */
static enum store_result
find_settings_table(struct store_session *session, bool *is_there, struct text *reason)
{
	uint64_t count = 0;
	bool found;
	enum store_result result =
		session_numbers(session,
				"SELECT COUNT(*) FROM information_schema.TABLES "
				"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickr_settings'",
				&count, 1, &found, reason);

	*is_there = found && count > 0;
	return result;
}

enum store_result
layout_find_settings(struct store_session *session, enum mysql_finding *finding,
		     struct text *reason)
{
	static const char sql[] =
		"SELECT max_nodes, node_number, starting_offset FROM tickr_settings WHERE id = 1";
	struct ticket_space pinned;
	uint64_t numbers[3];
	bool found;
	enum store_result result = find_settings_table(session, &found, reason);

	if (result == STORE_OK && found)
		result = session_numbers(session, sql, numbers, 3, &found, reason);
	if (result != STORE_OK)
		return result;
	if (!found) {
		*finding = FOUND_NOTHING;
		text_addf(reason,
			  "database %s has no pinned settings (table `tickr_settings`): run "
			  "tickrd createdb, or grant SELECT on it",
			  session->settings->database);
		return STORE_OK;
	}
	pinned = (struct ticket_space){numbers[0], numbers[1], numbers[2]};
	*finding = pinned_fits(&pinned, &session->settings->space, reason) ? FOUND_IT : FOUND_WRONG;
	return STORE_OK;
}

enum store_result
layout_check(struct store_session *session, struct text *reason)
{
	typedef enum store_result find_fn(struct store_session *, enum mysql_finding *,
					  struct text *);
	static find_fn *const finds[] = {layout_find, layout_find_settings, layout_find_row};

	for (unsigned i = 0; i < ARRAY_LENGTH(finds); i++) {
		enum mysql_finding finding;
		enum store_result result = finds[i](session, &finding, reason);

		if (result != STORE_OK)
			return result;
		if (finding != FOUND_IT)
			return STORE_REFUSED;
	}
	return STORE_OK;
}
