#include <assert.h>
#include <criterion/criterion.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "pool/pool.h"
#include "store/memory.h"

#define PATIENCE_MS 30000

static struct memory_script script;
static struct pool *pool;
static struct source source; /* the pool's */

static void
begin(void)
{
	struct pool_settings settings = {.store = &memory_store,
					 .database = {.own = &script, .space = {10, 3, 326}},
					 .sessions = 1,
					 .name = "memory"};

	log_begin(LOG_LEVEL_ERROR);
	memory_script_init(&script);
	pool = pool_new(&settings);
	source = pool_source(pool);
}

static void
end(void)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	while (!pool_stop(pool, until_ms)) { /* it does not wait for a session that opens */
		assert(clock_ms() < until_ms);
		usleep(1000);
	}
	assert(script.claims == 1);
	pool_free(pool);
	assert(script.claims == 0);
	assert(script.opened == script.closed);
	memory_script_destroy(&script);
}

TestSuite(pool, .init = begin, .fini = end, .timeout = 60);

static void
submit_within(struct reservation *reservation, uint32_t count, uint64_t ms)
{
	*reservation = (struct reservation){
		.count = count, .deadline_ms = clock_ms() + ms, .answer = note_answer};
	cr_assert(source_submit(&source, reservation));
}

static void
submit(struct reservation *reservation, uint32_t count)
{
	submit_within(reservation, count, PATIENCE_MS);
}

static void
reserve(struct reservation *reservation, uint32_t count)
{
	unsigned before = count_answers();

	submit(reservation, count);
	wait_for_answers(before + 1);
}

Test(pool, a_reservation_comes_back_with_its_bases)
{
	struct reservation reservation;
	struct pool_view view;

	cr_assert(pool_start(pool));
	reserve(&reservation, 20);
	cr_assert_eq(reservation.status, TICKET_OK);
	cr_assert_eq(reservation.bases.first, 2);
	cr_assert_eq(reservation.bases.count, 20);
	pool_view(pool, &view);
	cr_assert_eq(view.health.newest_base, 21);
	cr_assert(view.health.is_ready);
}

Test(pool, an_answer_says_which_arithmetic_its_bases_have)
{
	static const struct ticket_space space = {10, 3, 326};
	struct reservation reservations[2];

	cr_assert(pool_start(pool));
	for (uint32_t i = 0; i < 2; i++) {
		reserve(&reservations[i], i + 1);
		cr_assert(space_equals(reservations[i].space, &space));
	}
}

Test(pool, reservations_that_gather_while_the_session_is_busy_share_a_statement)
{
	struct reservation reservations[50];

	for (uint32_t i = 0; i < 50; i++)
		submit(&reservations[i], i + 1);
	cr_assert(pool_start(pool));
	wait_for_answers(50);
	cr_assert_eq(script.reservations, 1);
	for (uint64_t i = 0, base = 2; i < 50; base += i + 1, i++) {
		cr_assert_eq(reservations[i].bases.first, base);
		cr_assert_eq(reservations[i].bases.count, i + 1);
	}
}

Test(pool, a_reservation_survives_a_lost_session_whose_bases_are_abandoned)
{
	static const struct {
		bool loses_after;
		uint64_t least;		     /* a check of a database in doubt may take one more */
	} cases[] = {{false, 2}, {true, 4}}; /* 3 is abandoned */

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reservation reservation;

		memory_script_lock(&script);
		script.reservations = 999;
		script.fail_every = 1000; /* the next one, and no other */
		script.failure = STORE_LOST;
		script.loses_after = cases[i].loses_after;
		memory_script_unlock(&script);
		if (i == 0)
			cr_assert(pool_start(pool));
		reserve(&reservation, 1);
		cr_assert_eq(reservation.status, TICKET_OK);
		cr_assert_geq(reservation.bases.first, cases[i].least);
		cr_assert_eq(reservation.losses, 1);
	}
}

