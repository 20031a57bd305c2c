#include <assert.h>
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "segment/segment.h"

#define LEAST 100
#define MOST  10000

#define PATIENCE_MS 1000
#define OUTAGE_MS   300

static const struct ticket_space space = {1, 0, 1};

static struct segment *segment;
static struct source source; /* the segment's */

/* The source of the segment: keeps a fetch, and a second one, until a test ends them. */
static struct {
	struct reservation *out; /* NULL: none */
	struct reservation *second;
	unsigned submitted;
	uint64_t newest;
} pool = {.newest = 1};

static bool
submit(void *self, struct reservation *reservation)
{
	cr_assert_eq(self, &pool);
	cr_assert_null(pool.second, "never more than two");
	cr_assert(reservation_queue(reservation));
	*(pool.out == NULL ? &pool.out : &pool.second) = reservation;
	pool.submitted++;
	return true;
}

static void
explain(void *arg, struct text *reason)
{
	(void)arg;
	text_add(reason, "because");
}

static void
make(uint64_t ahead_ms, uint64_t least, uint64_t most)
{
	struct segment_settings settings = {
		.ahead_ms = ahead_ms,
		.least = least,
		.most = most,
		.pool_timeout_ms = PATIENCE_MS,
		.outage_ms = OUTAGE_MS,
		.source = {.submit = submit, .explain = explain, .self = &pool}};

	segment = segment_new(&settings);
	source = segment_source(segment);
}

static void
begin(void)
{
	make(1000, LEAST, MOST);
}

/* Let the fetch in OUT succeed, after SKIPPED bases that another server reserved. Return how many bases it brings. */
static uint32_t
bring_by(struct reservation **out, uint64_t skipped)
{
	struct reservation *fetch = *out;
	uint32_t count;

	cr_assert_not_null(fetch);
	count = fetch->count;
	*out = NULL;
	reservation_take(fetch);
	fetch->status = TICKET_OK;
	fetch->bases = (struct ticket_range){pool.newest + skipped + 1, 1, count};
	fetch->space = &space;
	pool.newest += skipped + count;
	fetch->answer(fetch);
	return count;
}

static uint32_t
bring(uint64_t skipped)
{
	return bring_by(&pool.out, skipped);
}

static void
fail_by(struct reservation **out, const char *reason)
{
	struct reservation *fetch = *out;

	cr_assert_not_null(fetch);
	*out = NULL;
	reservation_take(fetch);
	fetch->status = TICKET_DATABASE_FAILED;
	snprintf(fetch->reason, sizeof(fetch->reason), "%s", reason);
	fetch->answer(fetch);
}

static void
fail(const char *reason)
{
	fail_by(&pool.out, reason);
}

/* Fill as the daemon does, until a second fetch is out, or for MOST_MS. */
static bool
wait_for_second(uint64_t most_ms)
{
	uint64_t give_up_ms = clock_ms() + most_ms;

	while (pool.second == NULL && clock_ms() < give_up_ms)
		segment_fill(segment);
	return pool.second != NULL;
}

/* Drop the fetches that are out, and the held bases. No reservation waits any more: each lived in its test. */
static void
end(void)
{
	struct ticket_piece piece;

	segment_stop(segment);
	if (pool.out != NULL)
		fail("the end");
	if (pool.second != NULL)
		fail_by(&pool.second, "the end");
	while (segment_take_rest(segment, &piece))
		assert(piece.bases.count > 0);
	segment_free(segment);
}

TestSuite(segment, .init = begin, .fini = end);

/* Take COUNT held bases: the first of them. 0: too few are held. */
static uint64_t
take(uint32_t count)
{
	struct ticket_piece taken;

	if (!source_take(&source, NULL, count, clock_ms(), &taken))
		return 0;
	cr_assert_eq(taken.bases.count, count);
	cr_assert_eq(taken.bases.increment, 1);
	cr_assert_eq(taken.space, &space);
	return taken.bases.first;
}

struct asked {
	struct reservation reservation;
	unsigned answers;
};

static void
note_answer(struct reservation *reservation)
{
	CONTAINER_OF(reservation, struct asked, reservation)->answers++;
}

static void
ask(struct asked *asked, uint32_t count)
{
	*asked = (struct asked){.reservation = {.count = count,
						.deadline_ms = clock_ms() + PATIENCE_MS,
						.answer = note_answer}};
	cr_assert(source_submit(&source, &asked->reservation));
}

static void
let_pass(uint64_t ms)
{
	uint64_t began_ms = clock_ms();

	while (clock_ms() < began_ms + ms)
		continue;
}

