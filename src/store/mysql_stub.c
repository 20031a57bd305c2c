#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/mysql_reserve.h"
#include "store/mysql_stub.h"

/*
 * Rows replaced by one statement cost InnoDB a millisecond each, so there is a statement for
 * each number. A named lock keeps the tickrd processes of this database from deadlocks and from
 * each other's runs; where somebody else's number falls into a run all the same, the run begins anew.
 */
static enum store_result
gather_run(struct store_session *session, uint32_t count, struct ticket_range *run,
	   struct text *reason)
{
	uint64_t give_up_us = clock_us() + session->settings->query_timeout_s * 1000000ull;
	uint64_t next = 0;

	*run = (struct ticket_range){0, session->increment, 0};
	while (run->count < count) {
		enum store_result result =
			session_run(session, "REPLACE INTO tickets (stub) VALUES ('a')", reason);
		uint64_t id = mysql_insert_id(&session->mysql);

		if (result != STORE_OK)
			return result;
		if (run->count == 0 || id != next) {
			run->first = id;
			run->count = 0;
		}
		run->count++;
		next = id + run->increment;
		if (clock_us() > give_up_us && run->count < count) {
			text_addf(reason,
				  "%" PRIu32
				  " tickets in a row took longer than the query time-out: "
				  "the stub layout on InnoDB needs a commit for each ticket",
				  count);
			return STORE_BUSY;
		}
	}
	return STORE_OK;
}

enum store_result
mysql_reserve_stub(struct store_session *session, uint32_t count, struct ticket_range *bases,
		   struct text *reason)
{
	static const char unlock[] = "DO RELEASE_LOCK(CONCAT('tickr.', MD5(DATABASE())))";
	char lock[96];
	uint64_t before = session->increment;
	uint64_t is_locked = 0;
	enum store_result result;
	bool found;

	snprintf(lock, sizeof(lock), "SELECT GET_LOCK(CONCAT('tickr.', MD5(DATABASE())), %u)",
		 (session->settings->query_timeout_s + 1) / 2);
	result = session_numbers(session, lock, &is_locked, 1, &found, reason);
	if (result != STORE_OK)
		return result;
	if (is_locked != 1) {
		text_add(reason, "another session held the table's lock for too long");
		return STORE_BUSY;
	}
	result = gather_run(session, count, bases, reason);
	if (result == STORE_OK)
		result = session_run(session, unlock, reason);
	else if (result != STORE_LOST)
		(void)!session_run(session, unlock, reason);
	if (result == STORE_OK && count > 1)
		result = mysql_read_increment(session, reason);
	if (result == STORE_OK && session->increment != before) {
		text_add(reason, "auto_increment_increment changed while tickets were reserved");
		return STORE_BUSY;
	}
	return result;
}
