#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/drivers.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_sequences.h"

#define LOOK "SELECT newest, revision, raised FROM tickr_sequences WHERE name = X'FF636C6F636B'"

void
sqlite_sequences_bind_name(sqlite3_stmt *statement, int index, const char *name, size_t len)
{
	/* A null pointer would be NULL, even with length 0. */
	sqlite3_bind_blob(statement, index, len > 0 ? name : "", (int)len, SQLITE_STATIC);
}

/* In a STRICT table a number that became too large is no INTEGER any more. */
enum store_result
sqlite_sequences_error(struct store_session *session, struct text *reason)
{
	session->sequences->problem = sqlite3_extended_errcode(session->db);
	if (session->sequences->problem != SQLITE_CONSTRAINT_DATATYPE)
		return sqlite_error(session, reason);
	text_add(reason, "the clock of the table `tickr_sequences` is at its end");
	return STORE_EXHAUSTED;
}

/* --- transactions ------------------------------------------------------------------------------ */

static enum store_result
sqlite_sequences_step(struct store_session *session, sqlite3_stmt *statement, struct text *reason)
{
	(void)!sqlite3_step(statement);
	return sqlite3_reset(statement) == SQLITE_OK ? STORE_OK
						     : sqlite_sequences_error(session, reason);
}

enum store_result
sqlite_sequences_begin_write(struct store_session *session, struct text *reason)
{
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	if (!sqlite_begin_write(session, reason))
		return STORE_BUSY;
	result = sqlite_sequences_step(session, session->sequences->begin, reason);
	if (result != STORE_OK)
		sqlite_end_write(session);
	return result;
}

enum store_result
sqlite_sequences_end_write(struct store_session *session, enum store_result result,
			   struct text *reason)
{
	if (result == STORE_OK)
		result = sqlite_sequences_step(session, session->sequences->commit, reason);
	if (!sqlite3_get_autocommit(session->db) &&
	    sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK &&
	    result == STORE_BUSY)
		result = STORE_FAILED; /* the session is not as it was */
	sqlite_end_write(session);
	return result == STORE_OK ? sqlite_check_commit(session, reason) : result;
}

enum store_result
sqlite_sequences_run(struct store_session *session, const char *sql, const char *name,
		     size_t name_len, uint64_t a, uint64_t b, int *changes, struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	enum store_result result = sqlite_prepare(session, sql, &statement, reason);

	if (result != STORE_OK)
		return result;
	sqlite_sequences_bind_name(statement, 1, name, name_len);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)a);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)b);
	result = sqlite_sequences_step(session, statement, reason);
	sqlite3_finalize(statement);
	if (changes != NULL)
		*changes = sqlite3_changes(session->db);
	return result;
}

/* --- the table --------------------------------------------------------------------------------- */

/* As sql/sqlite_sequences.sql makes it. */
#define TABLE                                                                                \
	"name BLOB, newest INTEGER, revision INTEGER, raised INTEGER, seen INTEGER, start "  \
	"INTEGER, most INTEGER, ordering INTEGER, width INTEGER, form INTEGER, fingerprint " \
	"INTEGER, retired INTEGER, created TEXT"

#define FACTS                                                                             \
	"SELECT (SELECT group_concat(name || ' ' || type, ', ') FROM (SELECT name, type " \
	"FROM pragma_table_info('tickr_sequences') ORDER BY cid)) = '" TABLE "', "        \
	"strict, wr, (SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND "     \
	"lower(tbl_name) = 'tickr_sequences') FROM pragma_table_list('tickr_sequences')"

enum store_result
sqlite_sequences_check_table(struct store_session *session, bool *is_there, struct text *reason)
{
	uint64_t facts[4] = {0}; /* known columns, STRICT, WITHOUT ROWID, triggers */
	enum store_result result = sqlite_numbers(session, FACTS, facts, 4, is_there, reason);

	if (result != STORE_OK || !*is_there || (facts[0] && facts[1] && facts[2] && !facts[3]))
		return result;
	text_addf(reason, "the table `tickr_sequences` of the database file %s %s",
		  session->settings->name,
		  facts[3] > 0 ? "has a trigger, which may change its numbers: drop it"
			       : "is not that of sql/sqlite_sequences.sql: restore it");
	return STORE_REFUSED;
}

static enum store_result
sqlite_sequences_find_table(struct store_session *session, struct text *reason)
{
	bool is_there;
	enum store_result result = sqlite_sequences_check_table(session, &is_there, reason);

	if (result != STORE_OK || is_there)
		return result;
	text_addf(reason,
		  "the database file %s has no table `tickr_sequences`: run tickrd createdb "
		  "--sequences",
		  session->settings->name);
	return STORE_REFUSED;
}

enum store_result
sqlite_sequences_check_schema(struct store_session *session, sqlite3_stmt *statement,
			      struct text *reason)
{
	bool is_empty;
	enum store_result result;

	if (sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 1) == 0)
		return STORE_OK;
	result = sqlite_schema_check(session, &is_empty, reason);
	return result == STORE_OK ? sqlite_sequences_find_table(session, reason) : result;
}

/* --- the clock --------------------------------------------------------------------------------- */

static enum store_result
sqlite_sequences_explain_no_clock(struct store_session *session, struct text *reason)
{
	text_addf(reason,
		  "the table `tickr_sequences` of %s has no row of the clock: restore the file",
		  session->settings->name);
	return STORE_REFUSED;
}

