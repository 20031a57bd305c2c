#include <assert.h>
#include <criterion/criterion.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "held/held.h"

#define AHEAD_MS    1000
#define MOST	    1000000
#define PATIENCE_MS 5000
#define OUTAGE_MS   2000
#define WINDOW_MS   100 /* until the rate of a sequence is known */
#define MOST_OUT    8

static const struct ticket_space space = {10, 0, 1}, other_space = {10, 1, 1};

static struct sequence orders = {.name = "orders", .name_len = 6};
static struct sequence invoices = {.name = "invoices", .name_len = 8};

static struct held *held;
static struct source source; /* the room */

/* The source of the room: keeps the fetches, in the order they came, until a test ends them. */
static struct {
	struct reservation *out[MOST_OUT];
	unsigned count;
	unsigned submitted;
	uint64_t newest;
} pool;

static bool
submit(void *self, struct reservation *reservation)
{
	cr_assert_eq(self, &pool);
	cr_assert_lt(pool.count, MOST_OUT);
	cr_assert(reservation_queue(reservation));
	pool.out[pool.count++] = reservation;
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
make(uint64_t most, uint64_t outage_ms)
{
	struct held_settings settings = {
		.ahead_ms = AHEAD_MS,
		.most = most,
		.pool_timeout_ms = PATIENCE_MS,
		.outage_ms = outage_ms,
		.source = {.submit = submit, .explain = explain, .self = &pool}};

	held = held_new(&settings);
	source = held_source(held);
}

static void
begin(void)
{
	make(MOST, OUTAGE_MS);
}

/* Take the Ith fetch out of the pool. */
static struct reservation *
pull(unsigned i)
{
	struct reservation *fetch = pool.out[i];

	assert(i < pool.count);
	pool.count--;
	for (; i < pool.count; i++)
		pool.out[i] = pool.out[i + 1];
	reservation_take(fetch);
	return fetch;
}

/* Commit COUNT numbers. Return the range. */
static struct ticket_range
commit(uint32_t count)
{
	pool.newest += count;
	return (struct ticket_range){pool.newest - count + 1, 1, count};
}

/* Answer FETCH with BASES of the database of THERE. */
static void
answer(struct reservation *fetch, struct ticket_range bases, const struct ticket_space *there)
{
	fetch->status = TICKET_OK;
	fetch->bases = bases;
	fetch->space = there;
	fetch->answer(fetch);
}

/* Let the oldest fetch succeed. Return how many numbers it brings. */
static uint32_t
bring(void)
{
	struct reservation *fetch = pull(0);
	uint32_t count = fetch->count;

	answer(fetch, commit(count), &space);
	return count;
}

static void
fail_as(unsigned i, enum ticket_status status, const char *reason)
{
	struct reservation *fetch = pull(i);

	fetch->status = status;
	snprintf(fetch->reason, sizeof(fetch->reason), "%s", reason);
	fetch->answer(fetch);
}

static void
end(void)
{
	held_stop(held);
	while (pool.count > 0)
		fail_as(0, TICKET_DRAINING, "the end");
	held_free(held);
	assert(orders.held == NULL && invoices.held == NULL);
}

TestSuite(held, .init = begin, .fini = end);

/* The first of COUNT numbers that are held of SEQUENCE at NOW_MS. 0: too few are. */
static uint64_t
take_at(struct sequence *sequence, uint32_t count, uint64_t now_ms)
{
	struct ticket_piece taken;

	if (!source_take(&source, sequence, count, now_ms, &taken))
		return 0;
	cr_assert_eq(taken.bases.count, count);
	cr_assert_eq(taken.bases.increment, 1);
	return taken.bases.first;
}

static uint64_t
take(struct sequence *sequence, uint32_t count)
{
	return take_at(sequence, count, clock_ms());
}

struct asked {
	struct reservation reservation;
	unsigned answers;
	unsigned order; /* of its answer among all, from 1 */
};

static void
note_answer(struct reservation *reservation)
{
	static unsigned answered; /* in this test's process */
	struct asked *asked = CONTAINER_OF(reservation, struct asked, reservation);

	asked->answers++;
	asked->order = ++answered;
}

static void
ask(struct asked *asked, struct sequence *sequence, uint32_t count)
{
	*asked = (struct asked){.reservation = {.sequence = sequence,
						.count = count,
						.deadline_ms = clock_ms() + PATIENCE_MS,
						.answer = note_answer}};
	cr_assert(source_submit(&source, &asked->reservation));
}

static void
let_pass(uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	while (clock_ms() < until_ms)
		;
}

static uint64_t
first_of(const struct asked *asked)
{
	cr_assert_eq(asked->answers, 1);
	cr_assert_eq(asked->reservation.status, TICKET_OK);
	return asked->reservation.bases.first;
}

/* Use COUNT numbers of SEQUENCE in one window, so that about ten times as many are held then. */
static void
warm(struct sequence *sequence, uint32_t count)
{
	struct asked asked;

	ask(&asked, sequence, count);
	bring();
	let_pass(WINDOW_MS + 1);
	ask(&asked, sequence, 1);
	bring();
	cr_assert_gt(held_of(held, sequence), 0);
}

/* --- how much is held ------------------------------------------------------------------------ */

Test(held, a_rare_request_is_an_ordinary_reservation)
{
	struct asked asked;

	cr_assert_eq(take(&orders, 3), 0);
	ask(&asked, &orders, 3);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(pool.out[0]->sequence, &orders);
	cr_assert_eq(bring(), 3);
	cr_assert_eq(first_of(&asked), 1);
	cr_assert_eq(asked.reservation.space, &space);
	cr_assert_eq(held_total(held), 0);
	cr_assert_eq(take(&orders, 1), 0);
}

Test(held, a_busy_sequence_is_answered_from_memory)
{
	warm(&orders, 100);
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(take(&orders, 1), 102 + i);
	cr_assert_eq(pool.count, 0);
}

/* Used up within a window: 10 and 1000. */
Test(held, each_sequence_holds_as_its_own_rate_asks_for)
{
	uint64_t few, many;

	warm(&orders, 10);
	few = held_of(held, &orders);
	warm(&invoices, 1000);
	many = held_of(held, &invoices);
	cr_assert_geq(few, 50);
	cr_assert_leq(few, 10 * 10 * 5 / 4);
	cr_assert_geq(many, 5000);
	cr_assert_leq(many, 1000 * 10 * 5 / 4);
	cr_assert_eq(held_total(held), few + many);
}

/* Take most numbers of SEQUENCE at NOW_MS, so that a fetch of it gathers. Return the last number. */
static uint64_t
use_most(struct sequence *sequence, uint64_t now_ms)
{
	uint64_t few = held_of(held, sequence) / 4, number = 0;

	while (held_of(held, sequence) >= few) {
		uint64_t next = take_at(sequence, 1, now_ms);

		cr_assert_gt(next, number);
		number = next;
	}
	cr_assert_gt(few, 0);
	return number;
}

Test(held, more_is_fetched_before_it_is_used_up)
{
	uint64_t now_ms, previous;

	warm(&orders, 100);
	now_ms = clock_ms();
	previous = use_most(&orders, now_ms);
	held_fill(held, now_ms);
	cr_assert_eq(pool.count, 1);
	cr_assert_gt(held_of(held, &orders), 50);
	bring();
	for (unsigned i = 0; i < 100; i++) {
		uint64_t number = take_at(&orders, 1, now_ms);

		cr_assert_eq(number, previous + 1);
		previous = number;
	}
}

/* Only a fetch shows that an operator has retired the sequence, or that others issue strong ids of it. */
Test(held, however_slowly_numbers_are_used_a_fetch_checks_the_policy_every_5_seconds)
{
	held_free(held);
	make(MOST, 60000);
	warm(&orders, 1000);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t now_ms = clock_ms();

		pool.newest += 10; /* another server's, so the held numbers are in pieces */
		cr_assert_neq(take_at(&orders, 1, now_ms + 1000), 0);
		cr_assert_eq(pool.count, 0);
		cr_assert_neq(take_at(&orders, 1, now_ms + 6000), 0);
		held_fill(held, now_ms + 6000);
		cr_assert_eq(pool.count, 1);
		bring();
	}
}

