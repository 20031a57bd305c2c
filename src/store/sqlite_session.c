/*
 * DESIGN. No error of a file is STORE_LOST, but that its log has lost its name. A lost connection
 * is made anew and asked again at once; a disk that is full or failing would only fail again, and
 * what must be told then is that tickets cannot be had. So it is STORE_FAILED, after which the pool
 * opens a fresh session and believes in the file again when a reservation has succeeded.
 */
#include <string.h>

#include "store/sqlite_session.h"

#define PRIMARY(code) ((code)&0xff) /* without what makes it an extended one */

static enum store_result
classify(int code)
{
	switch (PRIMARY(code)) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: return STORE_BUSY;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH: return STORE_REFUSED;
	default: return STORE_FAILED;
	}
}

/* What the operator may do about it, behind SQLite's own words. */
static const char *
advice(int code)
{
	switch (PRIMARY(code)) {
	case SQLITE_NOTADB: return ": it is not a database of SQLite's; another file is meant";
	case SQLITE_CORRUPT:
		return ": it is damaged; restore it, with a counter that is not behind";
	case SQLITE_FULL: return ": make room on its disk";
	default: return "";
	}
}

enum store_result
sqlite_error(struct store_session *session, struct text *reason)
{
	int code = sqlite3_extended_errcode(session->db);
	int system = sqlite3_system_errno(session->db);
	bool is_io = PRIMARY(code) == SQLITE_IOERR || PRIMARY(code) == SQLITE_CANTOPEN;

	text_addf(reason, "%s: %s (SQLite error %d%s%s)%s", session->settings->database,
		  sqlite3_errmsg(session->db), code, is_io && system != 0 ? ", " : "",
		  is_io && system != 0 ? strerror(system) : "", advice(code));
	return classify(code);
}

enum store_result
sqlite_connect(struct store_session *session, const struct store_settings *settings,
	       bool may_create, struct text *reason)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int wait_ms = (int)(settings->query_timeout_s + 1) / 2 * 1000;

	memset(session, 0, sizeof(*session));
	session->settings = settings;
	if (may_create)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(settings->database, &session->db, flags, NULL) != SQLITE_OK)
		return sqlite_error(session, reason);
	sqlite3_busy_timeout(session->db, wait_ms);
	/* Not NORMAL: it can lose the last commits when the power fails. */
	return sqlite_run(session, "PRAGMA synchronous = FULL", reason);
}

void
sqlite_disconnect(struct store_session *session)
{
	sqlite3_finalize(session->move);
	sqlite3_finalize(session->look);
	sqlite3_close(session->db);
}

/* --- statements ------------------------------------------------------------------------------- */

static void
bind_space(sqlite3_stmt *statement, const struct ticket_space *space)
{
	const struct {
		const char *name;
		uint64_t value;
	} parameters[] = {
		{":max_nodes", space->max_nodes},
		{":node_number", space->node_number},
		{":starting_offset", space->starting_offset},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(parameters); i++) {
		int index = sqlite3_bind_parameter_index(statement, parameters[i].name);

		if (index > 0)
			sqlite3_bind_int64(statement, index, (sqlite3_int64)parameters[i].value);
	}
}

enum store_result
sqlite_run(struct store_session *session, const char *script, struct text *reason)
{
	while (*script != '\0') {
		sqlite3_stmt *statement;
		int code = sqlite3_prepare_v2(session->db, script, -1, &statement, &script);

		if (code == SQLITE_OK && statement == NULL)
			continue; /* nothing but white space */
		if (code == SQLITE_OK) {
			bind_space(statement, &session->settings->space);
			while (sqlite3_step(statement) == SQLITE_ROW)
				continue;
			code = sqlite3_finalize(statement);
		}
		if (code != SQLITE_OK)
			return sqlite_error(session, reason);
	}
	return STORE_OK;
}

enum store_result
sqlite_prepare(struct store_session *session, const char *sql, sqlite3_stmt **statement,
	       struct text *reason)
{
	if (sqlite3_prepare_v3(session->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ==
	    SQLITE_OK)
		return STORE_OK;
	return sqlite_error(session, reason);
}

enum store_result
sqlite_numbers(struct store_session *session, const char *sql, uint64_t *numbers, unsigned count,
	       bool *found, struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	enum store_result result = sqlite_prepare(session, sql, &statement, reason);

	if (result != STORE_OK)
		return result;
	*found = sqlite3_step(statement) == SQLITE_ROW;
	for (unsigned i = 0; *found && i < count; i++) {
		*found = sqlite3_column_type(statement, (int)i) != SQLITE_NULL;
		numbers[i] = (uint64_t)sqlite3_column_int64(statement, (int)i);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
}

enum store_result
sqlite_string(struct store_session *session, const char *sql, struct text *value,
	      struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	enum store_result result = sqlite_prepare(session, sql, &statement, reason);
	const unsigned char *string;

	if (result != STORE_OK)
		return result;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		string = sqlite3_column_text(statement, 0);
		if (string != NULL)
			text_add(value, (const char *)string);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
}
