/*
 * DESIGN. In the append and the stub layout AUTO_INCREMENT follows the highest id that was ever inserted. So a row
 * with a higher id moves the counter. If a row with that id exists, the counter is past it already.
 *
 * In the stub layout such a row replaces the only one, but never a higher one. Otherwise the highest row of the
 * table would fall, and older servers count on from that row after a restart.
 */
#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>

#include "store/mysql_advance.h"
#include "store/mysql_look.h"

/*
 * Raise *BASE to the next number that this server allocates itself: with several masters the numbers between
 * are the others'. If the offset is above the increment, the server counts in its class from the offset on.
 */
static enum store_result
mysql_advance_find_own(struct store_session *session, uint64_t *base, struct text *reason)
{
	static const char sql[] = "SELECT @@SESSION.auto_increment_increment, "
				  "@@SESSION.auto_increment_offset";
	uint64_t step[2] = {1, 1};
	bool found;
	enum store_result result = mysql_session_numbers(session, sql, step, 2, &found, reason);

	if (result != STORE_OK || step[0] < 2)
		return result;
	if (step[1] > step[0] && *base < step[1])
		*base = step[1];
	*base += (step[1] % step[0] + step[0] - *base % step[0]) % step[0];
	return STORE_OK;
}

enum store_result
mysql_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[160] = "", memory[640];
	struct text problem = TEXT_OVER(memory);
	enum store_result result = mysql_check_writable(session, reason);

	if (result == STORE_OK && session->layout != LAYOUT_COUNTER)
		result = mysql_advance_find_own(session, &base, reason);
	if (result != STORE_OK)
		return result;
	switch (session->layout) {
	case LAYOUT_APPEND:
		snprintf(sql, sizeof(sql), "INSERT INTO tickets (id) VALUES (%" PRIu64 ")", base);
		break;
	case LAYOUT_STUB:
		snprintf(sql, sizeof(sql),
			 "REPLACE INTO tickets (id, stub) SELECT %" PRIu64 ", 'a' FROM tickets "
			 "WHERE stub = 'a' AND id < %" PRIu64,
			 base, base);
		break;
	case LAYOUT_COUNTER:
		snprintf(sql, sizeof(sql),
			 "UPDATE tickets SET id = %" PRIu64 " WHERE stub = 'a' AND id < %" PRIu64,
			 base, base);
		break;
	}
	result = mysql_session_run(session, sql, &problem);
	if (result != STORE_OK && session->layout == LAYOUT_APPEND &&
	    mysql_errno(&session->mysql) == ER_DUP_ENTRY)
		return STORE_OK;
	text_add(reason, memory);
	return result;
}
