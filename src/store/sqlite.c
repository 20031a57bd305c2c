/*
 * DESIGN. The database is a file, and its counter is one row. A reservation of any size is one UPDATE, one page
 * in the write-ahead log and one fsync. It leaves no row to prune.
 *
 * SQLite has one writer at a time, and does not commit several transactions together. A second session could
 * only sleep until the first one has committed. So one session serves. Requests that gather while its disk is
 * busy become one statement, as with other stores.
 *
 * SQLite keeps files open whose names lead elsewhere by now. So a session compares its files with their names:
 *
 *	Before a statement, the index. It is mapped into memory, and reading past its end is a SIGBUS.
 *
 *	Before a commit, all three, with the lock for writing. A commit through a lost index would undo that of
 *	another writer.
 *
 *	After a commit, the log and the index. Another program must find the commit of each ticket that is issued.
 *
 *	After a look, all three.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/drivers.h"
#include "store/sqlite_create.h"
#include "store/sqlite_place.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_sequences.h"
#include "store/sqlite_usable.h"

#define FULL 2 /* a value of PRAGMA synchronous; EXTRA is above it */

/* ?1: the count. */
#define MOVE                               \
	"UPDATE tickets SET id = id + ?1 " \
	"WHERE stub = 'a' AND id <= 9223372036854775807 - ?1 RETURNING id"
#define LOOK "SELECT id, 0 FROM tickets WHERE stub = 'a'"
#define LOOK_ADVANCES                                                        \
	"SELECT id, (SELECT advances FROM tickr_identity WHERE id = 1) FROM" \
	" tickets WHERE stub = 'a'"

static bool
sqlite_store_begin(void)
{
	return sqlite3_threadsafe() != 0 && sqlite3_initialize() == SQLITE_OK;
}

static void
sqlite_store_end(void)
{
	sqlite3_shutdown();
}

static void
sqlite_store_nothing(void)
{
}

/* --- sessions --------------------------------------------------------------------------------- */

enum store_result
sqlite_use_log(struct store_session *session, struct text *reason)
{
	char memory[16] = "";
	struct text mode = TEXT_OVER(memory);
	enum store_result result =
		sqlite_string(session, "PRAGMA journal_mode = WAL", &mode, reason);

	if (result != STORE_OK || sqlite3_stricmp(memory, "wal") == 0)
		return result;
	text_addf(reason, "%s has the journal mode %s, and SQLite cannot change it to WAL",
		  sqlite_path(session->settings), memory);
	return STORE_FAILED;
}

enum store_result
sqlite_join(struct store_session *session, struct text *reason)
{
	struct store_claim *claim = session->settings->claim;
	const char *file = sqlite3_db_filename(session->db, "main");

	if (!sqlite_claim_begin_turn(claim, session->settings->query_timeout_s, reason))
		return STORE_FAILED;
	session->has_joined = sqlite_claim_join(claim, file, reason);
	sqlite_claim_end_turn(claim);
	if (!session->has_joined)
		return STORE_LOST;
	sqlite_check_before_commits(session);
	return sqlite_check_files(session, reason);
}

static enum store_result
sqlite_check_and_prepare(struct store_session *session, struct text *reason)
{
	const char *look = LOOK;
	bool is_empty;
	enum store_result result = sqlite_schema_check(session, &is_empty, reason);

	if (result == STORE_OK)
		result = sqlite_use_log(session, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, MOVE, &session->move, reason);
	if (session->identity[0] != '\0')
		look = LOOK_ADVANCES;
	if (result == STORE_OK)
		result = sqlite_prepare(session, look, &session->look, reason);
	if (result != STORE_OK)
		return result;
	/* SQLite makes the log and its index with the first statement that reads. */
	(void)!sqlite3_step(session->look);
	if (sqlite3_reset(session->look) != SQLITE_OK)
		return sqlite_error(session, reason);
	return sqlite_join(session, reason);
}

/*
 * SQLite moves the log into the database when the last session closes, so that a stopped server leaves one
 * file. Two sessions that close together would each see the other one, and leave the log. So they take turns.
 * If the disk stalls and the turn does not come, the log stays.
 */
void
sqlite_close_session(struct store_session *session)
{
	struct store_claim *claim = session->settings->claim;
	char memory[8];
	struct text ignored = TEXT_OVER(memory);
	bool is_turn = sqlite_claim_begin_turn(claim, session->settings->query_timeout_s, &ignored);

	sqlite_disconnect(session);
	if (session->has_joined)
		sqlite_claim_leave(claim);
	if (is_turn)
		sqlite_claim_end_turn(claim);
	free(session);
}