Test(pool, a_second_loss_fails_with_the_reason)
{
	struct reservation reservation;

	script.fail_every = 1;
	script.failure = STORE_LOST;
	script.loses_after = true;
	cr_assert(pool_start(pool));
	reserve(&reservation, 1);
	cr_assert_eq(reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_str_eq(reservation.reason, "the script says that this reservation fails");
	cr_assert_eq(reservation.losses, 2);
}

Test(pool, a_server_that_is_not_ready_is_left_until_the_deadline)
{
	struct reservation reservation;

	script.fail_every = 1;
	script.failure = STORE_UNREADY;
	cr_assert(pool_start(pool));
	submit_within(&reservation, 1, 200);
	wait_for_answers(1);
	cr_assert_eq(reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_str_eq(reservation.reason, "the script says that this reservation fails");
	cr_assert_gt(script.reservations, 3);
	cr_assert_gt(script.opened, 3);
}

static bool
is_ready(void)
{
	struct pool_view view;

	pool_view(pool, &view);
	return view.health.is_ready;
}

static uint64_t
count_reservations(void)
{
	uint64_t count;

	memory_script_lock(&script);
	count = script.reservations;
	memory_script_unlock(&script);
	return count;
}

/* A server that is read_only, or whose disk does not write, still answers every read. */
Test(pool, while_no_reservation_succeeds_the_pool_is_not_ready_though_reads_succeed)
{
	static const enum store_result failures[] = {STORE_UNREADY, STORE_LOST, STORE_BUSY};

	cr_assert(pool_start(pool));
	for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
		struct reservation reservation;
		struct pool_view view;
		uint64_t failed_ms, before;

		memory_script_lock(&script);
		script.fail_every = 1;
		script.failure = failures[i];
		memory_script_unlock(&script);
		submit_within(&reservation, 1, 50);
		wait_for_answers((unsigned)i + 1);
		cr_assert_eq(reservation.status, TICKET_DATABASE_FAILED);
		before = count_reservations();
		failed_ms = clock_ms() + 50; /* a check that began before may end */
		while (count_reservations() < before + 3)
			usleep(1000);
		pool_view(pool, &view);
		cr_assert_leq(view.health.last_good_ms, failed_ms, "case %zu", i);
		while (is_ready())
			usleep(1000);
		memory_script_lock(&script);
		script.fail_every = 0;
		memory_script_unlock(&script);
		while (!is_ready())
			usleep(1000);
	}
}

Test(pool, each_failure_has_its_status)
{
	static const struct {
		enum store_result failure;
		enum ticket_status status;
	} cases[] = {
		{STORE_FAILED, TICKET_DATABASE_FAILED}, {STORE_REFUSED, TICKET_DATABASE_REFUSED},
		{STORE_EXHAUSTED, TICKET_EXHAUSTED},	{STORE_TOO_LARGE, TICKET_TOO_LARGE},
		{STORE_BUSY, TICKET_DATABASE_FAILED}, /* at its deadline */
	};

	cr_assert(pool_start(pool));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reservation reservation;

		memory_script_lock(&script);
		script.fail_every = 1;
		script.failure = cases[i].failure;
		memory_script_unlock(&script);
		submit_within(&reservation, 1, 50);
		wait_for_answers((unsigned)i + 1);
		cr_assert_eq(reservation.status, cases[i].status, "case %zu: %s", i,
			     ticket_status_name(reservation.status));
		cr_assert_str_not_empty(reservation.reason);
	}
}

static void
refuse_too_large(struct reservation *reservation, unsigned answer)
{
	submit(reservation, 11);
	wait_for_answers(answer);
	cr_assert_eq(reservation->status, TICKET_TOO_LARGE);
	cr_assert_str_not_empty(reservation->reason);
	cr_assert(is_ready());
}