Test(segment, the_first_bases_are_fetched_at_the_start)
{
	cr_assert_eq(take(1), 0);
	segment_fill(segment);
	cr_assert_geq(bring(0), LEAST);
	cr_assert_geq(segment_held(segment), LEAST);
	cr_assert_eq(take(1), 2);
	cr_assert_eq(take(10), 3);
	cr_assert_eq(take(1), 13);
}

Test(segment, more_bases_are_fetched_before_the_last_is_used)
{
	uint32_t brought;

	segment_fill(segment);
	brought = bring(0);
	while (pool.out == NULL)
		cr_assert_neq(take(1), 0);
	cr_assert_geq(segment_held(segment), LEAST - 1);
	bring(0);
	for (uint64_t base = brought - segment_held(segment); base > LEAST; base--)
		cr_assert_neq(take(1), 0);
}

Test(segment, a_reservation_that_finds_nothing_waits_for_the_next_fetch)
{
	struct asked first, second, third;

	ask(&first, 1);
	ask(&second, 3);
	cr_assert_eq(pool.submitted, 1);
	bring(0);
	ask(&third, 1);
	cr_assert(first.answers == 1 && second.answers == 1 && third.answers == 1);
	cr_assert_eq(first.reservation.bases.first, 2);
	cr_assert_eq(first.reservation.space, &space);
	cr_assert_eq(second.reservation.bases.first, 3);
	cr_assert_eq(second.reservation.bases.count, 3);
	cr_assert_eq(third.reservation.bases.first, 6);
}

Test(segment, a_reservation_of_more_than_is_held_gets_one_progression)
{
	struct asked asked;

	segment_fill(segment);
	bring(0);
	cr_assert_eq(take(5 * MOST), 0);
	ask(&asked, 5 * MOST);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(take(1), 2, "others go on meanwhile");
	cr_assert_geq(bring(0), 5 * MOST);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_OK);
	cr_assert_eq(asked.reservation.bases.first, 3,
		     "bases that continue the held ones join them");
	cr_assert_eq(asked.reservation.bases.count, 5 * MOST);
	cr_assert_eq(take(1), 3 + 5 * MOST);
}

/* A request that arrives after the batch was answered must get a higher ticket. */
Test(segment, bases_lower_than_an_answer_are_never_issued_after_it)
{
	struct asked asked;

	segment_fill(segment);
	bring(0);
	ask(&asked, MOST);
	bring(7);
	cr_assert_eq(asked.answers, 1);
	cr_assert_gt(take(1), asked.reservation.bases.first + MOST - 1);
}

Test(segment, pieces_that_are_too_small_are_abandoned)
{
	uint64_t newest;

	segment_fill(segment);
	bring(0);
	while (segment_held(segment) > 10)
		cr_assert_neq(take(1), 0);
	newest = pool.newest;
	bring(1000);
	cr_assert_eq(take(20), newest + 1001);
	cr_assert_eq(take(1), newest + 1021);
}

Test(segment, held_bases_stay_within_the_bounds)
{
	uint64_t began_ms = clock_ms();

	segment_fill(segment);
	while (clock_ms() - began_ms < 300) {
		if (pool.out != NULL)
			bring(0);
		cr_assert_leq(segment_held(segment), MOST);
		(void)take(50);
	}
	while (pool.out != NULL)
		bring(0);
	cr_assert_geq(segment_held(segment), MOST / 2, "a great demand has made it grow");
	cr_assert_leq(segment_held(segment), MOST);
	cr_assert_lt(segment_lasts_ms(segment), 1000);
}

Test(segment, if_the_database_fails_waiting_reservations_fail_and_held_bases_are_issued)
{
	struct asked asked;

	segment_fill(segment);
	bring(0);
	ask(&asked, MOST);
	fail("the disk is full");
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_str_eq(asked.reservation.reason, "the disk is full");
	for (unsigned i = 0; i < LEAST; i++)
		cr_assert_neq(take(1), 0);
}

static void
fail_too_large(void)
{
	struct reservation *fetch = pool.out;

	pool.out = NULL;
	reservation_take(fetch);
	fetch->status = TICKET_TOO_LARGE;
	snprintf(fetch->reason, sizeof(fetch->reason), "too large");
	fetch->answer(fetch);
}

