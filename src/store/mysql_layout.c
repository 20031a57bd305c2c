#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_layout.h"
#include "store/pinned.h"

#define SHOWN_SIZE 160

struct column {
	bool is_there;
	bool is_bigint;
	bool is_unsigned;
	bool is_auto_increment;
	bool is_unique; /* the only column of a unique index */
};

struct table {
	struct column id;
	struct column stub;
	unsigned others;
	char shown_memory[SHOWN_SIZE]; /* the columns, for the message */
	struct text shown;
	char engine[ENGINE_SIZE];
	char kind[ENGINE_SIZE]; /* such as "BASE TABLE", "VIEW" or "SEQUENCE" */
	bool is_partitioned;
	char trigger[65]; /* a trigger that sets ids; "": none was seen */
};

struct engine {
	const char *name;
	bool has_table_locks; /* one statement at a time, so that its rows are one progression */
};

const char *
mysql_layout_name(enum mysql_layout layout)
{
	static const char *const names[] = {
		[LAYOUT_APPEND] = "append",
		[LAYOUT_STUB] = "stub",
		[LAYOUT_COUNTER] = "counter",
	};

	return names[layout];
}

static const char *
mysql_layout_or_empty(const char *value)
{
	return value != NULL ? value : "";
}

static struct column *
mysql_layout_column_of(struct table *table, const char *name)
{
	if (strcasecmp(name, "id") == 0)
		return &table->id;
	return strcasecmp(name, "stub") == 0 ? &table->stub : NULL;
}

static void
mysql_layout_read_column(void *arg, MYSQL_ROW row)
{
	struct table *table = arg;
	const char *name = mysql_layout_or_empty(row[0]), *type = mysql_layout_or_empty(row[1]);
	bool is_auto_increment = strstr(mysql_layout_or_empty(row[2]), "auto_increment") != NULL;
	struct column *column = mysql_layout_column_of(table, name);

	if (column == NULL)
		table->others++;
	else
		*column = (struct column){
			.is_there = true,
			.is_bigint = strncasecmp(type, "bigint", strlen("bigint")) == 0,
			.is_unsigned = strcasestr(type, "unsigned") != NULL,
			.is_auto_increment = is_auto_increment,
		};
	text_addf(&table->shown, "%s%s %s%s", table->shown.len > 0 ? ", " : "", name, type,
		  is_auto_increment ? " auto_increment" : "");
}

static void
mysql_layout_read_unique(void *arg, MYSQL_ROW row)
{
	struct column *column = mysql_layout_column_of(arg, mysql_layout_or_empty(row[0]));

	if (column != NULL)
		column->is_unique = true;
}

static void
mysql_layout_read_table(void *arg, MYSQL_ROW row)
{
	struct table *table = arg;

	snprintf(table->engine, sizeof(table->engine), "%s", mysql_layout_or_empty(row[0]));
	snprintf(table->kind, sizeof(table->kind), "%s", mysql_layout_or_empty(row[1]));
	table->is_partitioned = strstr(mysql_layout_or_empty(row[2]), "partitioned") != NULL;
}

static void
mysql_layout_read_trigger(void *arg, MYSQL_ROW row)
{
	struct table *table = arg;

	snprintf(table->trigger, sizeof(table->trigger), "%s", mysql_layout_or_empty(row[0]));
}

/* Only a user with the right to make triggers sees them. For others, the look notices an id that one sets. */
static enum store_result
mysql_layout_read_all(struct store_session *session, struct table *table, struct text *reason)
{
	static const struct {
		const char *sql;
		mysql_session_row_fn *read;
	} questions[] = {
		{"SELECT COLUMN_NAME, COLUMN_TYPE, EXTRA FROM information_schema.COLUMNS "
		 "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickets' "
		 "ORDER BY ORDINAL_POSITION",
		 mysql_layout_read_column},
		{"SELECT MAX(COLUMN_NAME) FROM information_schema.STATISTICS "
		 "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickets' AND NON_UNIQUE = 0 "
		 "GROUP BY INDEX_NAME HAVING COUNT(*) = 1",
		 mysql_layout_read_unique},
		{"SELECT ENGINE, TABLE_TYPE, CREATE_OPTIONS FROM information_schema.TABLES "
		 "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickets'",
		 mysql_layout_read_table},
		{"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS "
		 "WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'tickets' "
		 "AND ACTION_TIMING = 'BEFORE' AND EVENT_MANIPULATION IN ('INSERT', 'UPDATE') "
		 "AND LOWER(ACTION_STATEMENT) REGEXP "
		 "'(set|into|,)[[:space:]]*new[[:space:]]*[.][[:space:]]*`?id`?[[:space:]]*(:?=|;|"
		 "from|$)'",
		 mysql_layout_read_trigger},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(questions); i++) {
		enum store_result result = mysql_session_query(session, questions[i].sql,
							       questions[i].read, table, reason);

		if (result != STORE_OK)
			return result;
	}
	return STORE_OK;
}

