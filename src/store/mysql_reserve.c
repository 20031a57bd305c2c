#include "store/mysql_counter.h"
#include "store/mysql_insert.h"
#include "store/mysql_reserve.h"
#include "store/mysql_stub.h"

bool
mysql_is_row_by_row(const struct store_session *session)
{
	return session->layout == LAYOUT_STUB && !session->has_table_locks;
}

bool
mysql_fits(const struct store_session *session, uint32_t count, struct text *reason)
{
	return session->layout == LAYOUT_COUNTER || mysql_is_row_by_row(session) ||
	       mysql_rows_fit(session, count, reason);
}

enum store_result
mysql_reserve(struct store_session *session, const struct store_order *order,
	      struct ticket_range *bases, struct text *reason)
{
	uint32_t count = order->count;

	if (session->layout == LAYOUT_COUNTER)
		return mysql_reserve_counter(session, count, bases, reason);
	if (mysql_is_row_by_row(session))
		return mysql_reserve_stub(session, count, bases, reason);
	return mysql_reserve_rows(session, count, bases, reason);
}
