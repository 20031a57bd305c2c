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

/* Numbers without a hole between them, and the last number that was taken, which may be after a hole. */
struct run {
	struct ticket_range bases;
	uint64_t last;
};

/* Add NUMBER to the run. If it does not follow the last one, begin the run again. */
static void
mysql_stub_add_number(struct run *run, uint64_t number)
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
mysql_stub_take_numbers(struct store_session *session, const char *begin, uint32_t count,
			struct run *run, struct text *reason)
{
	char sql[32 + MOST_IN_PACKET * sizeof(REPLACE)];
	struct text packet = TEXT_OVER(sql);

	text_add(&packet, begin);
	for (uint32_t i = 0; i < count; i++)
		text_add(&packet, REPLACE);
	packet.len--; /* a semicolon at the end would be an empty statement */
	if (mysql_real_query(&session->mysql, sql, packet.len) != 0)
		return mysql_session_error(session, reason);
	if (begin[0] != '\0' && mysql_next_result(&session->mysql) != 0)
		return mysql_session_error(session, reason);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && mysql_next_result(&session->mysql) != 0)
			return mysql_session_error(session, reason);
		mysql_stub_add_number(run, mysql_insert_id(&session->mysql));
		if (run->last == 0) {
			text_add(reason, "a REPLACE allocated no number");
			return STORE_FAILED;
		}
	}
	return STORE_OK;
}

/* Commit, and check whether the numbers of the run may be issued. */
static enum store_result
mysql_stub_commit(struct store_session *session, const struct run *run, struct text *reason)
{
	char sql[sizeof("COMMIT;" LOOK_LONGEST)];
	struct text packet = TEXT_OVER(sql);
	struct mysql_look look;
	enum store_result result;

	text_add(&packet, "COMMIT;");
	text_add(&packet, mysql_next_look(session, false));
	if (mysql_real_query(&session->mysql, sql, packet.len) != 0)
		return mysql_session_error(session, reason);
	if (mysql_next_result(&session->mysql) != 0)
		return mysql_session_error(session, reason);
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
 * Run one transaction until the run has GOAL numbers, or until it has too many statements or takes too long. If
 * another program takes a number, the run begins again, in the same transaction.
 */
static enum store_result
mysql_stub_lengthen(struct store_session *session, uint32_t goal, uint64_t give_up_us,
		    struct run *run, struct text *reason)
{
	const char *begin = "START TRANSACTION;";
	uint32_t taken = 0;

	do {
		uint32_t count = goal - run->bases.count;
		enum store_result result;

		count = count < MOST_IN_PACKET ? count : MOST_IN_PACKET;
		result = mysql_stub_take_numbers(session, begin, count, run, reason);
		if (result != STORE_OK)
			return result;
		begin = "";
		taken += count;
	} while (run->bases.count < goal && taken < MOST_IN_COMMIT && clock_us() < give_up_us);
	return mysql_stub_commit(session, run, reason);
}

static enum store_result
mysql_stub_gather_run(struct store_session *session, uint32_t count, struct run *run,
		      struct text *reason)
{
	uint64_t give_up_us = clock_us() + session->settings->query_timeout_s * 1000000ull;

	while (run->bases.count < count) {
		uint32_t left = count - run->bases.count;
		uint32_t more = left < LEAST_IN_COMMIT ? left : LEAST_IN_COMMIT;
		enum store_result result = mysql_stub_lengthen(session, run->bases.count + more,
							       give_up_us, run, reason);

		if (result != STORE_OK)
			return result;
		if (clock_us() > give_up_us && run->bases.count < count) {
			text_addf(reason,
				  "%" PRIu32 " tickets in a row took longer than the query "
				  "time-out: ask for fewer at a time. In the stub layout on "
				  "InnoDB each ticket is a statement, and another program may "
				  "count in the table",
				  count);
			return STORE_BUSY;
		}
	}
	return STORE_OK;
}

/* --- the named lock ------------------------------------------------------------------------------ */

/*
 * Take the lock of the database, and write its name to NAME. The name has a hash that is made here, since not
 * every server has MD5(). Both names of locks and names of databases have at most 64 characters.
 */
static enum store_result
mysql_stub_lock(struct store_session *session, char name[LOCK_NAME_SIZE], struct text *reason)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	char sql[96];
	uint64_t is_locked = 0;
	bool found;
	enum store_result result;

	for (const char *c = mysql_database(session->settings); *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	snprintf(name, LOCK_NAME_SIZE, "tickr.%016" PRIx64, hash);
	snprintf(sql, sizeof(sql), "SELECT GET_LOCK('%s', %u)", name,
		 (session->settings->query_timeout_s + 1) / 2);
	result = mysql_session_numbers(session, sql, &is_locked, 1, &found, reason);
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

	result = mysql_stub_lock(session, name, reason);
	if (result != STORE_OK)
		return result;
	snprintf(unlock, sizeof(unlock), "DO RELEASE_LOCK('%s')", name);
	result = mysql_stub_gather_run(session, count, &run, reason);
	*bases = run.bases;
	if (result == STORE_OK)
		return mysql_session_run(session, unlock, reason);
	if (result != STORE_BUSY) /* closing the session ends the transaction and the lock */
		return result;
	if (mysql_session_run(session, "ROLLBACK", &ignored) != STORE_OK ||
	    mysql_session_run(session, unlock, &ignored) != STORE_OK)
		return STORE_LOST;
	return result;
}
