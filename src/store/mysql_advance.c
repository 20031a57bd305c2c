/*
 * DESIGN. With AUTO_INCREMENT the counter follows the highest id that was ever inserted, so a row
 * with an id of our choice moves it, and an id that is there already has moved it before. In the
 * stub layout that row takes the place of the one there is, only where it is higher: else the
 * table's highest row, from which older servers count on when they restart, would go back.
 */
#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>

#include "store/mysql_advance.h"
#include "store/mysql_look.h"

/*
 * The first number from BASE on that this server gives itself: with several masters the others'
 * are not ours to take. An offset above the increment counts from there on only.
 */
static enum store_result
find_own(struct store_session *session, uint64_t *base, struct text *reason)
{
	static const char sql[] = "SELECT @@SESSION.auto_increment_increment, "
				  "@@SESSION.auto_increment_offset";
	uint64_t step[2] = {1, 1};
	bool found;
	enum store_result result = session_numbers(session, sql, step, 2, &found, reason);

	if (result != STORE_OK || step[0] < 2)
		return result;
	if (step[1] > step[0] && *base < step[1])
		*base = step[1];
	*base += (step[1] % step[0] + step[0] - *base % step[0]) % step[0];
	return STORE_OK;
}

static enum store_result
advance_append(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[96], memory[256];
	struct text problem = TEXT_OVER(memory);
	enum store_result result = find_own(session, &base, reason);

	if (result != STORE_OK)
		return result;
	snprintf(sql, sizeof(sql), "INSERT INTO tickets (id) VALUES (%" PRIu64 ")", base);
	result = session_run(session, sql, &problem);
	if (result != STORE_OK && mysql_errno(&session->mysql) == ER_DUP_ENTRY)
		return STORE_OK;
	text_add(reason, memory);
	return result;
}

static enum store_result
advance_stub(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[160];
	enum store_result result = find_own(session, &base, reason);

	if (result != STORE_OK)
		return result;
	snprintf(sql, sizeof(sql),
		 "REPLACE INTO tickets (id, stub) SELECT %" PRIu64 ", 'a' FROM tickets "
		 "WHERE stub = 'a' AND id < %" PRIu64,
		 base, base);
	return session_run(session, sql, reason);
}

static enum store_result
advance_counter(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "UPDATE tickets SET id = %" PRIu64 " WHERE stub = 'a' AND id < %" PRIu64, base,
		 base);
	return session_run(session, sql, reason);
}

enum store_result
mysql_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	enum store_result result = mysql_check_writable(session, reason);

	if (result != STORE_OK)
		return result;
	switch (session->layout) {
	case LAYOUT_APPEND: return advance_append(session, base, reason);
	case LAYOUT_STUB: return advance_stub(session, base, reason);
	case LAYOUT_COUNTER: return advance_counter(session, base, reason);
	}
	return STORE_FAILED;
}
