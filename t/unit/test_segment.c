#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "segment/segment.h"

#define LEAST 100
#define MOST  10000

#define PATIENCE_MS 1000

static const struct ticket_space space = {1, 0, 1};

/* Stands for the pool: keeps the fetch, and a second one, until told how they end. */
struct fake_pool {
	struct segment *segment;
	struct reservation *out; /* NULL: none */
	struct reservation *second;
	unsigned submitted;
	struct reservation *withdrawn;
	uint64_t newest;
};

static void
submit(void *arg, struct reservation *reservation)
{
	struct fake_pool *pool = arg;

	cr_assert_null(pool->second, "never more than two");
	*(pool->out == NULL ? &pool->out : &pool->second) = reservation;
	pool->submitted++;
}

static bool
withdraw(void *arg, struct reservation *reservation)
{
	struct fake_pool *pool = arg;

	pool->withdrawn = reservation;
	return true;
}

static void
explain(void *arg, struct text *reason)
{
	(void)arg;
	text_add(reason, "because");
}

static void
begin(struct fake_pool *pool)
{
	struct segment_settings settings = {1000,   LEAST,    MOST,    PATIENCE_MS,
					    submit, withdraw, explain, pool};

	*pool = (struct fake_pool){.newest = 1};
	pool->segment = segment_new(&settings);
}

/* FETCH succeeds; SKIPPED bases went to somebody else before. Returns how many it brought. */
static uint32_t
bring_by(struct fake_pool *pool, struct reservation **out, uint64_t skipped)
{
	struct reservation *fetch = *out;
	uint32_t count;

	cr_assert_not_null(fetch);
	count = fetch->count;
	*out = NULL;
	fetch->status = TICKET_OK;
	fetch->bases = (struct ticket_range){pool->newest + skipped + 1, 1, count};
	fetch->space = &space;
	pool->newest += skipped + count;
	fetch->answer(fetch);
	return count;
}

static uint32_t
bring(struct fake_pool *pool, uint64_t skipped)
{
	return bring_by(pool, &pool->out, skipped);
}

static void
fail_by(struct reservation **out, const char *reason)
{
	struct reservation *fetch = *out;

	cr_assert_not_null(fetch);
	*out = NULL;
	fetch->status = TICKET_DATABASE_FAILED;
	snprintf(fetch->reason, sizeof(fetch->reason), "%s", reason);
	fetch->answer(fetch);
}

static void
fail(struct fake_pool *pool, const char *reason)
{
	fail_by(&pool->out, reason);
}

/* Fill as the daemon does, until the fetch that is out is asked a second time, or for MOST_MS. */
static bool
wait_for_second(struct fake_pool *pool, uint64_t most_ms)
{
	uint64_t give_up_ms = clock_ms() + most_ms;

	while (pool->second == NULL && clock_ms() < give_up_ms)
		segment_fill(pool->segment);
	return pool->second != NULL;
}

/* What is out is dropped. */
static void
end(struct fake_pool *pool)
{
	struct segment_piece piece;

	segment_stop(pool->segment);
	if (pool->out != NULL)
		fail(pool, "the end");
	if (pool->second != NULL)
		fail_by(&pool->second, "the end");
	while (segment_take_rest(pool->segment, &piece))
		cr_assert_gt(piece.bases.count, 0);
	segment_free(pool->segment);
}