Test(held, fetches_that_nobody_waits_for_are_submitted_together)
{
	static struct sequence third = {.name = "third", .name_len = 5};
	struct asked asked;

	warm(&orders, 100);
	warm(&invoices, 100);
	use_most(&orders, clock_ms());
	use_most(&invoices, clock_ms());
	cr_assert_eq(pool.count, 0);
	ask(&asked, &third, 1);
	cr_assert_eq(pool.count, 3);
	cr_assert_eq(pool.out[0]->sequence, &third, "the one that somebody waits for is first");
	bring();
	cr_assert_eq(asked.answers, 1);
}

Test(held, a_reservation_hurries_the_fetch_that_it_waits_for)
{
	struct asked asked;

	warm(&orders, 100);
	use_most(&orders, clock_ms());
	cr_assert_eq(pool.count, 0);
	ask(&asked, &orders, (uint32_t)held_of(held, &orders) + 1);
	cr_assert_eq(pool.count, 1);
	bring();
	cr_assert_eq(asked.answers, 1);
}

Test(held, a_fetch_has_its_whole_time_when_it_is_submitted)
{
	warm(&orders, 100);
	use_most(&orders, clock_ms() - PATIENCE_MS);
	held_fill(held, clock_ms());
	cr_assert_gt(pool.out[0]->deadline_ms, clock_ms());
}

