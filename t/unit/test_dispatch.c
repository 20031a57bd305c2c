#include <assert.h>
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "dispatch/dispatch.h"
#include "store/memory.h"

#define PATIENCE_MS	30000
#define POOL_TIMEOUT_MS 800
#define ATTEMPT_MS	(POOL_TIMEOUT_MS / 4)

static struct memory_script scripts[2];
static struct dispatch *dispatch;
static struct source source; /* the dispatcher's */

static void
make(size_t count, bool is_failover)
{
	struct pool_settings pools[2];
	struct dispatch_settings settings = {.pools = pools,
					     .count = count,
					     .is_failover = is_failover,
					     .pool_timeout_ms = POOL_TIMEOUT_MS};

	log_begin(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < 2; i++) {
		memory_script_init(&scripts[i]);
		pools[i] = (struct pool_settings){
			.store = &memory_store,
			.database = {.own = &scripts[i], .space = {10, i + 3, 326}},
			.sessions = 1,
			.number = i,
			.name = i == 0 ? "first" : "second",
		};
	}
	dispatch = dispatch_new(&settings);
	source = dispatch_source(dispatch);
	cr_assert(dispatch_start(dispatch));
}

static void
end(void)
{
	if (dispatch == NULL)
		return;
	assert(dispatch_stop(dispatch, clock_ms() + PATIENCE_MS));
	dispatch_free(dispatch);
	dispatch = NULL;
	for (unsigned i = 0; i < 2; i++) {
		assert(scripts[i].opened == scripts[i].closed);
		memory_script_destroy(&scripts[i]);
	}
}

TestSuite(dispatch, .fini = end, .timeout = 60);

static void
wait_for(size_t database, enum database_condition condition)
{
	struct database_state states[MOST_DATABASES];

	do {
		usleep(500);
		(void)dispatch_states(dispatch, states);
	} while (states[database].condition != condition);
}

static void
begin(bool is_failover)
{
	make(2, is_failover);
	wait_for(0, DATABASE_UP);
	wait_for(1, DATABASE_UP);
}

static void
submit(struct reservation *reservation, uint32_t count, uint64_t ms)
{
	*reservation = (struct reservation){
		.count = count, .deadline_ms = clock_ms() + ms, .answer = note_answer};
	cr_assert(source_submit(&source, reservation));
}

/* The node that answers a reservation of COUNT. */
static uint64_t
reserve(uint32_t count)
{
	struct reservation reservation;
	unsigned before = count_answers();

	submit(&reservation, count, PATIENCE_MS);
	wait_for_answers(before + 1);
	cr_assert_eq(reservation.status, TICKET_OK, "%s", reservation.reason);
	cr_assert_eq(reservation.bases.count, count);
	return reservation.space->node_number;
}

static void
set_failure(struct memory_script *script, enum store_result failure, bool also_to_open)
{
	memory_script_lock(script);
	script->fail_every = failure == STORE_OK ? 0 : 1;
	script->failure = failure;
	script->open_result = also_to_open ? failure : STORE_OK;
	memory_script_unlock(script);
}

static void
set_hanging(struct memory_script *script, bool hangs)
{
	memory_script_lock(script);
	script->hangs = hangs;
	memory_script_unlock(script);
}

Test(dispatch, databases_are_asked_in_turn)
{
	uint64_t before;

	begin(false);
	before = reserve(1);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t node = reserve(i + 1);

		cr_assert_neq(node, before);
		before = node;
	}
}

Test(dispatch, with_failover_the_first_one_is_asked)
{
	begin(true);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(reserve(i + 1), 3);
}

Test(dispatch, if_one_database_fails_another_answers)
{
	static const enum store_result failures[] = {STORE_LOST, STORE_FAILED, STORE_REFUSED,
						     STORE_EXHAUSTED};

	begin(true);
	for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
		set_failure(&scripts[0], failures[i], false);
		cr_assert_eq(reserve(5), 4);
		set_failure(&scripts[0], STORE_OK, false);
		wait_for(0, DATABASE_UP);
		/* Let the first one be used immediately. */
		set_failure(&scripts[1], STORE_LOST, false);
		cr_assert_eq(reserve(5), 3);
		set_failure(&scripts[1], STORE_OK, false);
		wait_for(1, DATABASE_UP);
	}
}

static void
set_most_at_once(struct memory_script *script, uint32_t most)
{
	memory_script_lock(script);
	script->most_at_once = most;
	memory_script_unlock(script);
}