/* COUNT bases at once: the first of them; 0: there are too few. */
static uint64_t
take(struct fake_pool *pool, uint32_t count)
{
	struct segment_piece taken;

	if (!segment_take(pool->segment, count, clock_ms(), &taken))
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
ask(struct fake_pool *pool, struct asked *asked, uint32_t count)
{
	*asked = (struct asked){.reservation = {.count = count,
						.deadline_ms = clock_ms() + PATIENCE_MS,
						.answer = note_answer}};
	segment_submit(pool->segment, &asked->reservation);
}

Test(segment, the_first_are_fetched_at_the_start)
{
	struct fake_pool pool;

	begin(&pool);
	cr_assert_eq(take(&pool, 1), 0);
	segment_fill(pool.segment);
	cr_assert_geq(bring(&pool, 0), LEAST);
	cr_assert_geq(segment_held(pool.segment), LEAST);
	cr_assert_eq(take(&pool, 1), 2);
	cr_assert_eq(take(&pool, 10), 3);
	cr_assert_eq(take(&pool, 1), 13);
	end(&pool);
}

Test(segment, more_is_fetched_well_before_the_last_is_used)
{
	struct fake_pool pool;
	uint32_t brought;

	begin(&pool);
	segment_fill(pool.segment);
	brought = bring(&pool, 0);
	while (pool.out == NULL)
		cr_assert_neq(take(&pool, 1), 0);
	cr_assert_geq(segment_held(pool.segment), LEAST - 1);
	bring(&pool, 0);
	for (uint64_t base = brought - segment_held(pool.segment); base > LEAST; base--)
		cr_assert_neq(take(&pool, 1), 0);
	end(&pool);
}

Test(segment, who_finds_nothing_waits_for_the_next_fetch)
{
	struct fake_pool pool;
	struct asked first, second, third;

	begin(&pool);
	ask(&pool, &first, 1);
	ask(&pool, &second, 3);
	cr_assert_eq(pool.submitted, 1);
	bring(&pool, 0);
	ask(&pool, &third, 1);
	cr_assert(first.answers == 1 && second.answers == 1 && third.answers == 1);
	cr_assert_eq(first.reservation.bases.first, 2);
	cr_assert_eq(first.reservation.space, &space);
	cr_assert_eq(second.reservation.bases.first, 3);
	cr_assert_eq(second.reservation.bases.count, 3);
	cr_assert_eq(third.reservation.bases.first, 6);
	end(&pool);
}

Test(segment, more_than_is_held_is_one_progression_from_a_fetch_that_is_large_enough)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	segment_fill(pool.segment);
	bring(&pool, 0);
	cr_assert_eq(take(&pool, 5 * MOST), 0);
	ask(&pool, &asked, 5 * MOST);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(take(&pool, 1), 2, "others go on meanwhile");
	cr_assert_geq(bring(&pool, 0), 5 * MOST);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_OK);
	cr_assert_eq(asked.reservation.bases.first, 3, "what goes on is joined to what was held");
	cr_assert_eq(asked.reservation.bases.count, 5 * MOST);
	cr_assert_eq(take(&pool, 1), 3 + 5 * MOST);
	end(&pool);
}

/* Else one who asks after the batch was answered would get a smaller ticket. */
Test(segment, what_is_lower_than_an_answer_is_never_given_after_it)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	segment_fill(pool.segment);
	bring(&pool, 0);
	ask(&pool, &asked, MOST);
	bring(&pool, 7);
	cr_assert_eq(asked.answers, 1);
	cr_assert_gt(take(&pool, 1), asked.reservation.bases.first + MOST - 1);
	end(&pool);
}

Test(segment, pieces_that_are_too_small_are_passed_over_for_good)
{
	struct fake_pool pool;
	uint64_t newest;

	begin(&pool);
	segment_fill(pool.segment);
	bring(&pool, 0);
	while (segment_held(pool.segment) > 10)
		cr_assert_neq(take(&pool, 1), 0);
	newest = pool.newest;
	bring(&pool, 1000);
	cr_assert_eq(take(&pool, 20), newest + 1001);
	cr_assert_eq(take(&pool, 1), newest + 1021);
	end(&pool);
}

Test(segment, what_is_held_stays_within_its_bounds)
{
	struct fake_pool pool;
	uint64_t began_ms = clock_ms();

	begin(&pool);
	segment_fill(pool.segment);
	while (clock_ms() - began_ms < 300) {
		if (pool.out != NULL)
			bring(&pool, 0);
		cr_assert_leq(segment_held(pool.segment), MOST);
		(void)take(&pool, 50);
	}
	while (pool.out != NULL)
		bring(&pool, 0);
	cr_assert_geq(segment_held(pool.segment), MOST / 2, "a great demand has made it grow");
	cr_assert_leq(segment_held(pool.segment), MOST);
	cr_assert_lt(segment_lasts_ms(pool.segment), 1000);
	end(&pool);
}