Test(held, a_stop_leaves_no_fetch_behind)
{
	warm(&orders, 100);
	use_most(&orders, clock_ms());
	held_stop(held);
	cr_assert_eq(pool.count, 1, "its source answers it");
}

Test(held, the_limit_is_for_all_sequences_together)
{
	struct asked asked;

	end();
	pool.newest = 0;
	make(1500, OUTAGE_MS);
	warm(&orders, 100);
	cr_assert_leq(held_total(held), 1500);
	ask(&asked, &invoices, 1000);
	bring();
	let_pass(WINDOW_MS + 1);
	ask(&asked, &invoices, 1);
	cr_assert_leq(held_total(held), 1500);
	bring();
	cr_assert_leq(held_total(held), 1500);
	cr_assert_gt(held_of(held, &invoices), 0);
}

Test(held, an_idle_sequence_is_dropped_and_takes_no_memory)
{
	uint64_t now_ms;

	warm(&orders, 100);
	warm(&invoices, 100);
	cr_assert_eq(held_keys(held), 2);
	now_ms = clock_ms();
	for (unsigned i = 0; i < 16; i++)
		held_fill(held, now_ms);
	cr_assert_eq(held_keys(held), 2, "a busy one stays");
	for (unsigned i = 0; i < 24; i++)
		held_fill(held, now_ms + 5000ull * i);
	cr_assert_eq(held_keys(held), 0);
	cr_assert_null(orders.held);
	cr_assert_eq(held_total(held), 0);
	cr_assert_gt(held_abandoned(held), 0);
	warm(&orders, 100);
}

/* --- order ----------------------------------------------------------------------------------- */

Test(held, reservations_for_more_than_is_held_wait_in_order)
{
	struct asked asked[3];

	warm(&orders, 100);
	ask(&asked[0], &orders, 5000);
	ask(&asked[1], &orders, 6000);
	ask(&asked[2], &orders, 7000);
	cr_assert_eq(pool.count, 1);
	cr_assert_neq(take(&orders, 1), 0, "small ones go on");
	bring();
	cr_assert_eq(pool.count, 1, "the others are fetched together");
	bring();
	cr_assert_lt(asked[0].order, asked[1].order);
	cr_assert_lt(asked[1].order, asked[2].order);
	cr_assert_lt(first_of(&asked[0]), first_of(&asked[1]));
	cr_assert_lt(first_of(&asked[1]), first_of(&asked[2]));
}