Test(dispatch, another_database_serves_a_reservation_too_large_for_one_and_both_stay_in_service)
{
	struct database_state states[MOST_DATABASES];
	struct reservation reservation;

	begin(true);
	set_most_at_once(&scripts[0], 10);
	cr_assert_eq(reserve(11), 4);
	set_most_at_once(&scripts[1], 10);
	submit(&reservation, 11, PATIENCE_MS);
	wait_for_answers(2);
	cr_assert_eq(reservation.status, TICKET_TOO_LARGE);
	cr_assert_str_not_empty(reservation.reason);
	(void)dispatch_states(dispatch, states);
	cr_assert_eq(states[0].condition, DATABASE_UP);
	cr_assert_eq(states[1].condition, DATABASE_UP);
	cr_assert_eq(reserve(10), 3);
}

Test(dispatch, if_one_database_does_not_answer_another_does_within_a_part_of_the_time)
{
	uint64_t began_ms, first_ms;

	begin(true);
	set_hanging(&scripts[0], true);
	began_ms = clock_ms();
	cr_assert_eq(reserve(5), 4);
	first_ms = clock_ms() - began_ms;
	cr_assert_geq(first_ms, ATTEMPT_MS);
	cr_assert_lt(first_ms, POOL_TIMEOUT_MS);
	began_ms = clock_ms();
	cr_assert_eq(reserve(5), 4);
	cr_assert_lt(clock_ms() - began_ms, ATTEMPT_MS, "the next one does not wait for it");
	wait_for(0, DATABASE_DOWN);
	set_hanging(&scripts[0], false);
	wait_for(0, DATABASE_UP);
}

Test(dispatch, databases_that_are_all_slow_answer_in_time)
{
	struct reservation reservations[8];
	unsigned in_time = 0;

	begin(false);
	for (unsigned i = 0; i < 2; i++) {
		memory_script_lock(&scripts[i]);
		scripts[i].reserve_us = (ATTEMPT_MS + 50) * 1000;
		memory_script_unlock(&scripts[i]);
	}
	for (unsigned i = 0; i < ARRAY_LENGTH(reservations); i++) {
		submit(&reservations[i], 1, POOL_TIMEOUT_MS);
		usleep(20000);
	}
	wait_for_answers(ARRAY_LENGTH(reservations));
	for (unsigned i = 0; i < ARRAY_LENGTH(reservations); i++)
		in_time += reservations[i].status == TICKET_OK;
	cr_assert_eq(in_time, ARRAY_LENGTH(reservations), "%u", in_time);
}

Test(dispatch, an_answer_that_comes_too_late_is_a_gap)
{
	uint64_t newest;

	begin(true);
	set_hanging(&scripts[0], true);
	cr_assert_eq(reserve(5), 4);
	set_hanging(&scripts[0], false);
	wait_for(0, DATABASE_UP);
	set_failure(&scripts[1], STORE_LOST, true);
	newest = scripts[0].newest;
	cr_assert_eq(newest, 6, "the hung session has reserved");
	cr_assert_eq(reserve(1), 3);
	cr_assert_eq(scripts[0].newest, newest + 1, "and no reservation got its base");
	cr_assert_eq(count_answers(), 2);
}

static bool
is_ready(void)
{
	struct database_state states[MOST_DATABASES];
	size_t count = dispatch_states(dispatch, states);
	bool does_issue = false;

	for (size_t i = 0; i < count; i++)
		does_issue = does_issue || database_issues_ids(&states[i]);
	return does_issue;
}

Test(dispatch, while_none_is_in_service_a_reservation_waits_until_one_is)
{
	struct reservation reservation;

	begin(false);
	set_failure(&scripts[0], STORE_LOST, true);
	set_failure(&scripts[1], STORE_LOST, true);
	submit(&reservation, 5, PATIENCE_MS);
	wait_for(0, DATABASE_DOWN);
	wait_for(1, DATABASE_DOWN);
	cr_assert_not(is_ready());
	set_failure(&scripts[1], STORE_OK, false);
	wait_for_answers(1);
	cr_assert_eq(reservation.status, TICKET_OK);
	cr_assert_eq(reservation.space->node_number, 4);
	cr_assert(is_ready());
}

Test(dispatch, a_withdrawn_reservation_has_the_reasons_of_all)
{
	struct reservation reservation;

	begin(false);
	set_failure(&scripts[0], STORE_LOST, true);
	set_hanging(&scripts[1], true);
	submit(&reservation, 5, POOL_TIMEOUT_MS);
	wait_for(0, DATABASE_DOWN);
	cr_assert(source_withdraw(&source, &reservation));
	cr_assert_not_null(strstr(reservation.reason, "first: "), "%s", reservation.reason);
	cr_assert_not_null(strstr(reservation.reason, "second: "), "%s", reservation.reason);
	set_hanging(&scripts[1], false);
	wait_for(1, DATABASE_UP);
	cr_assert_eq(count_answers(), 0);
}