Test(segment, when_the_database_fails_those_who_wait_hear_why_and_the_rest_is_given)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	segment_fill(pool.segment);
	bring(&pool, 0);
	ask(&pool, &asked, MOST);
	fail(&pool, "the disk is full");
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_str_eq(asked.reservation.reason, "the disk is full");
	for (unsigned i = 0; i < LEAST; i++)
		cr_assert_neq(take(&pool, 1), 0);
	end(&pool);
}

Test(segment, a_failed_fetch_is_not_tried_again_at_once_unless_somebody_waits)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	segment_fill(pool.segment);
	fail(&pool, "away");
	cr_assert_eq(take(&pool, 1), 0);
	cr_assert_null(pool.out);
	ask(&pool, &asked, 1);
	cr_assert_not_null(pool.out);
	fail(&pool, "away");
	end(&pool);
}

Test(segment, who_came_after_a_fetch_began_is_not_refused_with_it)
{
	struct fake_pool pool;
	struct asked early, late;
	uint64_t began_ms = clock_ms();

	begin(&pool);
	ask(&pool, &early, 1);
	while (clock_ms() <= began_ms + 1)
		continue;
	ask(&pool, &late, 1);
	fail(&pool, "it has taken too long");
	cr_assert_eq(early.answers, 1);
	cr_assert_eq(early.reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_eq(late.answers, 0);
	bring(&pool, 0);
	cr_assert_eq(late.answers, 1);
	cr_assert_eq(late.reservation.status, TICKET_OK);
	end(&pool);
}

/* Its session may hang for the whole query time-out, and another one may not. */
Test(segment, a_late_fetch_is_asked_a_second_time_for_those_who_wait)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	ask(&pool, &asked, 3);
	cr_assert(wait_for_second(&pool, 5000));
	bring_by(&pool, &pool.second, 0);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.bases.first, 2);
	cr_assert_eq(take(&pool, 1), 5);
	end(&pool);
}

Test(segment, what_an_overtaken_fetch_brings_is_abandoned)
{
	struct fake_pool pool;
	struct asked asked;
	uint64_t held;

	begin(&pool);
	ask(&pool, &asked, 1);
	cr_assert(wait_for_second(&pool, 5000));
	bring_by(&pool, &pool.second, 0);
	held = segment_held(pool.segment);
	bring(&pool, 0);
	cr_assert_eq(segment_held(pool.segment), held);
	while (held-- > 0)
		cr_assert_lt(take(&pool, 1), 3 * LEAST);
	end(&pool);
}

Test(segment, what_the_second_brings_is_abandoned_when_the_first_came_after_all)
{
	struct fake_pool pool;
	struct asked asked;
	uint64_t held;

	begin(&pool);
	ask(&pool, &asked, 1);
	cr_assert(wait_for_second(&pool, 5000));
	bring(&pool, 0);
	cr_assert_eq(asked.answers, 1);
	held = segment_held(pool.segment);
	bring_by(&pool, &pool.second, 0);
	cr_assert_eq(segment_held(pool.segment), held);
	end(&pool);
}

Test(segment, those_who_wait_are_refused_only_when_both_fail)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	ask(&pool, &asked, 1);
	cr_assert(wait_for_second(&pool, 5000));
	fail(&pool, "the first");
	cr_assert_eq(asked.answers, 0);
	fail_by(&pool.second, "the second");
	cr_assert_eq(asked.answers, 1);
	cr_assert_str_eq(asked.reservation.reason, "the second");
	end(&pool);
}

Test(segment, nobody_waits_for_what_is_void)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	ask(&pool, &asked, 1);
	cr_assert(wait_for_second(&pool, 5000));
	bring_by(&pool, &pool.second, 0);
	ask(&pool, &asked, MOST);
	cr_assert_not_null(pool.second);
	fail_by(&pool.second, "away");
	cr_assert_eq(asked.answers, 1);
	end(&pool);
}

Test(segment, while_nobody_waits_a_late_fetch_is_waited_for)
{
	struct fake_pool pool;

	begin(&pool);
	segment_fill(pool.segment);
	cr_assert_not(wait_for_second(&pool, 400));
	end(&pool);
}

