/*
 * DESIGN. The database is a file and its counter one row: a reservation of any size is one
 * UPDATE, one page in the write-ahead log and one fsync, and no row is left over to prune.
 *
 * SQLite has one writer at a time and no commit for several at once, so a second session could
 * only wait for the first, by sleeping. Hence one session serves; requests that gather while
 * its disk is busy become one statement, as everywhere.
 *
 * A session compares the names of its files with the files that it has open:
 *
 *   before a statement   the index, which is mapped into memory: reading past its end is a SIGBUS
 *   before a commit      all three, with the lock for writing: a commit through a lost index would
 *                        undo that of another writer
 *   after a commit       the log and its index: another program must find the commit of each ticket
 *                        that is issued
 *   after a look         all three
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

#define FULL 2 /* of PRAGMA synchronous; EXTRA is above it */

/* ?1: how many. */
#define MOVE                               \
	"UPDATE tickets SET id = id + ?1 " \
	"WHERE stub = 'a' AND id <= 9223372036854775807 - ?1 RETURNING id"
#define LOOK "SELECT id, 0 FROM tickets WHERE stub = 'a'"
#define LOOK_ADVANCES                                                        \
	"SELECT id, (SELECT advances FROM tickr_identity WHERE id = 1) FROM" \
	" tickets WHERE stub = 'a'"

static bool
begin(void)
{
	return sqlite3_threadsafe() != 0 && sqlite3_initialize() == SQLITE_OK;
}

static void
end(void)
{
	sqlite3_shutdown();
}

static void
nothing(void)
{
}

/* --- sessions --------------------------------------------------------------------------------- */

enum store_result
sqlite_use_log(struct store_session *session, struct text *reason)
{
	char memory[16];
	struct text mode = TEXT_OVER(memory);
	enum store_result result =
		sqlite_string(session, "PRAGMA journal_mode = WAL", &mode, reason);

	if (result != STORE_OK || sqlite3_stricmp(memory, "wal") == 0)
		return result;
	text_addf(reason, "%s has the journal mode %s and cannot have WAL",
		  sqlite_path(session->settings), memory);
	return STORE_FAILED;
}

/* SQLite makes the log and its index with the first statement that reads. */
static enum store_result
read_once(struct store_session *session, struct text *reason)
{
	(void)!sqlite3_step(session->look);
	return sqlite3_reset(session->look) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
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
check_and_prepare(struct store_session *session, struct text *reason)
{
	bool is_empty;
	enum store_result result = sqlite_schema_check(session, &is_empty, reason);

	if (result == STORE_OK)
		result = sqlite_use_log(session, reason);
	if (result == STORE_OK)
		result = sqlite_prepare(session, MOVE, &session->move, reason);
	if (result == STORE_OK)
		result =
			sqlite_prepare(session, session->identity[0] != '\0' ? LOOK_ADVANCES : LOOK,
				       &session->look, reason);
	if (result == STORE_OK)
		result = read_once(session, reason);
	return result == STORE_OK ? sqlite_join(session, reason) : result;
}

/*
 * The last session to close moves the log into the database and removes it, so that a stopped
 * server leaves one file. Two sessions that close together would both see that they are not alone,
 * so they take turns. If a disk stalls and the turn does not come, the log stays.
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
begin_to_open(const struct store_settings *settings, struct text *reason)
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
	result = begin_to_open(settings, reason);
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
open_session(const struct store_settings *settings, struct store_session **session,
	     struct text *reason)
{
	return sqlite_open_session(settings, check_and_prepare, session, reason);
}

/* --- the counter ------------------------------------------------------------------------------- */

/* A schema that was changed since the last time that STATEMENT ran may have a trigger now. */
static enum store_result
check_schema(struct store_session *session, sqlite3_stmt *statement, struct text *reason)
{
	bool is_empty;

	if (sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 1) == 0)
		return STORE_OK;
	return sqlite_schema_check(session, &is_empty, reason);
}