Test(dispatch, a_reservation_past_its_deadline_is_answered_without_a_withdrawal)
{
	struct reservation reservation;

	begin(false);
	set_failure(&scripts[0], STORE_LOST, true);
	set_failure(&scripts[1], STORE_LOST, true);
	submit(&reservation, 5, 50);
	wait_for_answers(1);
	cr_assert_eq(reservation.status, TICKET_TIMED_OUT);
	cr_assert_not_null(strstr(reservation.reason, "second: "), "%s", reservation.reason);
	cr_assert_not(source_withdraw(&source, &reservation));
}

Test(dispatch, tickets_end_when_all_databases_are_at_their_end)
{
	struct reservation reservation;

	begin(false);
	set_failure(&scripts[0], STORE_EXHAUSTED, false);
	set_failure(&scripts[1], STORE_EXHAUSTED, false);
	for (unsigned i = 1; i <= 3; i++) {
		submit(&reservation, 5, PATIENCE_MS);
		wait_for_answers(i);
		cr_assert_eq(reservation.status, TICKET_EXHAUSTED, "%s", reservation.reason);
		cr_assert_str_not_empty(reservation.reason);
	}
}

Test(dispatch, if_bases_have_no_tickets_another_database_is_asked)
{
	begin(true);
	memory_script_lock(&scripts[0]);
	scripts[0].newest = UINT64_C(1) << 62;
	memory_script_unlock(&scripts[0]);
	cr_assert_eq(reserve(5), 4);
}

Test(dispatch, with_one_database_its_pool_is_the_source)
{
	struct database_state states[MOST_DATABASES];

	make(1, false);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(reserve(i + 1), 3);
	wait_for(0, DATABASE_UP);
	cr_assert_eq(dispatch_states(dispatch, states), 1);
	cr_assert_eq(states[0].newest_base, 16);
	cr_assert_not(dispatch_drain(dispatch, 0));
	cr_assert_eq(scripts[1].opened, 0);
}

Test(dispatch, a_drained_database_has_no_session_until_it_is_resumed)
{
	begin(true);
	cr_assert(dispatch_drain(dispatch, 0));
	cr_assert_not(dispatch_drain(dispatch, 1), "it is the last one");
	cr_assert_eq(reserve(1), 4);
	wait_for(0, DATABASE_DRAINED);
	memory_script_lock(&scripts[0]);
	cr_assert_eq(scripts[0].opened, scripts[0].closed);
	memory_script_unlock(&scripts[0]);
	dispatch_resume(dispatch, 0);
	wait_for(0, DATABASE_UP);
	cr_assert(dispatch_drain(dispatch, 1));
	cr_assert_eq(reserve(1), 3);
}

Test(dispatch, a_stop_opens_no_session_of_a_drained_database)
{
	begin(true);
	cr_assert(dispatch_drain(dispatch, 0));
	wait_for(0, DATABASE_DRAINED);
	set_hanging(&scripts[0], true); /* a thread that opened a session now would hang */
}

/* Otherwise its state file keeps a high bound, and the next start leaves a large gap. */
Test(dispatch, a_database_that_hangs_keeps_no_other_from_a_clean_end)
{
	static struct dispatch *volatile left_behind; /* it must not be freed, and is no leak */

	begin(false);
	set_hanging(&scripts[0], true);
	wait_for(0, DATABASE_DOWN);
	cr_assert_not(dispatch_stop(dispatch, clock_ms() + 1000));
	cr_assert_eq(scripts[1].opened, scripts[1].closed);
	left_behind = dispatch;
	dispatch = NULL;
	cr_assert_not_null(left_behind);
}

static struct reservation another; /* submitted while the dispatcher stops */

static void
submit_another(struct reservation *reservation)
{
	cr_assert_eq(reservation->status, TICKET_DRAINING);
	submit(&another, 1, PATIENCE_MS);
}

/* As a segment does, whose fetch comes back at that moment. */
Test(dispatch, a_reservation_submitted_during_a_stop_is_answered)
{
	struct reservation waits = {
		.count = 1, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = submit_another};

	begin(false);
	set_failure(&scripts[0], STORE_LOST, true);
	set_failure(&scripts[1], STORE_LOST, true);
	cr_assert(source_submit(&source, &waits));
	wait_for(0, DATABASE_DOWN);
	wait_for(1, DATABASE_DOWN);
	end();
	cr_assert_eq(count_answers(), 1);
	cr_assert_eq(another.status, TICKET_DRAINING);
}