Test(held, a_piece_that_is_passed_over_is_abandoned)
{
	struct asked asked;
	uint64_t before, few;

	warm(&orders, 100);
	few = held_of(held, &orders);
	before = held_abandoned(held);
	pool.newest += 100; /* another server */
	ask(&asked, &orders, 100000);
	bring();
	cr_assert_gt(first_of(&asked), few);
	cr_assert_eq(held_abandoned(held), before + few);
	cr_assert_gt(take(&orders, 1), first_of(&asked) + 99999);
}

Test(held, sequences_are_apart)
{
	struct asked first, second;

	ask(&first, &orders, 1);
	ask(&second, &invoices, 2);
	cr_assert_eq(pool.count, 2);
	cr_assert_eq(pool.out[1]->sequence, &invoices);
	answer(pull(1), (struct ticket_range){7, 1, 2}, &space);
	cr_assert_eq(first.answers, 0);
	cr_assert_eq(first_of(&second), 7);
	answer(pull(0), (struct ticket_range){7, 1, 1}, &space);
	cr_assert_eq(first_of(&first), 7);
}

/* --- strong reservations --------------------------------------------------------------------- */

Test(held, a_strong_reservation_drops_what_is_held_of_the_sequence)
{
	struct asked asked;
	uint64_t others, strong;

	warm(&orders, 100);
	warm(&invoices, 100);
	others = held_of(held, &invoices);
	strong = commit(1).first;
	held_drop(held, &orders);
	cr_assert_eq(take(&orders, 1), 0);
	cr_assert_eq(held_of(held, &invoices), others);
	ask(&asked, &orders, 1);
	bring();
	cr_assert_gt(first_of(&asked), strong);
	cr_assert_leq(held_of(held, &orders), 0, "it is reserved again from now on");
}

/* The database commits the fetch, then the strong reservation, and the answer of the fetch comes last. */
Test(held, numbers_from_before_a_strong_one_go_only_to_reservations_that_waited_then)
{
	struct asked early, late;
	struct ticket_range lower;
	uint64_t strong;

	warm(&orders, 100);
	ask(&early, &orders, 5000);
	lower = commit(pool.out[0]->count);
	strong = commit(1).first;
	held_drop(held, &orders);
	ask(&late, &orders, 1);
	cr_assert_eq(pool.count, 2, "the fetch that is out cannot serve it");
	answer(pull(0), lower, &space);
	cr_assert_eq(first_of(&early), lower.first);
	cr_assert_eq(late.answers, 0);
	cr_assert_eq(take(&orders, 1), 0, "the rest is abandoned");
	bring();
	cr_assert_gt(first_of(&late), strong);
}

Test(held, strong_reservations_do_not_starve_weak_ones)
{
	for (unsigned i = 0; i < 100; i++) {
		struct asked weak;

		ask(&weak, &orders, 1);
		commit(1);
		held_drop(held, &orders);
		bring();
		cr_assert_eq(weak.answers, 1);
	}
	cr_assert_eq(pool.submitted, 100);
}

Test(held, a_sequence_of_which_nothing_is_held_can_be_dropped)
{
	held_drop(held, &orders);
	cr_assert_eq(held_keys(held), 0);
}

/* --- databases ------------------------------------------------------------------------------- */

Test(held, nothing_is_issued_of_a_database_that_is_refused)
{
	struct asked asked;

	warm(&orders, 100);
	ask(&asked, &invoices, 10);
	answer(pull(0), (struct ticket_range){1, 1, 5000}, &other_space);
	cr_assert_eq(held_of(held, &invoices), 4990);
	held_drop_database(held, &space);
	cr_assert_eq(take(&orders, 1), 0);
	cr_assert_eq(take(&invoices, 1), 11, "the other database is as good as before");
	held_drop_database(held, &other_space);
	cr_assert_eq(take(&invoices, 1), 0);
}