enum store_result
sqlite_sequences_read_clock(struct store_session *session, uint64_t *clock, uint64_t *raised,
			    struct text *reason)
{
	bool found = sqlite3_step(session->look) == SQLITE_ROW &&
		     sqlite3_column_type(session->look, 2) != SQLITE_NULL;

	*clock = found ? (uint64_t)sqlite3_column_int64(session->look, 0) : 0;
	session->advances = found ? (uint64_t)sqlite3_column_int64(session->look, 1) : 0;
	*raised = found ? (uint64_t)sqlite3_column_int64(session->look, 2) : 0;
	if (sqlite3_reset(session->look) != SQLITE_OK)
		return sqlite_error(session, reason);
	return found ? STORE_OK : sqlite_sequences_explain_no_clock(session, reason);
}

enum store_result
sqlite_sequences_check_clock(struct store_session *session, struct text *reason)
{
	uint64_t numbers[3];
	bool found;
	enum store_result result = sqlite_numbers(session, LOOK, numbers, 3, &found, reason);

	if (result == STORE_OK && !found)
		return sqlite_sequences_explain_no_clock(session, reason);
	return result;
}

static enum store_result
sqlite_sequences_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	uint64_t raised;
	enum store_result result = sqlite_check_index(session, reason);

	if (result == STORE_OK)
		result = sqlite_sequences_read_clock(session, base, &raised, reason);
	if (result == STORE_OK)
		result = sqlite_check_files(session, reason);
	return result == STORE_OK ? sqlite_sequences_check_schema(session, session->look, reason)
				  : result;
}

static uint64_t
sqlite_sequences_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
sqlite_sequences_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	static const char sql[] =
		"UPDATE tickr_sequences SET revision = max(revision + 1, CAST((julianday('now') - "
		"2440587.5) * 86400000 AS INTEGER) * 1000, ?2) WHERE name = ?1";
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_run(session, sql, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, least, 0,
				      NULL, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

static enum store_result
sqlite_sequences_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	static const char sql[] =
		"UPDATE tickr_sequences SET raised = raised + max(?2 - newest, 0), "
		"newest = max(newest, ?2) WHERE name = ?1";
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_run(session, sql, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, base, 0,
				      NULL, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

/* --- sessions ---------------------------------------------------------------------------------- */

/* ?1: the name; ?2: how many; ?3 and ?4: of an instance, the clock and the known count. */
#define UPSERT                                                                              \
	"INSERT INTO tickr_sequences (name, newest, seen, raised) VALUES (?1, ?2, ?3, ?4) " \
	"ON CONFLICT (name) DO UPDATE SET seen = iif(excluded.raised IS NULL OR newest < "  \
	"excluded.raised, seen, excluded.seen), newest = newest + iif(excluded.raised IS "  \
	"NULL, excluded.newest, newest >= excluded.raised) "                                \
	"RETURNING newest, revision, raised, seen, most, retired"

static enum store_result
sqlite_sequences_prepare(struct store_session *session, struct text *reason)
{
	struct sqlite_sequences *own = session->sequences = xcalloc(1, sizeof(*own));
	uint64_t clock, raised;
	bool is_empty;
	enum store_result result = sqlite_schema_check(session, &is_empty, reason);

	if (result == STORE_OK)
		result = sqlite_sequences_find_table(session, reason);
	if (result == STORE_OK)
		result = sqlite_use_log(session, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, "BEGIN IMMEDIATE", &own->begin, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, "COMMIT", &own->commit, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, UPSERT, &own->upsert, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, LOOK, &session->look, reason);
	if (result == STORE_OK) /* SQLite makes the log with the first read */
		result = sqlite_sequences_read_clock(session, &clock, &raised, reason);
	return result == STORE_OK ? sqlite_join(session, reason) : result;
}

static enum store_result
sqlite_sequences_open(const struct store_settings *settings, struct store_session **session,
		      struct text *reason)
{
	return sqlite_open_session(settings, sqlite_sequences_prepare, session, reason);
}

static const char *
sqlite_sequences_identity(struct store_session *session)
{
	return session->identity;
}

/* Any count is the same work. */
static uint32_t
sqlite_sequences_most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000;
}

static bool
sqlite_sequences_begin(void)
{
	return true;
}

static void
sqlite_sequences_nothing(void)
{
}

const struct store sqlite_sequences_store = {
	.name = "sqlite",
	.most_sessions = 1,
	.begin = sqlite_sequences_begin,
	.end = sqlite_sequences_nothing,
	.thread_begin = sqlite_sequences_nothing,
	.thread_end = sqlite_sequences_nothing,
	.claim = sqlite_claim,
	.release = sqlite_claim_release,
	.open = sqlite_sequences_open,
	.close = sqlite_close_session,
	.reserve = sqlite_sequences_reserve,
	.most_per_statement = sqlite_sequences_most_per_statement,
	.newest = sqlite_sequences_newest,
	.confirm = sqlite_sequences_newest,
	.identity = sqlite_sequences_identity,
	.advances = sqlite_sequences_advances,
	.note_advance = sqlite_sequences_note_advance,
	.advance = sqlite_sequences_advance,
	.warn = sqlite_warn,
	.instance = sqlite_sequences_instance,
	.raise = sqlite_sequences_raise,
	.show = sqlite_sequences_show,
	.list = sqlite_sequences_list,
	.count = sqlite_sequences_count,
	.declare = sqlite_sequences_declare,
	.retire = sqlite_sequences_retire,
	.jump = sqlite_sequences_jump,
	.instances = sqlite_sequences_instances,
	.fold = sqlite_sequences_fold,
};