/* Else the server would call itself ready, with nothing but numbers that are no tickets. */
Test(segment, at_the_end_of_the_space_only_what_has_tickets_is_held)
{
	uint64_t last = space_last_base(&space);
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	pool.newest = last - 50;
	segment_fill(pool.segment);
	cr_assert_gt(bring(&pool, 0), 50);
	cr_assert_eq(segment_held(pool.segment), 50);
	cr_assert_eq(take(&pool, 50), last - 49);
	while (pool.out == NULL)
		segment_fill(pool.segment);
	bring(&pool, 0);
	cr_assert_eq(segment_held(pool.segment), 0);
	cr_assert_eq(take(&pool, 1), 0);
	ask(&pool, &asked, 1);
	bring(&pool, 0);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.reservation.status, TICKET_EXHAUSTED);
	cr_assert_str_eq(asked.reservation.reason, SPACE_EXHAUSTED);
	cr_assert_eq(segment_held(pool.segment), 0);
	end(&pool);
}

static void
wait_300_ms(void)
{
	uint64_t began_ms = clock_ms();

	while (clock_ms() < began_ms + 300)
		continue;
}

Test(segment, where_fetches_are_quick_they_grow_and_where_they_are_slow_they_shrink)
{
	struct segment_settings settings = {3600000, 1,	       UINT32_MAX, 1000,
					    submit,  withdraw, explain,	   NULL};
	struct fake_pool pool = {.newest = 1};
	uint32_t first, grown, slow;

	settings.arg = &pool;
	settings.least = settings.most;
	pool.segment = segment_new(&settings);
	segment_fill(pool.segment);
	grown = first = bring(&pool, 0);
	for (unsigned i = 0; i < 5; i++)
		grown = bring(&pool, 0);
	cr_assert_gt(grown, 8 * first);
	wait_300_ms();
	slow = bring(&pool, 0);
	cr_assert_lt(pool.out->count, slow);
	slow = pool.out->count;
	wait_300_ms();
	fail(&pool, "it took too long");
	while (pool.out == NULL)
		segment_fill(pool.segment);
	cr_assert_lt(pool.out->count, slow);
	end(&pool);
}

Test(segment, who_waits_can_be_withdrawn_and_hears_why)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	ask(&pool, &asked, 1);
	cr_assert(segment_withdraw(pool.segment, &asked.reservation));
	cr_assert_str_eq(asked.reservation.reason, "because");
	cr_assert_not(segment_withdraw(pool.segment, &asked.reservation));
	bring(&pool, 0);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(take(&pool, 1), 2);
	end(&pool);
}

/* One statement for all of them would take longer than any of them waits, and end as none. */
Test(segment, those_who_want_much_together_are_answered_one_after_the_other)
{
	struct fake_pool pool;
	struct asked asked[4];

	begin(&pool);
	for (size_t i = 0; i < 4; i++)
		ask(&pool, &asked[i], 40000);
	for (size_t i = 0; i < 4; i++) {
		cr_assert_leq(bring(&pool, 0), 40000 + MOST);
		cr_assert_eq(asked[i].answers, 1);
	}
	end(&pool);
}

Test(segment, questions_go_to_the_pool)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool);
	ask(&pool, &asked, 0);
	cr_assert_eq(pool.out, &asked.reservation);
	cr_assert(segment_withdraw(pool.segment, &asked.reservation));
	cr_assert_eq(pool.withdrawn, &asked.reservation);
	pool.out = NULL;
	end(&pool);
}

Test(segment, at_the_end_nothing_is_fetched_and_the_rest_is_handed_over)
{
	struct fake_pool pool;
	struct segment_piece piece;
	struct asked asked;
	uint64_t held;

	begin(&pool);
	segment_fill(pool.segment);
	bring(&pool, 0);
	ask(&pool, &asked, MOST);
	segment_stop(pool.segment);
	cr_assert_eq(asked.reservation.status, TICKET_DRAINING);
	bring(&pool, 0);
	cr_assert_null(pool.out);
	held = segment_held(pool.segment);
	cr_assert(segment_take_rest(pool.segment, &piece));
	cr_assert_eq(piece.bases.count, held);
	cr_assert_eq(piece.bases.first + held - 1, pool.newest);
	cr_assert_not(segment_take_rest(pool.segment, &piece));
	segment_free(pool.segment);
}
