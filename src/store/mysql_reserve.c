#include <string.h>

#include "store/mysql_counter.h"
#include "store/mysql_insert.h"
#include "store/mysql_reserve.h"
#include "store/mysql_stub.h"

static void
read_is_galera(void *is_galera, MYSQL_ROW row)
{
	*(bool *)is_galera = row[1] != NULL && strcmp(row[1], "ON") == 0;
}

enum store_result
mysql_read_increment(struct store_session *session, struct text *reason)
{
	uint64_t numbers[2];
	bool found;
	enum store_result result = session_query(session, "SHOW VARIABLES LIKE 'wsrep_on'",
						 read_is_galera, &session->is_galera, reason);

	if (result == STORE_OK)
		result =
			session_numbers(session, READ_INCREMENT ", @@SESSION.auto_increment_offset",
					numbers, 2, &found, reason);
	if (result != STORE_OK)
		return result;
	if (found && numbers[0] > 0) {
		session->increment = numbers[0];
		session->offset = numbers[1];
		return STORE_OK;
	}
	text_add(reason, "the server did not tell its auto_increment_increment");
	return STORE_FAILED;
}

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
