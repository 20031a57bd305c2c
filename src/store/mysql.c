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

/* Ids in one chunk. Fewer are left for later. A longer statement would delay reservations. */
#define PRUNE_LEAST 500
#define PRUNE_MOST  5000

static bool
mysql_store_begin(void)
{
	return mysql_library_init(0, NULL, NULL) == 0;
}

static void
mysql_store_end(void)
{
	mysql_library_end();
}

static void
mysql_store_thread_begin(void)
{
	mysql_thread_init();
}

static void
mysql_store_thread_end(void)
{
	mysql_thread_end();
}

/* Sessions share nothing in this process: the database server keeps them apart. */
static void
mysql_store_no_claim(struct store_settings *settings)
{
	(void)settings;
}

static void
mysql_store_close(struct store_session *session)
{
	mysql_session_disconnect(session);
	free(session);
}

static enum store_result
mysql_store_open(const struct store_settings *settings, struct store_session **session,
		 struct text *reason)
{
	struct store_session *opened = xcalloc(1, sizeof(*opened));
	enum store_result result =
		mysql_session_connect(opened, settings, mysql_database(settings), reason);
	bool is_missing;

	if (result == STORE_OK)
		result = mysql_look_first(opened, reason);
	if (result == STORE_OK)
		result = mysql_layout_check(opened, reason);
	if (result == STORE_OK)
		result = mysql_read_identity(opened, &is_missing, reason);
	if (result != STORE_OK) {
		mysql_store_close(opened);
		return result;
	}
	*session = opened;
	return STORE_OK;
}

static uint32_t
mysql_store_most_per_statement(struct store_session *session)
{
	uint32_t most = 10000;

	if (session->layout == LAYOUT_COUNTER)
		return 1000000; /* the statement is the same for any count */
	if (mysql_is_row_by_row(session))
		return 100; /* a long run of statements makes the other sessions wait */
	return most < mysql_most_rows(session) ? most : mysql_most_rows(session);
}

/*
 * Return the newest base of a table whose row holds ROW. In the stub layout on InnoDB a REPLACE takes its number
 * before it waits for the row. So the row may hold a lower number than the newest:
 *
 *	1. A takes 12, and waits for the row.
 *	2. B, which has the row, takes 13 and commits it.
 *	3. A commits 12. The row holds 12, and the counter is at 13.
 *
 * There the definition of the table has the counter. If several masters count, only the row tells whose number
 * it is.
 */
static uint64_t
mysql_newest_of(const struct store_session *session, uint64_t row)
{
	if (mysql_is_row_by_row(session) && session->steps.increment == 1 && session->next > row)
		return session->next - 1;
	return row;
}

static enum store_result
mysql_store_newest(struct store_session *session, uint64_t *base, struct text *reason)
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
		text_add(reason,
			 "the table `tickets` is empty: it is not known which numbers were issued");
		return STORE_REFUSED;
	}
	session->steps = look.steps;
	session->advances = look.advances;
	*base = session->newest = mysql_newest_of(session, look.base);
	return STORE_OK;
}

/*
 * In the stub layout replication may have replaced a higher row of this master by another master's row. If
 * auto_increment_offset is above the increment, the server counts in another class up to the offset.
 */
static bool
mysql_store_share(struct store_session *session, struct store_share *share)
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
mysql_store_identity(struct store_session *session)
{
	return session->identity;
}

static uint64_t
mysql_store_advances(struct store_session *session)
{
	return session->advances;
}

/* Return how many of BACKLOG ids to delete together: more of a longer backlog. */
static uint64_t
mysql_chunk_of(uint64_t backlog)
{
	uint64_t chunk = backlog / 16;

	if (chunk < PRUNE_LEAST)
		chunk = PRUNE_LEAST;
	if (chunk > PRUNE_MOST)
		chunk = PRUNE_MOST;
	return chunk < backlog ? chunk : backlog;
}

/*
 * The chunks begin at the oldest id. The session remembers where the last one ended, because the database keeps
 * deleted rows for a while and would read all of them again.
 */
static enum store_result
mysql_store_prune(struct store_session *session, uint64_t keep, uint64_t *rows, bool *is_more,
		  struct text *reason)
{
	char sql[160];
	uint64_t ends[3]; /* the oldest id, the newest id, whether the server may be written to */
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
	result = mysql_session_numbers(session, sql, ends, 3, &found, reason);
	if (result != STORE_OK)
		return result;
	if (found && !ends[2])
		return mysql_explain_read_only(reason);
	if (!found || ends[1] < keep || ends[0] >= ends[1] - keep) {
		session->prune_from = 0; /* begin at the very oldest id next time */
		return STORE_OK;
	}
	below = ends[0] + mysql_chunk_of(ends[1] - keep - ends[0]);
	snprintf(sql, sizeof(sql), "DELETE FROM tickets WHERE id >= %" PRIu64 " AND id < %" PRIu64,
		 ends[0], below);
	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return mysql_session_error(session, reason);
	*rows = mysql_affected_rows(&session->mysql);
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
	.begin = mysql_store_begin,
	.end = mysql_store_end,
	.thread_begin = mysql_store_thread_begin,
	.thread_end = mysql_store_thread_end,
	.claim = mysql_store_no_claim,
	.release = mysql_store_no_claim,
	.open = mysql_store_open,
	.close = mysql_store_close,
	.reserve = mysql_reserve,
	.most_per_statement = mysql_store_most_per_statement,
	.fits = mysql_fits,
	.newest = mysql_store_newest,
	.share = mysql_store_share,
	.identity = mysql_store_identity,
	.advances = mysql_store_advances,
	.note_advance = mysql_note_advance,
	.advance = mysql_advance,
	.prune = mysql_store_prune,
	.warn = mysql_warn,
	.advise = mysql_advise,
	.create = mysql_create,
};