Test(held, numbers_of_a_fetch_that_began_before_the_refusal_are_abandoned)
{
	struct asked asked;
	uint64_t abandoned = held_abandoned(held);

	ask(&asked, &orders, 10);
	held_drop_database(held, &space);
	cr_assert_eq(bring(), 10);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(held_abandoned(held), abandoned + 10);
	bring();
	cr_assert_eq(first_of(&asked), 11, "a later one is trusted again");
}

Test(held, numbers_of_a_database_that_is_not_seen_are_held_for_the_outage_and_no_longer)
{
	uint64_t now_ms;

	warm(&orders, 1000);
	now_ms = clock_ms();
	cr_assert_neq(take_at(&orders, 1, now_ms + OUTAGE_MS - 500), 0);
	held_see(held, &space);
	cr_assert_neq(take_at(&orders, 1, now_ms + OUTAGE_MS - 100), 0);
	cr_assert_eq(take_at(&orders, 1, now_ms + OUTAGE_MS + 1000), 0);
	cr_assert_eq(held_of(held, &orders), 0);
}

/* --- failures -------------------------------------------------------------------------------- */

Test(held, a_failure_reaches_all_that_waited_for_it_with_its_reason)
{
	struct asked asked[2];

	ask(&asked[0], &orders, 1);
	ask(&asked[1], &orders, 2);
	fail_as(0, TICKET_DATABASE_FAILED, "the disk is full");
	cr_assert_eq(asked[0].reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_str_eq(asked[0].reservation.reason, "the disk is full");
	if (asked[1].answers == 0)
		bring(); /* it came a millisecond later */
	cr_assert_eq(asked[1].answers, 1);
	cr_assert_eq(pool.count, 0);
}

Test(held, while_fetches_fail_numbers_are_issued_and_few_fetches_begin)
{
	uint64_t now_ms;

	warm(&orders, 100);
	now_ms = clock_ms();
	use_most(&orders, now_ms);
	held_fill(held, now_ms);
	fail_as(0, TICKET_TIMED_OUT, "no session");
	for (unsigned i = 0; i < 100; i++)
		cr_assert_neq(take_at(&orders, 1, now_ms), 0);
	held_fill(held, now_ms);
	cr_assert_eq(pool.count, 0);
	cr_assert_neq(take_at(&orders, 1, now_ms + 500), 0);
	held_fill(held, now_ms + 500);
	cr_assert_eq(pool.count, 1);
}

Test(held, at_its_end_a_sequence_serves_each_reservation_that_fits)
{
	struct asked asked[2];

	ask(&asked[0], &orders, 100);
	bring();
	let_pass(WINDOW_MS + 1);
	ask(&asked[0], &orders, 2);
	ask(&asked[1], &orders, 1);
	cr_assert_gt(pool.out[0]->count, 100, "it is fetched ahead");
	fail_as(0, TICKET_EXHAUSTED, "the end of the sequence");
	cr_assert_eq(asked[0].answers + asked[1].answers, 0);
	cr_assert_eq(pool.out[0]->count, 2, "the first one alone");
	fail_as(0, TICKET_EXHAUSTED, "the end of the sequence");
	cr_assert_eq(asked[0].reservation.status, TICKET_EXHAUSTED);
	cr_assert_eq(pool.out[0]->count, 1);
	bring();
	cr_assert_eq(asked[1].reservation.status, TICKET_OK);
}

Test(held, a_late_fetch_is_repeated_and_its_numbers_do_not_break_the_order)
{
	struct asked early, later;
	struct ticket_range lower;
	uint64_t now_ms = clock_ms();

	ask(&early, &orders, 1);
	held_fill(held, now_ms);
	cr_assert_eq(pool.count, 1);
	held_fill(held, now_ms + 400);
	cr_assert_eq(pool.count, 2);
	lower = commit(1);
	answer(pull(1), commit(1), &space);
	cr_assert_eq(first_of(&early), lower.first + 1);
	ask(&later, &orders, 1);
	answer(pull(0), lower, &space);
	cr_assert_eq(later.answers, 0, "lower numbers are for no one that came later");
	bring();
	cr_assert_gt(first_of(&later), first_of(&early));
}

/* The repeated fetch is committed first, and the database commits the late one while its answer is under way. */
Test(held, numbers_of_a_late_fetch_that_are_higher_than_held_ones_end_those)
{
	struct asked gone, early, large;
	struct reservation *repeated;
	uint64_t few;

	end();
	make(2000, OUTAGE_MS);
	warm(&orders, 100);
	held_drop_database(held, &space);
	ask(&gone, &orders, 20000);
	cr_assert(source_withdraw(&source, &gone.reservation));
	ask(&early, &orders, 1);
	held_fill(held, clock_ms() + 400);
	cr_assert_eq(pool.count, 2);
	ask(&large, &orders, 15000);
	repeated = pull(1);
	answer(repeated, commit(repeated->count), &space);
	few = first_of(&early);
	cr_assert_gt(held_of(held, &orders), 0);
	cr_assert_eq(large.answers, 0);
	bring();
	cr_assert_gt(first_of(&large), few);
	cr_assert_eq(held_of(held, &orders), 0);
	cr_assert_eq(take(&orders, 1), 0);
}

Test(held, a_reservation_that_waits_can_be_withdrawn)
{
	struct asked asked, following;

	ask(&asked, &orders, 10);
	ask(&following, &orders, 5);
	cr_assert(source_withdraw(&source, &asked.reservation));
	cr_assert_str_eq(asked.reservation.reason, "because");
	cr_assert_eq(bring(), 10);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(first_of(&following), 1);
	cr_assert_not(source_withdraw(&source, &following.reservation));
}

Test(held, a_reservation_withdrawn_before_it_came_is_not_taken)
{
	struct asked asked = {.reservation = {.sequence = &orders, .count = 1}};

	cr_assert_not(source_withdraw(&source, &asked.reservation));
	cr_assert_not(source_submit(&source, &asked.reservation));
	cr_assert_eq(pool.count, 0);
}

Test(held, a_stop_answers_reservations_that_wait_and_fetches_no_more)
{
	struct asked asked;

	warm(&orders, 100);
	ask(&asked, &orders, 100000);
	held_stop(held);
	cr_assert_eq(asked.reservation.status, TICKET_DRAINING);
	bring();
	for (unsigned i = 0; i < 1000; i++)
		(void)take(&orders, 10);
	cr_assert_eq(pool.count, 0);
}

/* --- memory ---------------------------------------------------------------------------------- */

#define KEYS 100000

static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A source that answers each fetch before its submission returns. */
static bool
submit_and_answer(void *self, struct reservation *reservation)
{
	(void)self;
	cr_assert(reservation_queue(reservation));
	reservation_take(reservation);
	answer(reservation, commit(reservation->count), &space);
	return true;
}

Test(held, a_key_that_is_held_takes_at_most_400_bytes)
{
	struct held_settings settings = {.ahead_ms = AHEAD_MS,
					 .most = 1000000000,
					 .pool_timeout_ms = PATIENCE_MS,
					 .outage_ms = OUTAGE_MS,
					 .source = {.submit = submit_and_answer}};
	struct sequence *sequences = xcalloc(KEYS, sizeof(*sequences));
	size_t before = allocated(), bytes;
	struct held *many = held_new(&settings);
	struct source from = held_source(many);
	unsigned are_held = 0;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < KEYS; i++) {
			struct asked asked = {
				.reservation = {.sequence = &sequences[i],
						.count = round == 0 ? 1000 : 1,
						.deadline_ms = clock_ms() + PATIENCE_MS,
						.answer = note_answer}};

			cr_assert(source_submit(&from, &asked.reservation));
			cr_assert_eq(asked.answers, 1);
		}
		let_pass(WINDOW_MS + 1);
	}
	for (unsigned i = 0; i < KEYS; i++)
		are_held += held_of(many, &sequences[i]) > 0;
	cr_assert_eq(are_held, KEYS);
	bytes = (allocated() - before) / KEYS;
	cr_log_info("bytes a key: %zu", bytes);
	cr_assert_leq(bytes, 150);
	held_stop(many);
	held_free(many);
	free(sequences);
}