Test(segment, a_fetch_that_is_too_large_for_the_database_is_made_smaller)
{
	struct asked small, large, other;

	ask(&small, 10);
	while (pool.out->count > 20)
		fail_too_large();
	cr_assert_eq(small.answers, 0);
	bring(0);
	cr_assert_eq(small.answers, 1);
	cr_assert_eq(small.reservation.status, TICKET_OK);
	if (pool.out != NULL)
		bring(0);
	ask(&large, 500);
	ask(&other, 10);
	while (large.answers == 0)
		pool.out->count < 500 ? (void)bring(0) : fail_too_large();
	cr_assert_eq(large.reservation.status, TICKET_TOO_LARGE);
	cr_assert_str_eq(large.reservation.reason, "too large");
	if (other.answers == 0)
		bring(0);
	cr_assert_eq(other.reservation.status, TICKET_OK);
}

Test(segment, a_failed_fetch_is_retried_immediately_only_for_a_waiting_reservation)
{
	struct asked asked;

	segment_fill(segment);
	fail("away");
	cr_assert_eq(take(1), 0);
	cr_assert_null(pool.out);
	ask(&asked, 1);
	cr_assert_not_null(pool.out);
	fail("away");
}

Test(segment, a_reservation_that_came_after_a_fetch_began_is_not_refused_with_it)
{
	struct asked early, late;

	ask(&early, 1);
	let_pass(2);
	ask(&late, 1);
	fail("it has taken too long");
	cr_assert_eq(early.answers, 1);
	cr_assert_eq(early.reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_eq(late.answers, 0);
	bring(0);
	cr_assert_eq(late.answers, 1);
	cr_assert_eq(late.reservation.status, TICKET_OK);
}

/* Its session may hang for the whole query time-out, while another session is free. */
Test(segment, a_late_fetch_is_submitted_twice_for_a_waiting_reservation)
{
	struct asked asked;

	ask(&asked, 3);
	cr_assert(wait_for_second(5000));
	bring_by(&pool.second, 0);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.bases.first, 2);
	cr_assert_eq(take(1), 5);
}

Test(segment, bases_of_an_overtaken_fetch_are_abandoned)
{
	struct asked asked;
	uint64_t held;

	ask(&asked, 1);
	cr_assert(wait_for_second(5000));
	bring_by(&pool.second, 0);
	held = segment_held(segment);
	bring(0);
	cr_assert_eq(segment_held(segment), held);
	while (held-- > 0)
		cr_assert_lt(take(1), 3 * LEAST);
}

Test(segment, bases_of_the_second_fetch_are_abandoned_if_the_first_succeeds)
{
	struct asked asked;
	uint64_t held;

	ask(&asked, 1);
	cr_assert(wait_for_second(5000));
	bring(0);
	cr_assert_eq(asked.answers, 1);
	held = segment_held(segment);
	bring_by(&pool.second, 0);
	cr_assert_eq(segment_held(segment), held);
}

Test(segment, waiting_reservations_are_refused_only_if_both_fetches_fail)
{
	struct asked asked;

	ask(&asked, 1);
	cr_assert(wait_for_second(5000));
	fail("the first");
	cr_assert_eq(asked.answers, 0);
	fail_by(&pool.second, "the second");
	cr_assert_eq(asked.answers, 1);
	cr_assert_str_eq(asked.reservation.reason, "the second");
}

Test(segment, no_reservation_waits_for_a_void_fetch)
{
	struct asked asked;

	ask(&asked, 1);
	cr_assert(wait_for_second(5000));
	bring_by(&pool.second, 0);
	ask(&asked, MOST);
	cr_assert_not_null(pool.second);
	fail_by(&pool.second, "away");
	cr_assert_eq(asked.answers, 1);
}

Test(segment, a_late_fetch_is_submitted_once_if_no_reservation_waits)
{
	segment_fill(segment);
	cr_assert_not(wait_for_second(400));
}

/* Otherwise the server would be ready while it holds only numbers that are no tickets. */
Test(segment, at_the_end_of_the_space_only_bases_with_tickets_are_held)
{
	uint64_t last = space_last_base(&space);
	struct asked asked;

	pool.newest = last - 50;
	segment_fill(segment);
	cr_assert_gt(bring(0), 50);
	cr_assert_eq(segment_held(segment), 50);
	cr_assert_eq(take(50), last - 49);
	while (pool.out == NULL)
		segment_fill(segment);
	bring(0);
	cr_assert_eq(segment_held(segment), 0);
	cr_assert_eq(take(1), 0);
	ask(&asked, 1);
	bring(0);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_EXHAUSTED);
	cr_assert_str_eq(asked.reservation.reason, SPACE_EXHAUSTED);
	cr_assert_eq(segment_held(segment), 0);
}

