/*
 * DESIGN. Auto_increment_increment of the session is the step between the rows of one statement. The look after
 * the statement, in the same packet, reads the step: through a proxy, the next packet may reach another server.
 *
 * Only Galera changes the step under an open session, as its nodes join and leave. So there the packet also
 * begins with a look. If the step changed between the two looks, the step of the rows is not known, and the range
 * is abandoned. A look of an earlier packet proves nothing: the step may have changed and changed back.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/mysql_insert.h"
#include "store/mysql_look.h"

#define LOOK_BEFORE	  LOOK_ONE("0") ";"
#define SMALL_INSERT_ROWS 1024 /* a statement of more rows is freed after its use */
#define STEP_CHANGES	  3    /* the most changes of the step in one reservation */

/* The beginning of a statement for many rows, and the part that it repeats for each row. */
struct insert_shape {
	const char *head;
	const char *row;
};

static const struct insert_shape append_shape = {"INSERT INTO tickets (id) VALUES", "(NULL),"};
static const struct insert_shape stub_shape = {"REPLACE INTO tickets (stub) VALUES", "('a'),"};

static const struct insert_shape *
mysql_insert_shape_of(const struct store_session *session)
{
	return session->layout == LAYOUT_APPEND ? &append_shape : &stub_shape;
}

uint32_t
mysql_most_rows(const struct store_session *session)
{
	const struct insert_shape *shape = mysql_insert_shape_of(session);
	uint64_t others = sizeof(LOOK_BEFORE) + strlen(shape->head) + sizeof(LOOK_LONGEST);
	uint64_t rows;

	if (session->max_packet <= others)
		return session->max_packet == 0 ? UINT32_MAX : 1;
	rows = (session->max_packet - others) / strlen(shape->row);
	return rows < UINT32_MAX ? (uint32_t)rows : UINT32_MAX;
}

bool
mysql_rows_fit(const struct store_session *session, uint32_t count, struct text *reason)
{
	if (count <= mysql_most_rows(session))
		return true;
	text_addf(reason,
		  "%" PRIu32 " tickets need a larger packet than max_allowed_packet of the "
		  "database (%" PRIu64 ") allows: raise it, or lower TICKR_MAX_BATCH",
		  count, session->max_packet);
	return false;
}

/* Make the kept statement at least ROWS long, with room for a look before and after it. */
static void
mysql_insert_grow(struct store_session *session, uint32_t rows)
{
	const struct insert_shape *shape = mysql_insert_shape_of(session);
	size_t before = strlen(LOOK_BEFORE), head = strlen(shape->head), row = strlen(shape->row);
	char *statement;

	if (session->insert != NULL && session->insert_rows >= rows)
		return;
	free(session->insert);
	session->insert_rows = rows < SMALL_INSERT_ROWS ? SMALL_INSERT_ROWS : rows;
	session->insert =
		xcalloc(1, before + head + session->insert_rows * row + sizeof(LOOK_LONGEST));
	memcpy(session->insert, LOOK_BEFORE, before);
	statement = session->insert + before;
	memcpy(statement, shape->head, head);
	for (uint32_t i = 0; i < session->insert_rows; i++)
		memcpy(statement + head + i * row, shape->row, row);
}

/* Send the kept statement with only COUNT rows: cut it after them, and restore it afterwards. */
static enum store_result
mysql_insert_send(struct store_session *session, uint32_t count, struct text *reason)
{
	const struct insert_shape *shape = mysql_insert_shape_of(session);
	size_t before = strlen(LOOK_BEFORE);
	size_t skipped = session->is_elastic ? 0 : before;
	size_t len = before + strlen(shape->head) + count * strlen(shape->row);
	char kept[sizeof(LOOK_LONGEST)];
	const char *look = mysql_next_look(session, count > 1);
	size_t more = strlen(look);
	char *cut;
	bool is_sent;

	mysql_insert_grow(session, count);
	cut = session->insert + len;
	memcpy(kept, cut, more);
	cut[-1] = ';'; /* in place of the last row's comma */
	memcpy(cut, look, more);
	is_sent = mysql_real_query(&session->mysql, session->insert + skipped,
				   len + more - skipped) == 0;
	cut[-1] = ',';
	memcpy(cut, kept, more);
	if (session->insert_rows > SMALL_INSERT_ROWS) {
		free(session->insert);
		session->insert = NULL;
		session->insert_rows = 0;
	}
	return is_sent ? STORE_OK : mysql_session_error(session, reason);
}

static enum store_result
mysql_insert_next_result(struct store_session *session, struct text *reason)
{
	return mysql_next_result(&session->mysql) == 0 ? STORE_OK
						       : mysql_session_error(session, reason);
}

/*
 * Read the results of one packet: in Galera a look, then the insert, then the look after it. Set *IS_KNOWN if the
 * step of the rows is known.
 */
static enum store_result
mysql_insert_take_results(struct store_session *session, uint32_t count, struct ticket_range *bases,
			  bool *is_known, struct text *reason)
{
	struct mysql_look before = {0}, after;
	enum store_result result = STORE_OK;

	if (session->is_elastic)
		result = mysql_take_numbers(session, &before, reason);
	if (session->is_elastic && result == STORE_OK)
		result = mysql_insert_next_result(session, reason);
	if (result != STORE_OK)
		return result;
	bases->first = mysql_insert_id(&session->mysql);
	if (bases->first == 0 || mysql_affected_rows(&session->mysql) < count) {
		text_addf(reason, "the statement for %" PRIu32 " rows did not insert them", count);
		return STORE_FAILED;
	}
	result = mysql_insert_next_result(session, reason);
	if (result == STORE_OK)
		result = mysql_take_look(session, &after, reason);
	if (result == STORE_OK)
		result = mysql_judge_look(session, &after, reason);
	if (result == STORE_OK)
		result = mysql_check_allocation(&after, bases->first, reason);
	if (result != STORE_OK)
		return result;
	session->steps = after.steps;
	bases->increment = after.steps.increment;
	bases->count = count;
	*is_known = !session->is_elastic || before.steps.increment == after.steps.increment;
	return STORE_OK;
}

enum store_result
mysql_reserve_rows(struct store_session *session, uint32_t count, struct ticket_range *bases,
		   struct text *reason)
{
	for (unsigned change = 0; change < STEP_CHANGES; change++) {
		bool is_known = false;
		enum store_result result = mysql_insert_send(session, count, reason);

		if (result == STORE_OK)
			result =
				mysql_insert_take_results(session, count, bases, &is_known, reason);
		if (result != STORE_OK || is_known)
			return result;
	}
	text_add(reason, "auto_increment_increment kept changing while tickets were reserved");
	return STORE_BUSY;
}