/* --- the shape of the table --------------------------------------------------------------------- */

/*
 * Return the engine of this name; NULL: it is not known to allocate each number once under concurrent
 * statements. Some engines read a row and then write it (FEDERATED), or keep nothing (BLACKHOLE). Others
 * allocate the rows of a statement one by one (RocksDB), or spread a table over servers (Spider, NDB).
 */
static const struct engine *
mysql_layout_engine(const char *name)
{
	static const struct engine known[] = {
		{"InnoDB", false}, {"MyISAM", true}, {"Aria", true}, {"MEMORY", false}};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strcasecmp(name, known[i].name) == 0)
			return &known[i];
	return NULL;
}

static bool
mysql_layout_recognise(const struct table *table, enum mysql_layout *layout)
{
	if (table->others > 0 || !table->id.is_there || !table->id.is_bigint)
		return false;
	if (!table->stub.is_there) {
		*layout = LAYOUT_APPEND;
		return table->id.is_auto_increment && table->id.is_unique;
	}
	*layout = table->id.is_auto_increment ? LAYOUT_STUB : LAYOUT_COUNTER;
	return table->stub.is_unique;
}

static const char *
mysql_layout_name_kind(const char *kind)
{
	if (strcasecmp(kind, "VIEW") == 0)
		return "a view";
	if (strcasecmp(kind, "SEQUENCE") == 0)
		return "a sequence";
	if (strcasecmp(kind, "SYSTEM VERSIONED") == 0)
		return "a table with system versioning, which keeps a row for each change";
	return kind[0] != '\0' ? kind : "no table";
}

/* Set *LAYOUT, and add to REASON if tickrd cannot serve from TABLE. */
static void
mysql_layout_judge(const struct table *table, enum mysql_layout *layout, struct text *reason)
{
	if (strcasecmp(table->kind, "BASE TABLE") != 0)
		text_addf(reason,
			  "`tickets` is %s. It must be a plain table in one of the three layouts "
			  "in docs/architecture.md; restore it, or use another database",
			  mysql_layout_name_kind(table->kind));
	else if (!mysql_layout_recognise(table, layout))
		text_addf(reason,
			  "the table `tickets` has a shape tickrd does not know: %s%s. It must be "
			  "one of the three layouts in docs/architecture.md; restore it, or use "
			  "another database",
			  table->shown_memory,
			  table->stub.is_there && !table->stub.is_unique
				  ? " (stub is not unique by itself)"
				  : "");
	else if (mysql_layout_engine(table->engine) == NULL)
		text_addf(reason,
			  "the table `tickets` uses the engine %s, which is not known to allocate "
			  "each number once: stop every tickrd, ALTER TABLE tickets ENGINE=InnoDB, "
			  "start them",
			  table->engine[0] != '\0' ? table->engine : "(none)");
	else if (table->is_partitioned)
		text_add(reason,
			 "the table `tickets` is partitioned, which tickrd does not serve "
			 "from: stop every tickrd, ALTER TABLE tickets REMOVE PARTITIONING, "
			 "start them");
	else if (table->trigger[0] != '\0')
		text_addf(reason, "the trigger `%s` of the table `tickets` sets ids: drop it",
			  table->trigger);
}

