#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/mysql_look.h"
#include "store/mysql_stub.h"

#define REPLACE		"REPLACE INTO tickets (stub) VALUES ('a');"
#define MOST_IN_PACKET	100
#define LEAST_IN_COMMIT 100
#define MOST_IN_COMMIT	1600
#define LOCK_NAME_SIZE	32

/* The numbers that were taken one after the other, and the last one, whether it fits or not. */
struct run {
	struct ticket_range bases;
	uint64_t last;
};

/* NUMBER goes on where the run ends, or the run begins again with it. */
static void
add_number(struct run *run, uint64_t number)
{
	struct ticket_range *bases = &run->bases;

	if (bases->count == 0 || number != run->last + bases->increment) {
		bases->first = number;
		bases->count = 0;
	}
	bases->count++;
	run->last = number;
}

/* Take COUNT numbers, at most MOST_IN_PACKET, in one packet that starts with BEGIN. */
static enum store_result
take_numbers(struct store_session *session, const char *begin, uint32_t count, struct run *run,
	     struct text *reason)
{
	char sql[32 + MOST_IN_PACKET * sizeof(REPLACE)];
	struct text packet = TEXT_OVER(sql);

	text_add(&packet, begin);
	for (uint32_t i = 0; i < count; i++)
		text_add(&packet, REPLACE);
	packet.len--; /* a semicolon at the end would be an empty statement */
	if (mysql_real_query(&session->mysql, sql, packet.len) != 0)
		return session_error(session, reason);
	if (begin[0] != '\0' && mysql_next_result(&session->mysql) != 0)
		return session_error(session, reason);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && mysql_next_result(&session->mysql) != 0)
			return session_error(session, reason);
		add_number(run, mysql_insert_id(&session->mysql));
		if (run->last == 0) {
			text_add(reason, "a REPLACE allocated no number");
			return STORE_FAILED;
		}
	}
	return STORE_OK;
}

/* Commit, and look whether what was taken may be issued. */
static enum store_result
commit(struct store_session *session, const struct run *run, struct text *reason)
{
	char sql[sizeof("COMMIT;" LOOK_LONGEST)];
	struct text packet = TEXT_OVER(sql);
	struct mysql_look look;
	enum store_result result;

	text_add(&packet, "COMMIT;");
	text_add(&packet, mysql_next_look(session, false));
	if (mysql_real_query(&session->mysql, sql, packet.len) != 0)
		return session_error(session, reason);
	if (mysql_next_result(&session->mysql) != 0)
		return session_error(session, reason);
	result = mysql_take_look(session, &look, reason);
	if (result == STORE_OK)
		result = mysql_judge_look(session, &look, reason);
	if (result == STORE_OK)
		result = mysql_check_allocation(&look, run->last, reason);
	if (result != STORE_OK)
		return result;
	session->steps = look.steps;
	if (look.steps.increment == run->bases.increment)
		return STORE_OK;
	text_add(reason, "auto_increment_increment changed while tickets were reserved");
	return STORE_BUSY;
}

/*
 * One transaction: until the run has GOAL numbers, unless that takes too many or too long. A number
 * that was lost makes the run begin again, and it is then the transaction that is longer.
 */
static enum store_result
lengthen(struct store_session *session, uint32_t goal, uint64_t give_up_us, struct run *run,
	 struct text *reason)
{
	const char *begin = "START TRANSACTION;";
	uint32_t taken = 0;

	do {
		uint32_t count = goal - run->bases.count;
		enum store_result result;

		count = count < MOST_IN_PACKET ? count : MOST_IN_PACKET;
		result = take_numbers(session, begin, count, run, reason);
		if (result != STORE_OK)
			return result;
		begin = "";
		taken += count;
	} while (run->bases.count < goal && taken < MOST_IN_COMMIT && clock_us() < give_up_us);
	return commit(session, run, reason);
}

static enum store_result
gather_run(struct store_session *session, uint32_t count, struct run *run, struct text *reason)
{
	uint64_t give_up_us = clock_us() + session->settings->query_timeout_s * 1000000ull;

	while (run->bases.count < count) {
		uint32_t left = count - run->bases.count;
		uint32_t more = left < LEAST_IN_COMMIT ? left : LEAST_IN_COMMIT;
		enum store_result result =
			lengthen(session, run->bases.count + more, give_up_us, run, reason);

		if (result != STORE_OK)
			return result;
		if (clock_us() > give_up_us && run->bases.count < count) {
			text_addf(reason,
				  "%" PRIu32
				  " tickets in a row took longer than the query time-out: in the "
				  "stub layout on InnoDB each ticket is a statement, and another "
				  "program may count in the table; ask for fewer at a time",
				  count);
			return STORE_BUSY;
		}
	}
	return STORE_OK;
}

/* --- the named lock ------------------------------------------------------------------------------ */

/* Made here, since not every server has MD5(); names have 64 characters at most, as databases have. */
static void
name_lock(const struct store_session *session, char name[LOCK_NAME_SIZE])
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *c = mysql_database(session->settings); *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	snprintf(name, LOCK_NAME_SIZE, "tickr.%016" PRIx64, hash);
}

static enum store_result
lock(struct store_session *session, const char *name, struct text *reason)
{
	char sql[96];
	uint64_t is_locked = 0;
	bool found;
	enum store_result result;

	snprintf(sql, sizeof(sql), "SELECT GET_LOCK('%s', %u)", name,
		 (session->settings->query_timeout_s + 1) / 2);
	result = session_numbers(session, sql, &is_locked, 1, &found, reason);
	if (result != STORE_OK || is_locked == 1)
		return result;
	text_add(reason, "another session held the table's lock for too long");
	return STORE_BUSY;
}

enum store_result
mysql_reserve_stub(struct store_session *session, uint32_t count, struct ticket_range *bases,
		   struct text *reason)
{
	struct run run = {.bases.increment = session->steps.increment};
	char name[LOCK_NAME_SIZE], unlock[96], memory[256];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result;

	name_lock(session, name);
	snprintf(unlock, sizeof(unlock), "DO RELEASE_LOCK('%s')", name);
	result = lock(session, name, reason);
	if (result != STORE_OK)
		return result;
	result = gather_run(session, count, &run, reason);
	*bases = run.bases;
	if (result == STORE_OK)
		return session_run(session, unlock, reason);
	if (result != STORE_BUSY) /* the session is closed, and with it transaction and lock */
		return result;
	if (session_run(session, "ROLLBACK", &ignored) != STORE_OK ||
	    session_run(session, unlock, &ignored) != STORE_OK)
		return STORE_LOST;
	return result;
}
