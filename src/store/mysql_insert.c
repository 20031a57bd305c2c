/*
 * DESIGN. The step between the rows of one statement is the session's
 * auto_increment_increment. It is read after every statement of several rows in the same packet: a
 * proxy between us may ask another server next time. Only Galera changes it under a session, as its
 * nodes come and go; there it is read before the statement too, and if it changed in
 * between, nobody knows which step the rows have, and the range is abandoned. What was read
 * with an earlier statement proves nothing: it may have changed and changed back.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "store/mysql_insert.h"
#include "store/mysql_reserve.h"

#define ASK_LENGTH	  sizeof(READ_INCREMENT) /* with a semicolon, without the NUL */
#define SMALL_INSERT_ROWS 1024 /* the statement for this many is kept; larger ones are not */
#define STEP_CHANGES	  3    /* how often the step may change under one reservation */

/* How a statement of many rows begins, and what it repeats for each. */
struct insert_shape {
	const char *head;
	const char *row;
};

/* What a statement of many rows brought. */
struct insert_result {
	uint64_t first;
	uint64_t before; /* the step before it */
	uint64_t after;
};

static const struct insert_shape append_shape = {"INSERT INTO tickets (id) VALUES", "(NULL),"};
static const struct insert_shape stub_shape = {"REPLACE INTO tickets (stub) VALUES", "('a'),"};

static const struct insert_shape *
shape_of(const struct store_session *session)
{
	return session->layout == LAYOUT_APPEND ? &append_shape : &stub_shape;
}

/* Make the kept statement ROWS long at least; the question for the step goes before it. */
static void
grow_insert(struct store_session *session, uint32_t rows)
{
	const struct insert_shape *shape = shape_of(session);
	size_t head = strlen(shape->head), row = strlen(shape->row);
	char *statement;

	if (session->insert != NULL && session->insert_rows >= rows)
		return;
	free(session->insert);
	session->insert_rows = rows < SMALL_INSERT_ROWS ? SMALL_INSERT_ROWS : rows;
	session->insert = xcalloc(1, ASK_LENGTH + head + session->insert_rows * row + ASK_LENGTH);
	memcpy(session->insert, READ_INCREMENT ";", ASK_LENGTH);
	statement = session->insert + ASK_LENGTH;
	memcpy(statement, shape->head, head);
	for (uint32_t i = 0; i < session->insert_rows; i++)
		memcpy(statement + head + i * row, shape->row, row);
}

static void
shrink_insert(struct store_session *session)
{
	if (session->insert_rows <= SMALL_INSERT_ROWS)
		return;
	free(session->insert);
	session->insert = NULL;
	session->insert_rows = 0;
}

static void
read_number(MYSQL_RES *rows, uint64_t *number)
{
	MYSQL_ROW row = rows != NULL ? mysql_fetch_row(rows) : NULL;

	if (row == NULL || row[0] == NULL ||
	    !parse_number(row[0], strlen(row[0]), UINT64_MAX, number))
		*number = 0;
}

/* The step, from the result that is next. */
static enum store_result
take_increment(struct store_session *session, uint64_t *increment, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);

	if (rows == NULL && mysql_errno(&session->mysql) != 0)
		return session_error(session, reason);
	read_number(rows, increment);
	mysql_free_result(rows);
	if (*increment != 0)
		return STORE_OK;
	text_add(reason, "the server did not tell its auto_increment_increment");
	return STORE_FAILED;
}

static enum store_result
take_insert(struct store_session *session, uint32_t count, uint64_t *first, struct text *reason)
{
	*first = mysql_insert_id(&session->mysql);
	if (*first == 0 || mysql_affected_rows(&session->mysql) < count) {
		text_addf(reason, "the statement for %" PRIu32 " rows did not insert them", count);
		return STORE_FAILED;
	}
	return STORE_OK;
}

static enum store_result
take_increment_before(struct store_session *session, uint64_t *increment, struct text *reason)
{
	enum store_result result = take_increment(session, increment, reason);

	if (result != STORE_OK)
		return result;
	return mysql_next_result(&session->mysql) == 0 ? STORE_OK : session_error(session, reason);
}

/* What one packet asked: the step, where it may change, the insert, and the step after it. */
static enum store_result
take_results(struct store_session *session, struct insert_result *inserted, uint32_t count,
	     struct text *reason)
{
	enum store_result result = STORE_OK;

	if (session->is_galera)
		result = take_increment_before(session, &inserted->before, reason);
	if (result != STORE_OK)
		return result;
	result = take_insert(session, count, &inserted->first, reason);
	if (result != STORE_OK)
		return result;
	if (mysql_next_result(&session->mysql) != 0)
		return session_error(session, reason);
	result = take_increment(session, &inserted->after, reason);
	if (!session->is_galera)
		inserted->before = inserted->after;
	return result;
}

/* One row has no step. */
static enum store_result
insert_row(struct store_session *session, struct insert_result *inserted, struct text *reason)
{
	const struct insert_shape *shape = shape_of(session);

	grow_insert(session, 1);
	inserted->before = inserted->after = session->increment;
	if (mysql_real_query(&session->mysql, session->insert + ASK_LENGTH,
			     strlen(shape->head) + strlen(shape->row) - 1) != 0)
		return session_error(session, reason);
	return take_insert(session, 1, &inserted->first, reason);
}

/* The kept statement is cut behind COUNT rows, and made whole again after it was sent. */
static enum store_result
insert_rows(struct store_session *session, uint32_t count, struct insert_result *inserted,
	    struct text *reason)
{
	const struct insert_shape *shape = shape_of(session);
	size_t len = ASK_LENGTH + strlen(shape->head) + count * strlen(shape->row) - 1;
	size_t skipped = session->is_galera ? 0 : ASK_LENGTH;
	char kept[ASK_LENGTH];
	bool is_sent;

	grow_insert(session, count);
	memcpy(kept, session->insert + len, sizeof(kept));
	memcpy(session->insert + len, ";" READ_INCREMENT, sizeof(kept));
	is_sent = mysql_real_query(&session->mysql, session->insert + skipped,
				   len + sizeof(kept) - skipped) == 0;
	memcpy(session->insert + len, kept, sizeof(kept));
	shrink_insert(session);
	if (!is_sent)
		return session_error(session, reason);
	return take_results(session, inserted, count, reason);
}

enum store_result
mysql_reserve_rows(struct store_session *session, uint32_t count, struct ticket_range *bases,
		   struct text *reason)
{
	for (unsigned change = 0; change < STEP_CHANGES; change++) {
		struct insert_result inserted = {0};
		enum store_result result = count == 1
						   ? insert_row(session, &inserted, reason)
						   : insert_rows(session, count, &inserted, reason);

		if (result != STORE_OK)
			return result;
		session->increment = inserted.after;
		*bases = (struct ticket_range){inserted.first, inserted.after, count};
		if (inserted.before == inserted.after)
			return STORE_OK;
	}
	text_add(reason, "auto_increment_increment changed again and again while tickets were "
			 "reserved");
	return STORE_BUSY;
}
