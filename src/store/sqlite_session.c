/*
 * DESIGN. A session is STORE_LOST only if the companions of its file have lost their names. The pool
 * opens a lost session again and repeats the request immediately. A disk that is full or failing
 * would only fail again, so that is STORE_FAILED: the pool answers 503, and believes in the file
 * again when a reservation has succeeded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/sqlite_sequences.h"

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
sqlite_connect(struct store_session *session, const struct store_settings *settings,
	       bool may_create, struct text *reason)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int wait_ms = (int)(settings->query_timeout_s + 1) / 2 * 1000;

	memset(session, 0, sizeof(*session));
	session->settings = settings;
	if (may_create)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(sqlite_path(settings), &session->db, flags, NULL) != SQLITE_OK)
		return sqlite_error(session, reason);
	sqlite3_busy_timeout(session->db, wait_ms);
	/* Not NORMAL: it can lose the last commits when the power fails. */
	return sqlite_run(session, "PRAGMA synchronous = FULL", reason);
}

/* SQLite moves the log into the database when the last connection closes: only if the files allow it. */
static void
prepare_end(struct store_session *session)
{
	const struct sqlite_files *files = &session->settings->claim->files;
	int yes = 1;

	switch (sqlite_files_ending(files, session->log_size)) {
	case SQLITE_END_USUAL: break;
	case SQLITE_END_SAVE:
		sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		sqlite3_file_control(session->db, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
		break;
	case SQLITE_END_LEAVE:
		sqlite3_db_config(session->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		break;
	}
}

void
sqlite_disconnect(struct store_session *session)
{
	sqlite3_finalize(session->move);
	sqlite3_finalize(session->look);
	if (session->sequences != NULL) {
		sqlite3_finalize(session->sequences->begin);
		sqlite3_finalize(session->sequences->upsert);
		sqlite3_finalize(session->sequences->commit);
	}
	free(session->sequences);
	if (session->has_joined)
		prepare_end(session);
	sqlite3_close(session->db);
}

/* --- the files ---------------------------------------------------------------------------------- */

static enum store_result
result_of(enum sqlite_fault fault)
{
	switch (fault) {
	case SQLITE_FILES_WHOLE: return STORE_OK;
	case SQLITE_FILES_TORN: return STORE_LOST;
	case SQLITE_FILES_MOVED:
	case SQLITE_FILES_LINKED: break;
	}
	return STORE_REFUSED;
}

typedef enum sqlite_fault check_fn(const struct sqlite_files *files, uint64_t *log_size,
				   struct text *reason);

static enum store_result
check(struct store_session *session, check_fn *check_names, struct text *reason)
{
	const struct store_claim *claim = session->settings->claim;
	enum sqlite_fault fault = check_names(&claim->files, &session->log_size, reason);

	session->checked_ms = clock_ms();
	if (fault == SQLITE_FILES_WHOLE && !sqlite_owner_is(&claim->owner, reason))
		return STORE_REFUSED;
	return result_of(fault);
}

enum store_result
sqlite_check_files(struct store_session *session, struct text *reason)
{
	return check(session, sqlite_files_check, reason);
}

/* A database that loses its name during the commit leaves the log there, which has the commit. */
enum store_result
sqlite_check_commit(struct store_session *session, struct text *reason)
{
	return check(session, sqlite_files_check_companions, reason);
}

/* An index that was compared in this millisecond is left out: a busy server saves a system call. */
enum store_result
sqlite_check_index(struct store_session *session, struct text *reason)
{
	if (session->checked_ms == clock_ms())
		return STORE_OK;
	return result_of(sqlite_files_check_index(&session->settings->claim->files, reason));
}

/* With SQLite's lock for writing, and before it writes. Not 0: it rolls back. */
static int
may_commit(void *arg)
{
	struct store_session *session = arg;
	struct text problem = TEXT_OVER(session->problem);

	session->objection = sqlite_check_files(session, &problem);
	return session->objection != STORE_OK;
}

void
sqlite_check_before_commits(struct store_session *session)
{
	sqlite3_commit_hook(session->db, may_commit, session);
}

/* Files that were taken away from under SQLite explain its errors better than its own words. */
static enum store_result
explain_by_files(struct store_session *session, int code, struct text *reason)
{
	if (code == SQLITE_CONSTRAINT_COMMITHOOK) {
		text_add(reason, session->problem);
		return session->objection;
	}
	return session->has_joined ? sqlite_check_files(session, reason) : STORE_OK;
}

enum store_result
sqlite_error(struct store_session *session, struct text *reason)
{
	int code = sqlite3_extended_errcode(session->db);
	int system = sqlite3_system_errno(session->db);
	bool is_io = PRIMARY(code) == SQLITE_IOERR || PRIMARY(code) == SQLITE_CANTOPEN;
	enum store_result result = explain_by_files(session, code, reason);

	if (result != STORE_OK)
		return result;
	text_addf(reason, "%s: %s (SQLite error %d%s%s)%s", sqlite_path(session->settings),
		  sqlite3_errmsg(session->db), code, is_io && system != 0 ? ", " : "",
		  is_io && system != 0 ? strerror(system) : "", advice(code));
	return classify(code);
}

/* --- writing ------------------------------------------------------------------------------------ */

bool
sqlite_begin_write(struct store_session *session, struct text *reason)
{
	return sqlite_claim_begin_write(session->settings->claim,
					(session->settings->query_timeout_s + 1) / 2, reason);
}

void
sqlite_end_write(struct store_session *session)
{
	sqlite_claim_end_write(session->settings->claim);
}

/* --- statements ------------------------------------------------------------------------------- */

static void
bind_settings(struct store_session *session, sqlite3_stmt *statement)
{
	const struct ticket_space *space = &session->settings->space;
	const struct {
		const char *name;
		uint64_t value;
	} parameters[] = {
		{":max_nodes", space->max_nodes},
		{":node_number", space->node_number},
		{":starting_offset", space->starting_offset},
	};
	int index;

	for (size_t i = 0; i < ARRAY_LENGTH(parameters); i++) {
		index = sqlite3_bind_parameter_index(statement, parameters[i].name);
		if (index > 0)
			sqlite3_bind_int64(statement, index, (sqlite3_int64)parameters[i].value);
	}
	index = sqlite3_bind_parameter_index(statement, ":identity");
	if (index > 0)
		sqlite3_bind_text(statement, index, session->identity, -1, SQLITE_STATIC);
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
			bind_settings(session, statement);
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
