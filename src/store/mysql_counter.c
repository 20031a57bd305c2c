#include <string.h>

#include "store/mysql_counter.h"

static const char move_sql[] = "UPDATE tickets SET id = LAST_INSERT_ID(id + ?) WHERE stub = 'a'";

/* The statement in one piece, or none: what was begun is not taken for a good one the next time. */
static enum store_result
prepare_move(struct store_session *session, struct text *reason)
{
	MYSQL_STMT *move = mysql_stmt_init(&session->mysql);
	MYSQL_BIND by = {
		.buffer_type = MYSQL_TYPE_LONG, .buffer = &session->move_by, .is_unsigned = true};
	enum store_result result;

	if (move == NULL)
		return session_error(session, reason);
	if (mysql_stmt_prepare(move, move_sql, strlen(move_sql)) == 0 &&
	    mysql_stmt_bind_param(move, &by) == 0) {
		session->move = move;
		return STORE_OK;
	}
	result = session_statement_error(move, reason);
	mysql_stmt_close(move);
	return result;
}

/*
 * Prepared once a session, since parsing takes the server longer than the rest. A statement that
 * failed with STORE_BUSY is as good as before.
 */
enum store_result
mysql_reserve_counter(struct store_session *session, uint32_t count, struct ticket_range *bases,
		      struct text *reason)
{
	enum store_result result = STORE_OK;
	uint64_t last;

	if (session->move == NULL)
		result = prepare_move(session, reason);
	if (result != STORE_OK)
		return result;
	session->move_by = count;
	if (mysql_stmt_execute(session->move) != 0)
		return session_statement_error(session->move, reason);
	last = mysql_stmt_insert_id(session->move);
	if (mysql_stmt_affected_rows(session->move) != 1 || last <= count) {
		text_add(reason, "the counter's row, with stub 'a', is gone");
		return STORE_REFUSED;
	}
	*bases = (struct ticket_range){last - count + 1, 1, count};
	return STORE_OK;
}