static enum store_result
sqlite_begin_to_open(const struct store_settings *settings, struct text *reason)
{
	struct store_claim *claim = settings->claim;
	enum store_result result = STORE_OK;
	bool is_ours;

	if (!sqlite_claim_begin_turn(claim, settings->query_timeout_s, reason))
		return STORE_FAILED;
	is_ours = settings->is_guest ? sqlite_claim_visit(claim, sqlite_path(settings), reason)
				     : sqlite_claim_take(claim, sqlite_path(settings), reason);
	if (!is_ours)
		result = STORE_REFUSED;
	else if (!sqlite_claim_may_join(claim, reason))
		result = STORE_LOST;
	sqlite_claim_end_turn(claim);
	return result;
}

enum store_result
sqlite_open_session(const struct store_settings *settings, sqlite_prepare_fn *prepare,
		    struct store_session **session, struct text *reason)
{
	struct store_session *opened;
	enum store_result result;

	if (!sqlite_usable(sqlite_path(settings), false, reason))
		return STORE_REFUSED;
	result = sqlite_begin_to_open(settings, reason);
	if (result != STORE_OK)
		return result;
	opened = xcalloc(1, sizeof(*opened));
	result = sqlite_connect(opened, settings, false, reason);
	if (result == STORE_OK)
		result = prepare(opened, reason);
	if (result != STORE_OK) {
		sqlite_close_session(opened);
		return result;
	}
	*session = opened;
	return STORE_OK;
}

static enum store_result
sqlite_store_open(const struct store_settings *settings, struct store_session **session,
		  struct text *reason)
{
	return sqlite_open_session(settings, sqlite_check_and_prepare, session, reason);
}

/* --- the counter ------------------------------------------------------------------------------- */

/* Check the schema if it changed since STATEMENT ran last: it may have a trigger now. */
static enum store_result
sqlite_check_changed_schema(struct store_session *session, sqlite3_stmt *statement,
			    struct text *reason)
{
	bool is_empty;

	if (sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 1) == 0)
		return STORE_OK;
	return sqlite_schema_check(session, &is_empty, reason);
}

static enum store_result
sqlite_store_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	enum store_result result = sqlite_check_index(session, reason);
	bool found;

	if (result != STORE_OK)
		return result;
	found = sqlite3_step(session->look) == SQLITE_ROW;
	*base = found ? (uint64_t)sqlite3_column_int64(session->look, 0) : 0;
	session->advances = found ? (uint64_t)sqlite3_column_int64(session->look, 1) : 0;
	if (sqlite3_reset(session->look) != SQLITE_OK)
		return sqlite_error(session, reason);
	if (!found) {
		text_add(reason,
			 "the table `tickets` is empty: it is not known which numbers were issued");
		return STORE_REFUSED;
	}
	result = sqlite_check_files(session, reason);
	return result == STORE_OK ? sqlite_check_changed_schema(session, session->look, reason)
				  : result;
}

/* Explain why the UPDATE matched no row: the table has none, or the counter is at its end. */
static enum store_result
sqlite_explain_no_row(struct store_session *session, struct text *reason)
{
	uint64_t base;
	enum store_result result = sqlite_store_newest(session, &base, reason);

	if (result != STORE_OK)
		return result;
	text_addf(reason, "the counter of %s is at its end: %" PRIu64,
		  sqlite_path(session->settings), base);
	return STORE_EXHAUSTED;
}

/*
 * Move the counter. SQLITE_OK: the move is durable, and *LAST is the new base, or 0 if no row matched. The row
 * arrives before the commit, so *LAST is worthless until the statement has ended without an error.
 */
static int
sqlite_move(struct store_session *session, uint32_t count, uint64_t *last)
{
	*last = 0;
	sqlite3_bind_int64(session->move, 1, count);
	while (sqlite3_step(session->move) == SQLITE_ROW)
		*last = (uint64_t)sqlite3_column_int64(session->move, 0);
	return sqlite3_reset(session->move);
}