/* Where the counter stands. */
static enum store_result
look(struct store_session *session, uint64_t *base, struct text *reason)
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
		text_add(reason, "the table `tickets` is empty: which numbers were given is lost");
		return STORE_REFUSED;
	}
	result = sqlite_check_files(session, reason);
	return result == STORE_OK ? check_schema(session, session->look, reason) : result;
}

/* The UPDATE matched no row: there is none, or it is at its end. */
static enum store_result
explain_no_row(struct store_session *session, struct text *reason)
{
	uint64_t base;
	enum store_result result = look(session, &base, reason);

	if (result != STORE_OK)
		return result;
	text_addf(reason, "the counter of %s is at its end: %" PRIu64,
		  sqlite_path(session->settings), base);
	return STORE_EXHAUSTED;
}

/*
 * SQLITE_OK when it is durable; *LAST is 0 where no row matched. The row comes before the
 * commit, so it counts for nothing until the statement has ended well.
 */
static int
move(struct store_session *session, uint32_t count, uint64_t *last)
{
	*last = 0;
	sqlite3_bind_int64(session->move, 1, count);
	while (sqlite3_step(session->move) == SQLITE_ROW)
		*last = (uint64_t)sqlite3_column_int64(session->move, 0);
	return sqlite3_reset(session->move);
}

/*
 * A full disk has room yet where the log is: when all of it is in the database, the next
 * statement begins the log anew in the space it has.
 */
static int
move_with_what_room_there_is(struct store_session *session, uint32_t count, uint64_t *last)
{
	int code = move(session, count, last);

	if (code != SQLITE_FULL && code != SQLITE_IOERR_WRITE)
		return code;
	sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return move(session, count, last);
}

static enum store_result
reserve(struct store_session *session, const struct store_order *order, struct ticket_range *bases,
	struct text *reason)
{
	uint32_t count = order->count;
	uint64_t last;
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	if (!sqlite_begin_write(session, reason))
		return STORE_BUSY;
	if (move_with_what_room_there_is(session, count, &last) != SQLITE_OK)
		result = sqlite_error(session, reason);
	sqlite_end_write(session);
	if (result != STORE_OK)
		return result;
	if (last == 0)
		return explain_no_row(session, reason);
	result = sqlite_check_commit(session, reason);
	if (result == STORE_OK)
		result = check_schema(session, session->move, reason);
	if (result == STORE_OK)
		*bases = (struct ticket_range){last - count + 1, 1, count};
	return result;
}

static enum store_result
advance(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[128];
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	snprintf(sql, sizeof(sql),
		 "UPDATE tickets SET id = %" PRId64 " WHERE stub = 'a' AND id < %" PRId64,
		 (int64_t)base, (int64_t)base);
	result = sqlite_run(session, sql, reason);
	return result == STORE_OK ? look(session, &base, reason) : result;
}

/* The file is claimed: no other server has seen the counter. */
static enum store_result
give_back(struct store_session *session, const struct ticket_range *unused, bool *is_back,
	  struct text *reason)
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
most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000; /* any number is the same work */
}

static const char *
identity(struct store_session *session)
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
advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
note_advance(struct store_session *session, struct text *reason)
{
	/* SQLite's clock is exact to a millisecond. Older ones have no unixepoch(). */
	static const char sql[] =
		"UPDATE tickr_identity SET advances = max(advances + 1, CAST((julianday('now') - "
		"2440587.5) * 86400000 AS INTEGER) * 1000) WHERE id = 1";
	enum store_result result = sqlite_check_index(session, reason);

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
	.begin = begin,
	.end = end,
	.thread_begin = nothing,
	.thread_end = nothing,
	.claim = sqlite_claim,
	.release = sqlite_claim_release,
	.open = open_session,
	.close = sqlite_close_session,
	.reserve = reserve,
	.most_per_statement = most_per_statement,
	.newest = look,
	.identity = identity,
	.advances = advances,
	.note_advance = note_advance,
	.advance = advance,
	.give_back = give_back,
	.warn = sqlite_warn,
	.create = sqlite_create,
};
