/*
 * DESIGN. SQLite runs in this process, so a statement a row costs no round trip. One transaction moves all rows with
 * one prepared statement, and ends with one fsync. The rows count for nothing until it is committed.
 *
 * An instance's row that is lower than the known count is left as it is: see mysql_sequences_move.c.
 */
#include "store/sqlite_sequences.h"

static void
sqlite_sequences_move_take(sqlite3_stmt *upsert, const char *name, size_t name_len,
			   struct sequence_rows *rows)
{
	sequence_rows_take(rows,
			   &(struct sequence_row){
				   .name = name,
				   .name_len = name_len,
				   .newest = (uint64_t)sqlite3_column_int64(upsert, 0),
				   .revision = (uint64_t)sqlite3_column_int64(upsert, 1),
				   .has_raised = sqlite3_column_type(upsert, 2) != SQLITE_NULL,
				   .raised = (uint64_t)sqlite3_column_int64(upsert, 2),
				   .seen = (uint64_t)sqlite3_column_int64(upsert, 3),
				   .most = (uint64_t)sqlite3_column_int64(upsert, 4),
				   .is_retired = sqlite3_column_int64(upsert, 5) != 0,
			   });
}

/* Move the row NAME, whose other parameters are bound, and take its new values. */
static int
sqlite_sequences_move_row(struct store_session *session, const char *name, size_t name_len,
			  uint64_t count, struct sequence_rows *rows)
{
	sqlite3_stmt *upsert = session->sequences->upsert;

	sqlite_sequences_bind_name(upsert, 1, name, name_len);
	sqlite3_bind_int64(upsert, 2, (sqlite3_int64)count);
	while (sqlite3_step(upsert) == SQLITE_ROW)
		sqlite_sequences_move_take(upsert, name, name_len, rows);
	return sqlite3_reset(upsert);
}

static int
sqlite_sequences_move_instance(struct store_session *session, struct sequence_rows *rows)
{
	const struct store_instance *known = rows->order->known;
	sqlite3_stmt *upsert = session->sequences->upsert;
	int code;

	if (rows->instance[0] == '\0')
		return SQLITE_OK;
	sqlite3_bind_int64(upsert, 3, (sqlite3_int64)known->seen);
	sqlite3_bind_int64(upsert, 4, (sqlite3_int64)known->count);
	code = sqlite_sequences_move_row(session, rows->instance, SEQUENCE_INSTANCE_LEN,
					 known->count == 0, rows);
	sqlite3_bind_null(upsert, 3);
	sqlite3_bind_null(upsert, 4);
	return code;
}

static enum store_result
sqlite_sequences_move_rows(struct store_session *session, struct sequence_rows *rows,
			   struct text *reason)
{
	const struct store_order *order = rows->order;
	int code = SQLITE_OK;

	for (size_t i = 0; i < order->moves_count && code == SQLITE_OK; i++)
		code = sqlite_sequences_move_row(session, order->moves[i].name,
						 order->moves[i].name_len, order->moves[i].count,
						 rows);
	if (code == SQLITE_OK)
		code = sqlite_sequences_move_row(session, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN,
						 order->count, rows);
	if (code == SQLITE_OK)
		code = sqlite_sequences_move_instance(session, rows);
	return code == SQLITE_OK ? STORE_OK : sqlite_sequences_error(session, reason);
}

static enum store_result
sqlite_sequences_move_once(struct store_session *session, const struct store_order *order,
			   struct sequence_rows *rows, struct text *reason)
{
	enum store_result result = sequence_rows_begin(rows, order, reason);

	if (result == STORE_OK)
		result = sqlite_sequences_begin_write(session, reason);
	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_move_rows(session, rows, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

/* A full disk has room yet where the log is: see sqlite.c. */
static bool
sqlite_sequences_move_may_find_room(struct store_session *session)
{
	int problem = session->sequences->problem;

	if (problem != SQLITE_FULL && problem != SQLITE_IOERR_WRITE)
		return false;
	sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return true;
}

enum store_result
sqlite_sequences_reserve(struct store_session *session, const struct store_order *order,
			 struct ticket_range *bases, struct text *reason)
{
	struct sequence_rows rows;
	enum store_result result;

	session->sequences->problem = SQLITE_OK;
	result = sqlite_sequences_move_once(session, order, &rows, reason);
	if (result == STORE_FAILED && sqlite_sequences_move_may_find_room(session)) {
		text_clear(reason);
		result = sqlite_sequences_move_once(session, order, &rows, reason);
	}
	if (result == STORE_OK)
		result = sqlite_sequences_check_schema(session, session->sequences->upsert, reason);
	return result == STORE_OK ? sequence_rows_end(&rows, bases, reason) : result;
}
