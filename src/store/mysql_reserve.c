#include "store/mysql_counter.h"
#include "store/mysql_insert.h"
#include "store/mysql_reserve.h"
#include "store/mysql_stub.h"

enum store_result
mysql_reserve(struct store_session *session, uint32_t count, struct ticket_range *bases,
	      struct text *reason)
{
	if (session->layout == LAYOUT_COUNTER)
		return mysql_reserve_counter(session, count, bases, reason);
	if (session->layout == LAYOUT_STUB && !session->has_table_locks)
		return mysql_reserve_stub(session, count, bases, reason);
	return mysql_reserve_rows(session, count, bases, reason);
}