enum store_result
mysql_layout_find(struct store_session *session, enum mysql_finding *finding, struct text *reason)
{
	struct table table = {0};
	const struct engine *engine;
	size_t before = reason->len;
	enum store_result result;

	table.shown = TEXT_OVER(table.shown_memory);
	result = mysql_layout_read_all(session, &table, reason);
	if (result != STORE_OK)
		return result;
	if (table.shown.len == 0) {
		*finding = FOUND_NOTHING;
		text_addf(reason,
			  "database %s has no table `tickets` (or its user may not see it): run "
			  "tickrd createdb, or grant SELECT on it",
			  mysql_database(session->settings));
	} else {
		mysql_layout_judge(&table, &session->layout, reason);
		*finding = reason->len > before ? FOUND_WRONG : FOUND_IT;
	}
	snprintf(session->engine, sizeof(session->engine), "%s", table.engine);
	engine = mysql_layout_engine(table.engine);
	session->has_table_locks = engine != NULL && engine->has_table_locks;
	session->last_id = table.id.is_unsigned ? UINT64_MAX : INT64_MAX;
	return STORE_OK;
}

/* --- the row and the settings ---------------------------------------------------------------------- */

enum store_result
mysql_layout_find_row(struct store_session *session, enum mysql_finding *finding,
		      struct text *reason)
{
	const char *sql = session->layout == LAYOUT_APPEND
				  ? "SELECT MAX(id) FROM tickets"
				  : "SELECT MAX(id) FROM tickets WHERE stub = 'a'";
	enum store_result result;
	uint64_t newest = 0;
	bool found;

	result = mysql_session_numbers(session, sql, &newest, 1, &found, reason);
	if (result != STORE_OK)
		return result;
	*finding = FOUND_IT;
	if (!found || newest == 0) {
		*finding = FOUND_WRONG;
		text_addf(reason,
			  "the table `tickets` (%s layout) has %s: it is not known which numbers "
			  "were issued. Stop every tickrd of this node, insert a row with %sid 1 "
			  "and, unless no ticket was ever issued, run tickrd advance --past the "
			  "last one",
			  mysql_layout_name(session->layout),
			  session->layout == LAYOUT_APPEND ? "no row" : "no row with stub 'a'",
			  session->layout == LAYOUT_APPEND ? "" : "stub 'a' and ");
	}
	return STORE_OK;
}

/* Set *IS_THERE if there is a table for the settings. The database of an old Tickr has none. */
static enum store_result
mysql_layout_find_settings_table(struct store_session *session, bool *is_there, struct text *reason)
{
	uint64_t count = 0;
	bool found;
	enum store_result result = mysql_session_numbers(
		session,
		"SELECT COUNT(*) FROM information_schema.TABLES "
		"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tickr_settings'",
		&count, 1, &found, reason);

	*is_there = found && count > 0;
	return result;
}

enum store_result
mysql_layout_find_settings(struct store_session *session, enum mysql_finding *finding,
			   struct text *reason)
{
	static const char sql[] =
		"SELECT max_nodes, node_number, starting_offset FROM tickr_settings WHERE id = 1";
	struct ticket_space pinned;
	uint64_t numbers[3];
	bool found;
	enum store_result result = mysql_layout_find_settings_table(session, &found, reason);

	if (result == STORE_OK && found)
		result = mysql_session_numbers(session, sql, numbers, 3, &found, reason);
	if (result != STORE_OK)
		return result;
	if (!found) {
		*finding = FOUND_NOTHING;
		text_addf(reason,
			  "database %s has no pinned settings (table `tickr_settings`): run "
			  "tickrd createdb, or grant SELECT on it",
			  mysql_database(session->settings));
		return STORE_OK;
	}
	pinned = (struct ticket_space){numbers[0], numbers[1], numbers[2]};
	*finding = pinned_fits(&pinned, &session->settings->space, reason) ? FOUND_IT : FOUND_WRONG;
	return STORE_OK;
}

enum store_result
mysql_layout_check(struct store_session *session, struct text *reason)
{
	typedef enum store_result find_fn(struct store_session *, enum mysql_finding *,
					  struct text *);
	static find_fn *const finds[] = {mysql_layout_find, mysql_layout_find_settings,
					 mysql_layout_find_row};

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
