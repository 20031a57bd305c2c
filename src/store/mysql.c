#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/drivers.h"
#include "store/mysql_advance.h"
#include "store/mysql_create.h"
#include "store/mysql_durable.h"
#include "store/mysql_identity.h"
#include "store/mysql_insert.h"
#include "store/mysql_layout.h"
#include "store/mysql_look.h"
#include "store/mysql_reserve.h"
#include "store/mysql_sequences.h"
#include "store/mysql_session.h"

#define LOOK_HIGHEST LOOK_ONE("(SELECT MAX(id) FROM tickets)")
#define LOOK_ROW     LOOK_ONE("(SELECT id FROM tickets WHERE stub='a')")

#define PRUNE_LEAST 500	 /* ids of one chunk: fewer are left for later */
#define PRUNE_MOST  5000 /* a longer statement is felt by those who wait for a ticket */

static bool
begin(void)
{
	return mysql_library_init(0, NULL, NULL) == 0;
}

static void
end(void)
{
	mysql_library_end();
}

static void
thread_begin(void)
{
	mysql_thread_init();
}

static void
thread_end(void)
{
	mysql_thread_end();
}

/* Its sessions share nothing on this side: the server keeps them apart. */
static void
no_claim(struct store_settings *settings)
{
	(void)settings;
}

static void
close_session(struct store_session *session)
{
	session_disconnect(session);
	free(session);
}

static enum store_result
open_session(const struct store_settings *settings, struct store_session **session,
	     struct text *reason)
{
	struct store_session *opened = xcalloc(1, sizeof(*opened));
	enum store_result result =
		session_connect(opened, settings, mysql_database(settings), reason);
	bool is_missing;

	if (result == STORE_OK)
		result = mysql_look_first(opened, reason);
	if (result == STORE_OK)
		result = layout_check(opened, reason);
	if (result == STORE_OK)
		result = mysql_read_identity(opened, &is_missing, reason);
	if (result != STORE_OK) {
		close_session(opened);
		return result;
	}
	*session = opened;
	return STORE_OK;
}

static uint32_t
most_per_statement(struct store_session *session)
{
	uint32_t most = 10000;

	if (session->layout == LAYOUT_COUNTER)
		return 1000000; /* any number is the same work */
	/* Where each number is a statement, long runs of them only make others wait. */
	if (session->layout == LAYOUT_STUB && !session->has_table_locks)
		return 100;
	return most < mysql_most_rows(session) ? most : mysql_most_rows(session);
}

/*
 * In the stub layout on InnoDB a REPLACE allocates its number, and then waits for the row. So the row may
 * get a number that is below one that another session has committed meanwhile:
 *
 *	A allocates 12, and waits	B has the row, allocates 13 and commits it
 *	A commits 12			the row is at 12, and the counter at 13
 *
 * The counter is what the table's definition says. Where several masters count, the row decides: the
 * definition tells no master's numbers from another's.
 */
static uint64_t
newest_of(const struct store_session *session, uint64_t row)
{
	bool waits = session->layout == LAYOUT_STUB && !session->has_table_locks;

	if (waits && session->steps.increment == 1 && session->next > row)
		return session->next - 1;
	return row;
}

static enum store_result
newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	static const char *const looks[2][2] = {
		{LOOK_HIGHEST, LOOK_HIGHEST LOOK_ADVANCES},
		{LOOK_ROW, LOOK_ROW LOOK_ADVANCES},
	};
	bool has_identity = session->identity[0] != '\0';
	struct mysql_look look;
	enum store_result result = mysql_look(
		session, looks[session->layout == LAYOUT_COUNTER][has_identity], &look, reason);

	if (result != STORE_OK)
		return result;
	if (!look.has_base) {
		text_add(reason, "the table `tickets` is empty: which numbers were given is lost");
		return STORE_REFUSED;
	}
	session->steps = look.steps;
	session->advances = look.advances;
	*base = session->newest = newest_of(session, look.base);
	return STORE_OK;
}

