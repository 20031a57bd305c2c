#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/pinned.h"
#include "store/sqlite_schema.h"

/* The values in sql/sqlite_tickets.sql. */
#define APPLICATION_ID 1953063787
#define SCHEMA_VERSION 1

static enum store_result
sqlite_schema_check_marks(struct store_session *session, bool *is_empty, struct text *reason)
{
	static const char sql[] =
		"SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema) "
		"FROM pragma_application_id, pragma_user_version";
	const char *file = sqlite_path(session->settings);
	uint64_t marks[3] = {0};
	bool found;
	enum store_result result = sqlite_numbers(session, sql, marks, 3, &found, reason);

	*is_empty = false;
	if (result != STORE_OK)
		return result;
	*is_empty = marks[2] == 0;
	if (*is_empty)
		text_addf(reason, "the database file %s is empty: run tickrd createdb", file);
	else if (marks[0] != APPLICATION_ID)
		text_addf(reason,
			  "the database file %s is not tickrd's: it belongs to another program, or "
			  "was restored from a .dump: see docs/sqlite.md",
			  file);
	else if (marks[1] < SCHEMA_VERSION)
		text_addf(reason,
			  "the database file %s has an older schema: %" PRIu64
			  ", and this tickrd needs %d. Serve from it with the tickrd that made it, "
			  "or make a new one with tickrd createdb --continue-after",
			  file, marks[1], SCHEMA_VERSION);
	else if (marks[1] > SCHEMA_VERSION)
		text_addf(reason,
			  "the database file %s has the schema of a newer tickrd: %" PRIu64
			  ", and this one knows %d: serve from it with the newer one",
			  file, marks[1], SCHEMA_VERSION);
	else
		return STORE_OK;
	return STORE_REFUSED;
}

/* Compare the columns of both tables, with their types, each written as one line. */
static enum store_result
sqlite_schema_check_columns(struct store_session *session, struct text *reason)
{
	static const struct {
		const char *table;
		const char *columns;
	} tables[] = {
		{"tickets", "stub TEXT, id INTEGER"},
		{"tickr_settings", "id INTEGER, max_nodes INTEGER, node_number INTEGER, "
				   "starting_offset INTEGER, pinned_at TEXT"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
		char sql[160], memory[256];
		struct text columns = TEXT_OVER(memory);
		enum store_result result;

		snprintf(sql, sizeof(sql),
			 "SELECT group_concat(name || ' ' || type, ', ') FROM "
			 "(SELECT name, type FROM pragma_table_info('%s') ORDER BY cid)",
			 tables[i].table);
		result = sqlite_string(session, sql, &columns, reason);
		if (result != STORE_OK)
			return result;
		if (strcmp(memory, tables[i].columns) == 0)
			continue;
		text_addf(reason, "the database file %s has %s table `%s`%s%s: restore it",
			  sqlite_path(session->settings), columns.len > 0 ? "an unknown" : "no",
			  tables[i].table, columns.len > 0 ? ": " : "", memory);
		return STORE_REFUSED;
	}
	return STORE_OK;
}

static enum store_result
sqlite_schema_check_settings(struct store_session *session, struct text *reason)
{
	static const char sql[] =
		"SELECT max_nodes, node_number, starting_offset FROM tickr_settings WHERE id = 1";
	uint64_t numbers[3] = {0};
	struct ticket_space pinned;
	bool found;
	enum store_result result = sqlite_numbers(session, sql, numbers, 3, &found, reason);

	if (result != STORE_OK)
		return result;
	if (!found) {
		text_addf(reason,
			  "the database file %s has no pinned settings: insert those that it has "
			  "always had into `tickr_settings`",
			  sqlite_path(session->settings));
		return STORE_REFUSED;
	}
	pinned = (struct ticket_space){numbers[0], numbers[1], numbers[2]};
	return pinned_fits(&pinned, &session->settings->space, reason) ? STORE_OK : STORE_REFUSED;
}

static enum store_result
sqlite_schema_check_row(struct store_session *session, struct text *reason)
{
	uint64_t newest;
	bool found;
	enum store_result result = sqlite_numbers(
		session, "SELECT id FROM tickets WHERE stub = 'a'", &newest, 1, &found, reason);

	if (result != STORE_OK || found)
		return result;
	text_addf(reason,
		  "the table `tickets` of the database file %s has no row: it is not known which "
		  "numbers were issued. Stop its tickrd, insert a row with stub 'a' and id 1 "
		  "and, unless no ticket was ever issued, run tickrd advance --past the last one",
		  sqlite_path(session->settings));
	return STORE_REFUSED;
}

/* A trigger may move the counter after the reserving statement has read it. */
static enum store_result
sqlite_schema_check_triggers(struct store_session *session, struct text *reason)
{
	char memory[128];
	struct text name = TEXT_OVER(memory);
	enum store_result result = sqlite_string(session,
						 "SELECT name FROM sqlite_schema WHERE type = "
						 "'trigger' AND lower(tbl_name) = 'tickets'",
						 &name, reason);

	if (result != STORE_OK || name.len == 0)
		return result;
	text_addf(reason,
		  "the table `tickets` of the database file %s has a trigger, which may change the "
		  "counter: DROP TRIGGER %s",
		  sqlite_path(session->settings), memory);
	return STORE_REFUSED;
}

/* Read the identity. A database of an older tickrd has none. */
static enum store_result
sqlite_schema_read_identity(struct store_session *session, struct text *reason)
{
	struct text identity = TEXT_OVER(session->identity);
	uint64_t is_there = 0;
	bool found;
	enum store_result result = sqlite_numbers(session,
						  "SELECT COUNT(*) FROM sqlite_schema WHERE name = "
						  "'tickr_identity' AND type = 'table'",
						  &is_there, 1, &found, reason);

	text_clear(&identity);
	if (result == STORE_OK && is_there > 0)
		result = sqlite_string(session, "SELECT identity FROM tickr_identity WHERE id = 1",
				       &identity, reason);
	if (identity.len != RANDOM_ID_LEN || identity.is_truncated)
		text_clear(&identity);
	return result;
}

enum store_result
sqlite_schema_check(struct store_session *session, bool *is_empty, struct text *reason)
{
	typedef enum store_result check_fn(struct store_session *, struct text *);
	static check_fn *const checks[] = {
		sqlite_schema_check_columns, sqlite_schema_check_triggers,
		sqlite_schema_check_settings, sqlite_schema_check_row, sqlite_schema_read_identity};
	enum store_result result = sqlite_schema_check_marks(session, is_empty, reason);

	for (unsigned i = 0; i < ARRAY_LENGTH(checks) && result == STORE_OK; i++)
		result = checks[i](session, reason);
	return result;
}