Test(pool, a_reservation_that_is_too_large_leaves_the_database_ready_and_its_session_open)
{
	struct reservation reservation;
	uint64_t opened;

	script.most_at_once = 10;
	cr_assert(pool_start(pool));
	reserve(&reservation, 10);
	while (!is_ready())
		usleep(1000);
	opened = script.opened;
	refuse_too_large(&reservation, 2);
	cr_assert_eq(script.opened, opened);
	/* The server's own word costs the session, and no more. */
	memory_script_lock(&script);
	script.most_at_once = 0;
	script.fail_every = 1;
	script.failure = STORE_TOO_LARGE;
	memory_script_unlock(&script);
	refuse_too_large(&reservation, 3);
	memory_script_lock(&script);
	script.fail_every = 0;
	memory_script_unlock(&script);
	cr_assert(is_ready());
}

Test(pool, a_busy_database_is_retried_until_it_answers)
{
	struct reservation reservation;

	script.reservations = 1;
	script.fail_every = 2; /* the next one */
	script.failure = STORE_BUSY;
	cr_assert(pool_start(pool));
	reserve(&reservation, 1);
	cr_assert_eq(reservation.status, TICKET_OK);
	cr_assert_eq(reservation.bases.first, 2);
	cr_assert_eq(script.reservations, 3);
}

Test(pool, a_counter_beyond_64_bits_is_exhausted)
{
	struct reservation reservation;

	script.newest = UINT64_MAX - 5;
	cr_assert(pool_start(pool));
	reserve(&reservation, 6);
	cr_assert_eq(reservation.status, TICKET_EXHAUSTED);
	cr_assert_str_not_empty(reservation.reason);
}

Test(pool, a_reservation_that_waits_can_be_withdrawn_and_says_why)
{
	struct reservation reservation;

	submit(&reservation, 1); /* there are no threads yet */
	cr_assert(source_withdraw(&source, &reservation));
	cr_assert_str_eq(reservation.reason,
			 "the database is down: no session has been opened yet");
	cr_assert_eq(count_answers(), 0);
}

Test(pool, a_late_withdrawal_changes_no_answer)
{
	struct reservation reservation;

	script.fail_every = 1;
	script.failure = STORE_FAILED;
	cr_assert(pool_start(pool));
	reserve(&reservation, 1);
	cr_assert_not(source_withdraw(&source, &reservation));
	cr_assert_str_eq(reservation.reason, "the script says that this reservation fails");
}

Test(pool, a_stop_answers_the_reservations_that_wait)
{
	struct reservation reservations[3];

	for (unsigned i = 0; i < 3; i++)
		submit(&reservations[i], i + 1);
	cr_assert(pool_stop(pool, clock_ms() + PATIENCE_MS));
	cr_assert_eq(count_answers(), 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(reservations[i].status, TICKET_DRAINING);
		cr_assert_str_eq(reservations[i].reason, "the server is stopping");
	}
}

Test(pool, a_stop_does_not_wait_for_sessions_that_hang_while_they_open)
{
	struct reservation reservation;
	uint64_t began_ms = clock_ms();

	memory_script_lock(&script);
	script.hangs = true;
	memory_script_unlock(&script);
	cr_assert(pool_start(pool));
	submit(&reservation, 1);
	cr_assert_not(pool_stop(pool, clock_ms() + PATIENCE_MS));
	cr_assert_lt(clock_ms() - began_ms, PATIENCE_MS / 2);
	cr_assert_eq(count_answers(), 1);
	cr_assert_eq(reservation.status, TICKET_DRAINING);
	memory_script_lock(&script);
	script.hangs = false;
	memory_script_unlock(&script);
}

Test(pool, a_stop_waits_for_sessions_that_hang_at_work)
{
	struct reservation reservation;

	cr_assert(pool_start(pool));
	reserve(&reservation, 1);
	memory_script_lock(&script);
	script.hangs = true;
	memory_script_unlock(&script);
	submit(&reservation, 1);
	while (source_withdraw(&source, &reservation)) /* no session has begun with it */
		submit(&reservation, 1);
	cr_assert_not(pool_stop(pool, clock_ms() + 500));
	cr_assert_eq(count_answers(), 1);
	memory_script_lock(&script);
	script.hangs = false;
	memory_script_unlock(&script);
	wait_for_answers(2);
	cr_assert_eq(reservation.status, TICKET_OK);
}