static enum store_result
sqlite_store_reserve(struct store_session *session, const struct store_order *order,
		     struct ticket_range *bases, struct text *reason)
{
	uint32_t count = order->count;
	uint64_t last;
	int code;
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	if (!sqlite_begin_write(session, reason))
		return STORE_BUSY;
	code = sqlite_move(session, count, &last);
	if (code == SQLITE_FULL || code == SQLITE_IOERR_WRITE) {
		/* The disk may be full. After the log is moved into the database, its space can be used again. */
		sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		code = sqlite_move(session, count, &last);
	}
	if (code != SQLITE_OK)
		result = sqlite_error(session, reason);
	sqlite_end_write(session);
	if (result != STORE_OK)
		return result;
	if (last == 0)
		return sqlite_explain_no_row(session, reason);
	result = sqlite_check_commit(session, reason);
	if (result == STORE_OK)
		result = sqlite_check_changed_schema(session, session->move, reason);
	if (result == STORE_OK)
		*bases = (struct ticket_range){last - count + 1, 1, count};
	return result;
}

static enum store_result
sqlite_store_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[128];
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	snprintf(sql, sizeof(sql),
		 "UPDATE tickets SET id = %" PRId64 " WHERE stub = 'a' AND id < %" PRId64,
		 (int64_t)base, (int64_t)base);
	result = sqlite_run(session, sql, reason);
	return result == STORE_OK ? sqlite_store_newest(session, &base, reason) : result;
}

/* No other server has read the counter, because this one has claimed the file. */
static enum store_result
sqlite_store_give_back(struct store_session *session, const struct ticket_range *unused,
		       bool *is_back, struct text *reason)
{
	char sql[128];
	enum store_result result = sqlite_check_index(session, reason);

	*is_back = false;
	if (result != STORE_OK)
		return result;
	snprintf(sql, sizeof(sql),
		 "UPDATE tickets SET id = %" PRIu64 " WHERE stub = 'a' AND id = %" PRIu64,
		 unused->first - 1, unused->first + unused->count - 1);
	result = sqlite_run(session, sql, reason);
	*is_back = result == STORE_OK && sqlite3_changes(session->db) == 1;
	return result;
}

/* --- the rest ----------------------------------------------------------------------------------- */

static uint32_t
sqlite_store_most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000; /* the statement is the same for any count */
}

static const char *
sqlite_store_identity(struct store_session *session)
{
	return session->identity;
}

void
sqlite_warn(struct store_session *session, struct text *warnings)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	uint64_t synchronous = 0;
	bool found;

	sqlite_place_warn(sqlite_path(session->settings), warnings);
	if (sqlite_numbers(session, "PRAGMA synchronous", &synchronous, 1, &found, &problem) !=
		    STORE_OK ||
	    synchronous < FULL)
		text_addf(warnings,
			  "PRAGMA synchronous is not FULL: this SQLite may lose the last tickets "
			  "when the machine stops%s%s\n",
			  problem.len > 0 ? ": " : "", memory);
}

static uint64_t
sqlite_store_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
sqlite_store_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	/* SQLite's clock counts milliseconds. An old SQLite has no unixepoch(). */
	char sql[256];
	enum store_result result = sqlite_check_index(session, reason);

	snprintf(sql, sizeof(sql),
		 "UPDATE tickr_identity SET advances = max(advances + 1, CAST((julianday('now') - "
		 "2440587.5) * 86400000 AS INTEGER) * 1000, %" PRIu64 ") WHERE id = 1",
		 least);
	return result == STORE_OK ? sqlite_run(session, sql, reason) : result;
}

const struct store sqlite_store = {
	.name = "sqlite",
	.sequences = &sqlite_sequences_store,
	.variables = sqlite_variables,
	.parse = sqlite_parse,
	.forget = sqlite_forget,
	.is_exclusive = true,
	.most_sessions = 1,
	.begin = sqlite_store_begin,
	.end = sqlite_store_end,
	.thread_begin = sqlite_store_nothing,
	.thread_end = sqlite_store_nothing,
	.claim = sqlite_claim,
	.release = sqlite_claim_release,
	.open = sqlite_store_open,
	.close = sqlite_close_session,
	.reserve = sqlite_store_reserve,
	.most_per_statement = sqlite_store_most_per_statement,
	.newest = sqlite_store_newest,
	.identity = sqlite_store_identity,
	.advances = sqlite_store_advances,
	.note_advance = sqlite_store_note_advance,
	.advance = sqlite_store_advance,
	.give_back = sqlite_store_give_back,
	.warn = sqlite_warn,
	.create = sqlite_create,
};
