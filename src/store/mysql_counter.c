#include <inttypes.h>
#include <stdio.h>

#include "store/mysql_counter.h"
#include "store/mysql_look.h"

#define THE_ROW "(SELECT id FROM tickets WHERE stub='a')"
#define MOVE	"UPDATE tickets SET id=LAST_INSERT_ID(id+%" PRIu32 ")WHERE stub='a';"
#define EXECUTE "EXECUTE tickr_move USING %" PRIu32 ";"
#define PREPARE                                                                          \
	"PREPARE tickr_move FROM 'UPDATE tickets SET id=LAST_INSERT_ID(id+?)WHERE stub=" \
	"''a'''"

/* The results of one packet. */
struct move {
	uint64_t rows;
	uint64_t last;
	struct mysql_look look;
};

static enum store_result
mysql_counter_send(struct store_session *session, const char *sql, size_t len, struct move *move,
		   struct text *reason)
{
	MYSQL *mysql = &session->mysql;
	enum store_result result;

	if (mysql_real_query(mysql, sql, len) != 0)
		return mysql_session_error(session, reason);
	move->rows = mysql_affected_rows(mysql);
	move->last = mysql_insert_id(mysql);
	if (mysql_next_result(mysql) != 0)
		return mysql_session_error(session, reason);
	result = mysql_take_look(session, &move->look, reason);
	return result == STORE_OK ? mysql_judge_look(session, &move->look, reason) : result;
}

/*
 * Explain that the row is gone, or that a trigger changes ids. LAST is the number that LAST_INSERT_ID() set. If a
 * trigger runs, servers do not send that number, and LAST is 0.
 */
static enum store_result
mysql_counter_explain_row(struct store_session *session, uint64_t last, struct text *reason)
{
	uint64_t stands = 0;
	bool found;
	enum store_result result =
		mysql_session_numbers(session, "SELECT " THE_ROW, &stands, 1, &found, reason);

	if (result != STORE_OK)
		return result;
	if (!found)
		text_add(reason, "the counter's row, with stub 'a', is gone");
	else if (last == 0)
		text_addf(reason,
			  "the server does not say where it moved the counter, which is at %" PRIu64
			  ": a trigger of `tickets` sets ids or hides them; drop it",
			  stands);
	else
		text_addf(reason,
			  "the counter is at %" PRIu64 " after it was moved to %" PRIu64
			  ": drop the trigger of `tickets` that sets ids; without one, another "
			  "program set the counter back",
			  stands, last);
	return STORE_REFUSED;
}

/*
 * Move the counter, and read the row too. It holds the number that the server named, or a higher one if other
 * sessions have moved the counter since. Only the first move of a session reads the row, since that doubles the
 * cost. If a trigger is made later, the server no longer names the number.
 */
static enum store_result
mysql_counter_move_first(struct store_session *session, uint32_t count, struct move *move,
			 struct text *reason)
{
	char sql[sizeof(MOVE) + sizeof(LOOK_ONE(THE_ROW) LOOK_TWO) + 16], memory[256];
	struct text packet = TEXT_OVER(sql), ignored = TEXT_OVER(memory);
	enum store_result result;

	session->asks_definition = session->sees_definition;
	text_addf(&packet, MOVE LOOK_ONE(THE_ROW) "%s", count,
		  session->asks_definition ? LOOK_TWO : "");
	result = mysql_counter_send(session, sql, packet.len, move, reason);
	if (result != STORE_OK)
		return result;
	if (!move->look.has_base || move->look.base < move->last)
		return mysql_counter_explain_row(session, move->last, reason);
	session->has_checked_move = true;
	if (session->is_prepared)
		session->is_move_prepared =
			mysql_session_run(session, PREPARE, &ignored) == STORE_OK;
	return STORE_OK;
}

enum store_result
mysql_reserve_counter(struct store_session *session, uint32_t count, struct ticket_range *bases,
		      struct text *reason)
{
	char sql[sizeof(MOVE) + sizeof(LOOK_LONGEST) + 16];
	struct text packet = TEXT_OVER(sql);
	struct move move;
	enum store_result result;

	if (session->has_checked_move) {
		if (session->is_move_prepared)
			text_addf(&packet, EXECUTE, count);
		else
			text_addf(&packet, MOVE, count);
		text_add(&packet, mysql_next_look(session, false));
		result = mysql_counter_send(session, sql, packet.len, &move, reason);
	} else
		result = mysql_counter_move_first(session, count, &move, reason);
	if (result != STORE_OK)
		return result;
	if (move.rows != 1 || move.last <= count)
		return mysql_counter_explain_row(session, move.last, reason);
	*bases = (struct ticket_range){move.last - count + 1, 1, count};
	return STORE_OK;
}