Test(segment, quick_fetches_grow_and_slow_ones_shrink)
{
	uint32_t first, grown, slow;

	segment_free(segment);
	make(3600000, UINT32_MAX, UINT32_MAX);
	segment_fill(segment);
	grown = first = bring(0);
	for (unsigned i = 0; i < 5; i++)
		grown = bring(0);
	cr_assert_gt(grown, 8 * first);
	let_pass(300);
	slow = bring(0);
	cr_assert_lt(pool.out->count, slow);
	slow = pool.out->count;
	let_pass(300);
	fail("it took too long");
	while (pool.out == NULL)
		segment_fill(segment);
	cr_assert_lt(pool.out->count, slow);
}

Test(segment, a_waiting_reservation_can_be_withdrawn_and_says_why)
{
	struct asked asked;

	ask(&asked, 1);
	cr_assert(source_withdraw(&source, &asked.reservation));
	cr_assert_str_eq(asked.reservation.reason, "because");
	cr_assert_not(source_withdraw(&source, &asked.reservation));
	bring(0);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(take(1), 2);
}

/* One statement for all of them would take longer than any of them waits. */
Test(segment, large_reservations_are_answered_one_after_the_other)
{
	struct asked asked[4];

	for (size_t i = 0; i < 4; i++)
		ask(&asked[i], 40000);
	for (size_t i = 0; i < 4; i++) {
		cr_assert_leq(bring(0), 40000 + MOST);
		cr_assert_eq(asked[i].answers, 1);
	}
}

/* --- the databases ------------------------------------------------------------------------------ */

Test(segment, held_bases_of_a_refused_database_are_abandoned)
{
	struct asked asked;
	uint64_t before;

	segment_fill(segment);
	bring(0);
	cr_assert_gt(segment_held(segment), 0);
	before = pool.newest;
	segment_note(segment, &space, false);
	cr_assert_eq(segment_held(segment), 0);
	ask(&asked, 1);
	cr_assert_eq(asked.answers, 0, "it waits for the next fetch");
	bring(0);
	cr_assert_gt(asked.reservation.bases.first, before);
}

Test(segment, a_fetch_that_was_out_at_the_refusal_is_abandoned)
{
	segment_fill(segment);
	segment_note(segment, &space, false);
	bring(0);
	cr_assert_eq(segment_held(segment), 0);
}

Test(segment, the_refusal_of_another_database_costs_no_held_bases)
{
	static const struct ticket_space other = {10, 4, 326};
	uint64_t held;

	segment_fill(segment);
	bring(0);
	held = segment_held(segment);
	segment_note(segment, &other, false);
	cr_assert_eq(segment_held(segment), held);
}

Test(segment, the_refusal_of_another_database_spoils_no_fetch)
{
	static const struct ticket_space other = {10, 4, 326};
	struct asked asked;

	ask(&asked, 1);
	segment_note(segment, &other, false);
	bring(0);
	cr_assert_eq(asked.answers, 1, "it is refused four times a second");
	cr_assert_gt(segment_held(segment), 0);
}

/* The whole process was stopped, and a loop may be the first thread to continue. */
Test(segment, bases_held_for_too_long_are_not_issued_even_before_the_next_fill)
{
	struct ticket_piece taken;
	struct asked asked;
	uint64_t until_ms;

	segment_fill(segment);
	bring(0);
	cr_assert(source_take(&source, NULL, 1, clock_ms(), &taken));
	cr_assert_not(source_take(&source, NULL, 1, clock_ms() + OUTAGE_MS + 1, &taken));
	bring(0);
	until_ms = clock_ms() + OUTAGE_MS;
	while (clock_ms() <= until_ms)
		;
	ask(&asked, 1);
	cr_assert_eq(asked.answers, 0);
	bring(0);
}

Test(segment, held_bases_last_no_longer_than_an_outage_may)
{
	uint64_t began_ms;

	segment_fill(segment);
	bring(0);
	segment_note(segment, &space, true);
	began_ms = clock_ms();
	while (segment_held(segment) > 0 && clock_ms() - began_ms < 60000)
		segment_fill(segment);
	cr_assert_geq(clock_ms() - began_ms, OUTAGE_MS);
	cr_assert_eq(segment_held(segment), 0);
}

Test(segment, after_a_stop_nothing_is_fetched_and_the_rest_is_handed_over)
{
	struct ticket_piece piece;
	struct asked asked;
	uint64_t held;

	segment_fill(segment);
	bring(0);
	ask(&asked, MOST);
	segment_stop(segment);
	cr_assert_eq(asked.reservation.status, TICKET_DRAINING);
	bring(0);
	cr_assert_null(pool.out);
	held = segment_held(segment);
	cr_assert(segment_take_rest(segment, &piece));
	cr_assert_eq(piece.bases.count, held);
	cr_assert_eq(piece.bases.first + held - 1, pool.newest);
	cr_assert_not(segment_take_rest(segment, &piece));
}
