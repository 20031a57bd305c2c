/*
 * DESIGN. A session is STORE_LOST only if the log or the index has lost its name. The pool opens a lost session
 * again, and retries the request immediately. With a disk that is full or failing, that would only fail again.
 * So these errors are STORE_FAILED: the pool answers 503, and is ready again after a reservation has succeeded.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/sqlite_sequences.h"

#define PRIMARY(code) ((code)&0xff) /* of an extended code */
#define PAUSE_NS      2000000

static enum store_result
sqlite_session_classify(int code)
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

/* Return the remedy for the error, which follows the words of SQLite. */
static const char *
sqlite_session_advice(int code)
{
	switch (PRIMARY(code)) {
	case SQLITE_NOTADB: return ": it is not a SQLite database; fix TICKR_DATABASE_NAME";
	case SQLITE_CORRUPT:
		return ": it is damaged; restore it, and move its counter past the last ticket";
	case SQLITE_FULL: return ": make room on its disk";
	default: return "";
	}
}

/*
 * Wait for the lock of another process. SQLite's own pauses grow to a tenth of a second. A command would rarely find the
 * moment between two commits of a busy server with them.
 */
static int
sqlite_session_wait(void *arg, int tries)
{
	struct store_session *session = arg;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t wait_ms = (session->settings->query_timeout_s + 1) / 2 * 1000ull;
	uint64_t now_ms = clock_ms();

	if (tries == 0)
		session->waits_from_ms = now_ms;
	if (now_ms - session->waits_from_ms >= wait_ms)
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

enum store_result
sqlite_connect(struct store_session *session, const struct store_settings *settings,
	       bool may_create, struct text *reason)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	memset(session, 0, sizeof(*session));
	session->settings = settings;
	if (may_create)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(sqlite_path(settings), &session->db, flags, NULL) != SQLITE_OK)
		return sqlite_error(session, reason);
	sqlite3_busy_handler(session->db, sqlite_session_wait, session);
	/* Not NORMAL: it can lose the last commits when the power fails. */
	return sqlite_run(session, "PRAGMA synchronous = FULL", reason);
}

/*
 * SQLite moves the log into the database when the last connection closes. Prevent that if it would destroy
 * commits.
 */
void
sqlite_disconnect(struct store_session *session)
{
	enum sqlite_ending ending = SQLITE_END_USUAL;
	int yes = 1;

	sqlite3_finalize(session->move);
	sqlite3_finalize(session->look);
	if (session->sequences != NULL) {
		sqlite3_finalize(session->sequences->begin);
		sqlite3_finalize(session->sequences->upsert);
		sqlite3_finalize(session->sequences->commit);
	}
	free(session->sequences);
	if (session->has_joined)
		ending = sqlite_files_ending(&session->settings->claim->files, session->log_size);
	switch (ending) {
	case SQLITE_END_USUAL: break;
	case SQLITE_END_SAVE:
		sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		sqlite3_file_control(session->db, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
		break;
	case SQLITE_END_LEAVE:
		sqlite3_db_config(session->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		break;
	}
	sqlite3_close(session->db);
}

/* --- the files ---------------------------------------------------------------------------------- */

static enum store_result
sqlite_session_result_of(enum sqlite_fault fault)
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
sqlite_session_check(struct store_session *session, check_fn *check_names, struct text *reason)
{
	const struct store_claim *claim = session->settings->claim;
	enum sqlite_fault fault = check_names(&claim->files, &session->log_size, reason);

	session->checked_ms = clock_ms();
	if (fault == SQLITE_FILES_WHOLE && !sqlite_owner_is(&claim->owner, reason))
		return STORE_REFUSED;
	return sqlite_session_result_of(fault);
}

enum store_result
sqlite_check_files(struct store_session *session, struct text *reason)
{
	return sqlite_session_check(session, sqlite_files_check, reason);
}

/* If the database loses its name during the commit, the log still has its name, and has the commit. */
enum store_result
sqlite_check_commit(struct store_session *session, struct text *reason)
{
	return sqlite_session_check(session, sqlite_files_check_companions, reason);
}

/* Compare the index at most once in a millisecond: that saves a busy server system calls. */
enum store_result
sqlite_check_index(struct store_session *session, struct text *reason)
{
	if (session->checked_ms == clock_ms())
		return STORE_OK;
	return sqlite_session_result_of(
		sqlite_files_check_index(&session->settings->claim->files, reason));
}

/* SQLite calls this before it writes, with its lock for writing. If the result is not 0, it rolls back. */
static int
sqlite_session_may_commit(void *arg)
{
	struct store_session *session = arg;
	struct text problem = TEXT_OVER(session->problem);

	session->objection = sqlite_check_files(session, &problem);
	return session->objection != STORE_OK;
}

void
sqlite_check_before_commits(struct store_session *session)
{
	sqlite3_commit_hook(session->db, sqlite_session_may_commit, session);
}

/* If the files were moved or deleted, that explains an error better than the words of SQLite. */
enum store_result
sqlite_error(struct store_session *session, struct text *reason)
{
	int code = sqlite3_extended_errcode(session->db);
	int system = sqlite3_system_errno(session->db);
	bool is_io = PRIMARY(code) == SQLITE_IOERR || PRIMARY(code) == SQLITE_CANTOPEN;
	enum store_result result = STORE_OK;

	if (code == SQLITE_CONSTRAINT_COMMITHOOK) {
		text_add(reason, session->problem);
		result = session->objection;
	} else if (session->has_joined)
		result = sqlite_check_files(session, reason);
	if (result != STORE_OK)
		return result;
	text_addf(reason, "%s: %s (SQLite error %d%s%s)%s", sqlite_path(session->settings),
		  sqlite3_errmsg(session->db), code, is_io && system != 0 ? ", " : "",
		  is_io && system != 0 ? strerror(system) : "", sqlite_session_advice(code));
	return sqlite_session_classify(code);
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
sqlite_session_bind_settings(struct store_session *session, sqlite3_stmt *statement)
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
			sqlite_session_bind_settings(session, statement);
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