/*
 * The one row of the stub layout may be another master's, brought by replication in place of a
 * higher one of ours. Below an offset that is above the increment the server counts in another class
 * than from there on.
 */
static bool
share(struct store_session *session, struct store_share *share)
{
	uint64_t increment = session->steps.increment, offset = session->steps.offset;

	*share = (struct store_share){increment, offset % increment, session->is_elastic};
	if (session->layout == LAYOUT_COUNTER)
		*share = (struct store_share){1, 0, session->is_elastic};
	if (share->increment > 1 && offset > increment && session->newest < offset)
		return false;
	return session->layout != LAYOUT_STUB ||
	       session->newest % share->increment == share->residue;
}

static const char *
identity(struct store_session *session)
{
	return session->identity;
}

static uint64_t
advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
delete_rows(struct store_session *session, uint64_t from, uint64_t below, uint64_t *rows,
	    struct text *reason)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "DELETE FROM tickets WHERE id >= %" PRIu64 " AND id < %" PRIu64,
		 from, below);
	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return session_error(session, reason);
	*rows = mysql_affected_rows(&session->mysql);
	return STORE_OK;
}

/* How many of BACKLOG ids to delete at once: the more there are, the more haste. */
static uint64_t
chunk_of(uint64_t backlog)
{
	uint64_t chunk = backlog / 16;

	if (chunk < PRUNE_LEAST)
		chunk = PRUNE_LEAST;
	if (chunk > PRUNE_MOST)
		chunk = PRUNE_MOST;
	return chunk < backlog ? chunk : backlog;
}

/*
 * Deletes a chunk of ids from the oldest on. It remembers where it stopped, because the
 * database takes its time to forget deleted rows and would look at all of them again.
 */
static enum store_result
prune(struct store_session *session, uint64_t keep, uint64_t *rows, bool *is_more,
      struct text *reason)
{
	char sql[160];
	uint64_t ends[3]; /* the oldest and the newest id; whether they may be written */
	uint64_t below;
	enum store_result result;
	bool found;

	*rows = 0;
	*is_more = false;
	if (session->layout != LAYOUT_APPEND)
		return STORE_OK;
	snprintf(sql, sizeof(sql),
		 "SELECT MIN(id), MAX(id), " MYSQL_IS_WRITABLE " FROM tickets WHERE id >= %" PRIu64,
		 session->prune_from);
	result = session_numbers(session, sql, ends, 3, &found, reason);
	if (result != STORE_OK)
		return result;
	if (found && !ends[2])
		return mysql_explain_read_only(reason);
	if (!found || ends[1] < keep || ends[0] >= ends[1] - keep) {
		session->prune_from = 0; /* look from the very beginning next time */
		return STORE_OK;
	}
	below = ends[0] + chunk_of(ends[1] - keep - ends[0]);
	result = delete_rows(session, ends[0], below, rows, reason);
	if (result != STORE_OK)
		return result;
	session->prune_from = below;
	*is_more = ends[1] - keep - below >= PRUNE_LEAST;
	return STORE_OK;
}

const struct store mysql_store = {
	.name = "mysql",
	.sequences = &mysql_sequences_store,
	.variables = mysql_variables,
	.parse = mysql_parse,
	.forget = mysql_forget,
	.begin = begin,
	.end = end,
	.thread_begin = thread_begin,
	.thread_end = thread_end,
	.claim = no_claim,
	.release = no_claim,
	.open = open_session,
	.close = close_session,
	.reserve = mysql_reserve,
	.most_per_statement = most_per_statement,
	.fits = mysql_fits,
	.newest = newest,
	.share = share,
	.identity = identity,
	.advances = advances,
	.note_advance = mysql_note_advance,
	.advance = mysql_advance,
	.prune = prune,
	.warn = mysql_warn,
	.advise = mysql_advise,
	.create = mysql_create,
};
