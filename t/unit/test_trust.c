#include <criterion/criterion.h>
#include <string.h>

#include "pool/trust.h"

static struct trust trust;
static struct trust_mark mark;
static const struct ticket_space space = {10, 3, 326};
static const struct store_share alone = {1, 0, false};
static uint64_t past;
static uint64_t now_ms = 1000000;
static char memory[256];
static struct text reason;

static void
begin(void)
{
	trust_init(&trust, &space, NULL);
	reason = TEXT_OVER(memory);
}

static void
end(void)
{
	trust_mark_free(&mark);
	trust_destroy(&trust);
}

TestSuite(trust, .init = begin, .fini = end);

/* A statement that begins and ends by itself. */
static bool
accepts(uint64_t first, uint64_t increment, uint32_t count)
{
	struct ticket_range bases = {first, increment, count};

	trust_remember(&trust, &mark, now_ms);
	return trust_judge(&trust, &mark, &bases, &past, &reason) == TRUST_ACCEPTED;
}

/* Of the master that gives bases with base mod INCREMENT == RESIDUE. */
static bool
accepts_newest_of(uint64_t newest, uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue, false};

	trust_remember(&trust, &mark, now_ms);
	return trust_judge_newest(&trust, &mark, &share, newest, &past, &reason) == TRUST_ACCEPTED;
}

static bool
accepts_newest(uint64_t newest)
{
	return accepts_newest_of(newest, 1, 0);
}

/* It reads too low, and a reservation from there shows that it is. */
static bool
refuses_newest_of(uint64_t newest, uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue, false};
	enum trust_verdict verdict;

	trust_remember(&trust, &mark, now_ms);
	verdict = trust_judge_newest(&trust, &mark, &share, newest, &past, &reason);
	if (verdict != TRUST_SUSPECT)
		return verdict == TRUST_REFUSED;
	return !accepts(trust_own_base(&share, newest) + increment, increment, 1) && past > newest;
}

static bool
refuses_newest(uint64_t newest)
{
	return refuses_newest_of(newest, 1, 0);
}

/* The class has reached its floor NEWEST. It is trusted again, and moved past its unsure bases. */
static bool
moves_on_from(uint64_t newest, uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue, false};
	uint64_t beyond;

	trust_remember(&trust, &mark, now_ms);
	if (trust_judge_newest(&trust, &mark, &share, newest, &beyond, &reason) != TRUST_UNSURE ||
	    beyond <= newest || !accepts_newest_of(beyond, increment, residue))
		return false;
	past = beyond;
	return true;
}

static bool
is_given(uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue, false};

	return trust_is_given(&trust, &share, &reason);
}

Test(trust, a_counter_that_rises_is_trusted)
{
	cr_assert(accepts(2, 1, 1));
	cr_assert(accepts(3, 1, 100));
	cr_assert(accepts(103, 1, 1));
	cr_assert(accepts(1000, 1, 1));
	cr_assert(accepts_newest(1000));
	cr_assert(is_given(1, 0));
}

Test(trust, a_counter_that_goes_back_is_refused)
{
	cr_assert(accepts(2, 1, 100));
	cr_assert_not(accepts(101, 1, 1));
	cr_assert_str_eq(memory,
			 "the database has gone back in time: its counter was at 101, but 101 was "
			 "issued. No tickets are issued until the counter reaches 101: tickrd "
			 "advance --past 1319");
	cr_assert_not(is_given(1, 0));
}

Test(trust, a_range_that_begins_below_and_ends_above_is_refused)
{
	cr_assert(accepts(2, 1, 100));
	cr_assert_not(accepts(50, 1, 1000));
}

Test(trust, a_refused_database_stays_refused_whatever_it_gives)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert_not(accepts(2, 1, 1));
	cr_assert_not(accepts(2000, 1, 1));
	cr_assert_not(accepts_newest(999));
	cr_assert_not(is_given(1, 0));
}

Test(trust, a_refused_database_is_trusted_again_when_it_has_reached_what_was_given)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert_not(accepts(2, 1, 1));
	cr_assert(moves_on_from(1000, 1, 0));
	cr_assert(accepts(past + 1, 1, 1));
}

/* Another server may have issued more than was seen of it: as much as the rate allows. */
Test(trust, the_floor_is_as_far_as_the_rate_may_have_come)
{
	for (unsigned i = 0; i < 10; i++) { /* 4,000 a second */
		now_ms += 250;
		cr_assert(accepts_newest(100000 + i * 1000));
	}
	now_ms += 3000; /* unseen for that long */
	cr_assert(refuses_newest(1000));
	cr_assert_geq(past, 109000 + 4 * 3000);
	cr_assert_leq(past, 109000 + 4 * 3000 + 4000 + 1000);
}

Test(trust, a_rate_is_forgotten_when_the_counter_stands_still)
{
	for (unsigned i = 0; i < 60; i++) {
		now_ms += 250;
		cr_assert(accepts_newest(i == 0 ? 1000 : 5000000));
	}
	cr_assert(refuses_newest(10));
	cr_assert_leq(past, 5000000 + 20000);
}

Test(trust, without_a_rate_the_floor_is_near)
{
	cr_assert(accepts(1000, 1, 1));
	now_ms += 3600000;
	cr_assert(refuses_newest(10));
	cr_assert_leq(past, 1000 + 1000);
}

Test(trust, a_counter_that_was_moved_makes_no_rate)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert(refuses_newest(10));
	now_ms += 250;
	cr_assert(accepts_newest(50000000), "an operator moved it");
	now_ms += 250;
	cr_assert(accepts_newest(50000000));
	cr_assert(refuses_newest(10));
	cr_assert_leq(past, 50000000 + 1000);
}

/* The counter is moved first: another statement may see that before a look finds the advance noted. */
Test(trust, an_operators_advance_makes_no_rate_though_it_is_noted_later)
{
	static const struct ticket_range bases = {9001, 1, 1};
	struct trust_mark late = {0};

	for (unsigned i = 0; i < 10; i++) { /* 4,000 a second */
		now_ms += 250;
		cr_assert(accepts_newest(i * 1000));
	}
	now_ms += 250;
	trust_remember(&trust, &late, now_ms);
	cr_assert(accepts_newest(50000000));
	now_ms += 250;
	trust_note_advances(&trust, 7);
	cr_assert(accepts_newest(50000000));
	cr_assert_eq(trust_judge(&trust, &late, &bases, &past, &reason), TRUST_ACCEPTED);
	now_ms += 250;
	cr_assert(accepts_newest(50000000));
	now_ms += 3000;
	cr_assert(refuses_newest(1000));
	cr_assert_geq(past, 50000000 + 100);
	cr_assert_leq(past, 50000000 + 4 * 3000 + 4000 + 1000);
	trust_mark_free(&late);
}

Test(trust, masters_that_are_far_apart_make_no_rate)
{
	for (unsigned i = 0; i < 10; i++) {
		now_ms += 250;
		cr_assert(accepts_newest_of(30000001, 2, 1));
		now_ms += 250;
		cr_assert(accepts_newest_of(1000, 2, 0));
	}
	cr_assert(refuses_newest_of(30000001 - 2000, 2, 1));
	cr_assert_leq(past, 30000001 + 1000);
}

Test(trust, a_server_that_counts_at_one_of_two_masters_makes_its_rate)
{
	for (unsigned i = 0; i < 10; i++) { /* 4,000 a second */
		now_ms += 125;
		cr_assert(accepts_newest_of(30000001, 2, 1));
		now_ms += 125;
		cr_assert(accepts_newest_of(100000 + i * 1000, 2, 0));
	}
	now_ms += 3000;
	cr_assert(accepts_newest_of(30000001, 2, 1), "only this one was seen since");
	cr_assert(refuses_newest_of(1000, 2, 0));
	cr_assert_geq(past, 109000 + 4 * 3000);
	cr_assert_leq(past, 109000 + 4 * 3000 + 4000 + 1000);
}

/* Threads look at the clock, and are judged in another order. */
Test(trust, what_was_only_read_lately_stays_so_when_statements_end_in_any_order)
{
	static const struct ticket_range bases = {451, 1, 10};

	cr_assert(accepts_newest(500));
	for (unsigned i = 0; i < 3; i++) {
		now_ms--;
		cr_assert(accepts_newest(500));
	}
	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_UNSURE);
}

Test(trust, a_counter_that_was_moved_past_what_was_only_read_makes_no_rate)
{
	static const struct ticket_range bases = {451, 1, 10};

	for (unsigned i = 0; i < 3; i++) {
		now_ms += 250;
		cr_assert(accepts_newest(500 + i * 1000));
	}
	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_UNSURE);
	for (unsigned i = 0; i < 3; i++) {
		now_ms += 250;
		cr_assert(accepts_newest(past));
	}
	cr_assert_leq(rate_highest(&trust.rate), 4000);
}

/* --- a latch: the refusal lasts until an operator acts -------------------------------------------- */

Test(trust, a_latched_database_stays_refused_wherever_its_counter_is)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert(refuses_newest(10));
	cr_assert(trust_set_latch(&trust, &alone, 5));
	cr_assert_eq(trust_latch(&trust, &alone), 5);
	cr_assert_not(accepts_newest(5000));
	cr_assert_not(accepts(1000000, 1, 1));
	text_clear(&reason);
	cr_assert_not(is_given(1, 0));
	cr_assert_not_null(strstr(memory, "until an operator runs: tickrd advance --past "));
	cr_assert(trust_set_latch(&trust, &alone, 0));
	cr_assert(accepts_newest(5000));
	cr_assert(is_given(1, 0));
}

Test(trust, only_a_refused_database_can_be_latched)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert_not(trust_set_latch(&trust, &alone, 5));
	cr_assert_eq(trust_latch(&trust, &alone), 0);
	cr_assert(accepts(1001, 1, 1));
}

/* --- when the counter was seen ------------------------------------------------------------------- */

Test(trust, an_answer_that_is_believed_shows_the_counter)
{
	cr_assert_eq(trust_seen_ms(&trust), 0);
	cr_assert(accepts_newest(1000));
	cr_assert_eq(trust_seen_ms(&trust), now_ms);
	now_ms += 500;
	cr_assert(accepts(1001, 1, 10));
	cr_assert_eq(trust_seen_ms(&trust), now_ms);
	now_ms += 500;
	cr_assert(refuses_newest(10));
	cr_assert_eq(trust_seen_ms(&trust), now_ms - 500,
		     "an answer that is not believed does not");
}

/*
 * A database shows a commit to readers a moment before the commit is on its disk. Then it crashes, and its
 * counter comes back lower: nobody was answered.
 */
Test(trust, what_was_only_read_lately_is_left_out_and_no_reason_to_distrust)
{
	struct ticket_range bases = {451, 1, 10};

	cr_assert(accepts(2, 1, 400));
	cr_assert(accepts_newest(500), "another server's, under way");
	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_UNSURE);
	cr_assert_geq(past, 500);
	cr_assert(is_given(1, 0));
	cr_assert_not(accepts(past, 1, 1), "because it may have been issued anyway");
	cr_assert(accepts(past + 1, 1, 1));
	bases.first = 300;
	cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_REFUSED,
		     "what we issued is certain");
}

/* A replica that lags was read: the next reservation shows where the counter is. */
Test(trust, a_newest_base_that_reads_too_low_is_a_suspicion_only)
{
	cr_assert(accepts(1000, 1, 1));
	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge_newest(&trust, &mark, &alone, 900, &past, &reason), TRUST_SUSPECT);
	cr_assert(is_given(1, 0));
	cr_assert(accepts(1001, 1, 1));
}

Test(trust, where_the_space_ends_before_that_it_is_not)
{
	uint64_t last = space_last_base(&space);

	cr_assert(accepts(last - 1000, 1, 1));
	cr_assert_not(accepts(900, 1, 1));
	cr_assert_leq(past, last);
	cr_assert(accepts_newest(last));
}

Test(trust, statements_that_overlap_may_end_in_any_order)
{
	struct trust_mark early = {0};
	struct ticket_range bases = {5, 1, 1};

	cr_assert(accepts(2, 1, 1));
	trust_remember(&trust, &early, now_ms);
	cr_assert(accepts(6, 1, 10));
	cr_assert_eq(trust_judge(&trust, &early, &bases, &past, &reason), TRUST_ACCEPTED);
	cr_assert_eq(trust_judge_newest(&trust, &early, &alone, 5, &past, &reason), TRUST_ACCEPTED,
		     "the question was asked before 15 was given");
	trust_mark_free(&early);
}

/* One master hangs while it answers, another takes its place and counts from before that. */
Test(trust, of_two_statements_at_once_that_bring_the_same_only_one_is_accepted)
{
	static const struct ticket_range repeated[] = {{101, 1, 10}, {110, 1, 10}, {92, 1, 10},
						       {105, 1, 1},  {1, 1, 1000}, {100, 10, 2}};
	struct trust_mark early = {0};

	trust_remember(&trust, &early, now_ms);
	cr_assert(accepts(101, 1, 10));
	cr_assert(accepts(111, 1, 5), "which is joined to it");
	cr_assert(accepts(200, 1, 5));
	for (size_t i = 0; i < ARRAY_LENGTH(repeated); i++) {
		cr_assert_neq(trust_judge(&trust, &early, &repeated[i], &past, &reason),
			      TRUST_ACCEPTED, "case %zu", i);
		cr_assert(accepts_newest(100000 * (i + 1)), "it has got past that");
	}
	trust_mark_free(&early);
}

Test(trust, what_stands_between_ranges_that_were_given_is_accepted)
{
	static const struct ticket_range between[] = {{50, 1, 51}, {116, 1, 84}, {205, 1, 1}};
	struct trust_mark early = {0};

	trust_remember(&trust, &early, now_ms);
	cr_assert(accepts(101, 1, 15));
	cr_assert(accepts(200, 1, 5));
	for (size_t i = 0; i < ARRAY_LENGTH(between); i++)
		cr_assert_eq(trust_judge(&trust, &early, &between[i], &past, &reason),
			     TRUST_ACCEPTED, "case %zu", i);
	trust_mark_free(&early);
}

/* Then nobody can tell whether they were among them. */
Test(trust, what_comes_after_too_many_others_is_abandoned)
{
	struct ticket_range low = {2, 1, 1}, high = {1000000, 1, 1};
	struct trust_mark early = {0};

	trust_remember(&trust, &early, now_ms);
	for (uint64_t i = 0; i <= RECENT_MOST; i++)
		cr_assert(accepts(100 + 2 * i, 1, 1));
	past = 7;
	cr_assert_eq(trust_judge(&trust, &early, &low, &past, &reason), TRUST_UNSURE);
	cr_assert_eq(past, 0, "the counter need not be moved");
	cr_assert_eq(trust_judge(&trust, &early, &high, &past, &reason), TRUST_ACCEPTED);
	trust_mark_free(&early);
}

Test(trust, masters_that_count_apart_are_compared_apart)
{
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(2, 2, 1));
	cr_assert(accepts(4, 2, 5));
	cr_assert(accepts_newest_of(12, 2, 0),
		  "the newest base of one says nothing about the other");
	cr_assert_not(accepts(12, 2, 1));
}

Test(trust, a_master_that_is_behind_another_is_trusted)
{
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(2, 2, 1));
	cr_assert(accepts_newest_of(2, 2, 0), "it stands where it gave its last");
	cr_assert(accepts_newest_of(801, 2, 0), "replication brings it what the other gave");
}

Test(trust, one_master_is_refused_while_the_other_serves)
{
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(2, 2, 100));
	cr_assert(refuses_newest_of(198, 2, 0));
	cr_assert_not(is_given(2, 0));
	cr_assert(is_given(2, 1));
	cr_assert(accepts(1021, 2, 1));
	cr_assert_not(accepts(500, 2, 1), "it stays refused");
	cr_assert(accepts_newest_of(1021, 2, 1), "the other's newest base is no excuse for it");
	cr_assert_not(is_given(2, 0));
	cr_assert(moves_on_from(200, 2, 0));
	cr_assert(accepts((past + 2) / 2 * 2, 2, 1));
}

Test(trust, another_increment_does_not_excuse_who_has_gone_back)
{
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(2, 2, 100));
	cr_assert_not(accepts(4, 2, 1));
	cr_assert(accepts(1021, 2, 1));
	cr_assert_not(is_given(3, 0));
	cr_assert_not(accepts_newest_of(199, 3, 1));
	cr_assert_not(accepts_newest_of(200, 3, 2), "it would give odd ones, too");
	cr_assert(accepts_newest_of(200000, 3, 2));
	cr_assert(is_given(3, 2));
	cr_assert_not(is_given(3, 1));
}

/* Statements of other threads, after whose increment the class is not known any more. */
Test(trust, a_repeated_range_is_refused_though_the_classes_changed_meanwhile)
{
	struct trust_mark early = {0};
	struct ticket_range bases = {4, 2, 1};

	cr_assert(accepts(2, 2, 100));
	trust_remember(&trust, &early, now_ms);
	cr_assert(accepts(301, 3, 1));
	cr_assert_eq(trust_judge(&trust, &early, &bases, &past, &reason), TRUST_REFUSED);
	trust_mark_free(&early);
}

Test(trust, another_increment_forgets_nothing)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(1002, 2, 1), "the other class is as far as 1000 only");
	cr_assert(accepts(1020, 1, 2));
	cr_assert_not(accepts(999, 2, 1));
}

Test(trust, a_newest_base_below_what_was_given_is_refused)
{
	cr_assert(accepts(100, 1, 1));
	cr_assert(refuses_newest(98));
	cr_assert_not(is_given(1, 0));
}

static void
begin_after_1000_of_2000(void)
{
	struct record last = {0};

	classes_widen(&last.given, 1);
	classes_widen(&last.ahead, 1);
	last.given.highest[0] = 1000;
	last.ahead.highest[0] = 2000;
	trust_init(&trust, &space, &last);
	record_free(&last);
	reason = TEXT_OVER(memory);
}

TestSuite(trust_after_another_run, .init = begin_after_1000_of_2000, .fini = end);

Test(trust_after_another_run, what_was_given_for_certain_is_refused)
{
	cr_assert(refuses_newest(998));
	cr_assert_not(is_given(1, 0));
	cr_assert_eq(past, 2000, "more than that was never issued");
	cr_assert(moves_on_from(1000, 1, 0), "until the counter was moved");
	cr_assert(accepts(past + 1, 1, 1));
}

Test(trust_after_another_run, what_may_have_been_given_is_left_behind)
{
	static const uint64_t firsts[] = {1001, 1500, 2000};

	for (size_t i = 0; i < ARRAY_LENGTH(firsts); i++) {
		struct ticket_range bases = {firsts[i], 1, 1000};

		past = 0;
		trust_remember(&trust, &mark, now_ms);
		cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_UNSURE);
		cr_assert_eq(past, 2000);
		past = 0;
		cr_assert_eq(
			trust_judge_newest(&trust, &mark, &alone, firsts[i] - 1, &past, &reason),
			TRUST_UNSURE);
		cr_assert_eq(past, 2000);
	}
	cr_assert(is_given(1, 0), "that is no reason to distrust");
	cr_assert(accepts_newest(2000));
	cr_assert(accepts(2001, 1, 1));
}

/* The higher bases come from the move, not from other servers. */
Test(trust_after_another_run, a_counter_that_was_moved_past_the_bound_makes_no_rate)
{
	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge_newest(&trust, &mark, &alone, 1100, &past, &reason), TRUST_UNSURE);
	for (unsigned i = 0; i < 2; i++) {
		now_ms += 250;
		cr_assert(accepts_newest(2000));
	}
	cr_assert(refuses_newest(1500));
	cr_assert_leq(past, 2000 + 100);
}

static void
begin_refused(void)
{
	struct record last = {0};

	classes_widen(&last.given, 1);
	classes_widen(&last.ahead, 1);
	classes_widen(&last.latches, 1);
	last.given.highest[0] = 1000;
	last.ahead.highest[0] = 2000;
	last.latches.highest[0] = 7;
	trust_init(&trust, &space, &last);
	record_free(&last);
	reason = TEXT_OVER(memory);
}

TestSuite(trust_refused_before, .init = begin_refused, .fini = end);

Test(trust_refused_before, a_restart_forgets_no_latch)
{
	cr_assert_not(is_given(1, 0));
	cr_assert_eq(trust_latch(&trust, &alone), 7);
	cr_assert_not(accepts_newest(5000));
	cr_assert(trust_set_latch(&trust, &alone, 0));
	cr_assert_not(accepts_newest(999));
	cr_assert(moves_on_from(1000, 1, 0));
	cr_assert_eq(past, 2000);
}

static void
begin_after_masters(void)
{
	struct record last = {0};

	classes_widen(&last.given, 2);
	classes_widen(&last.ahead, 2);
	last.given.highest[1] = 1001;
	last.ahead.highest[1] = 2001;
	last.given.highest[0] = 10;
	last.ahead.highest[0] = 20;
	trust_init(&trust, &space, &last);
	record_free(&last);
	reason = TEXT_OVER(memory);
}

TestSuite(trust_after_masters, .init = begin_after_masters, .fini = end);

Test(trust_after_masters, each_gets_past_its_own_bound_only)
{
	const struct store_share even = {2, 0, false}, odd = {2, 1, false};
	struct ticket_range bases = {12, 2, 1};

	trust_remember(&trust, &mark, now_ms);
	cr_assert_eq(trust_judge(&trust, &mark, &bases, &past, &reason), TRUST_UNSURE);
	cr_assert_eq(past, 20);
	cr_assert_eq(trust_judge_newest(&trust, &mark, &even, 18, &past, &reason), TRUST_UNSURE);
	cr_assert_eq(past, 20);
	cr_assert_eq(trust_judge_newest(&trust, &mark, &odd, 1001, &past, &reason), TRUST_UNSURE);
	cr_assert_eq(past, 2001);
	cr_assert(accepts_newest_of(20, 2, 0));
	cr_assert(accepts(22, 2, 1));
}

Test(trust_after_masters, one_that_went_back_is_refused_alone)
{
	cr_assert(refuses_newest_of(999, 2, 1));
	cr_assert(is_given(2, 0));
	cr_assert(accepts(22, 2, 1));
	cr_assert_not(is_given(2, 1));
}

/* --- servers beside this one ------------------------------------------------------------------- */

Test(trust, what_another_server_gave_counts_too)
{
	cr_assert(accepts(2, 1, 1));
	cr_assert(accepts_newest(500));
	cr_assert_not(accepts(100, 1, 1));
	cr_assert_not(accepts_newest(499));
	cr_assert(moves_on_from(500, 1, 0));
	cr_assert(accepts(past + 1, 1, 1));
}

Test(trust, it_counts_for_a_server_that_has_given_nothing_yet)
{
	cr_assert(accepts_newest(500));
	now_ms += 1000;
	cr_assert(accepts_newest(500));
	cr_assert_not(accepts(100, 1, 1));
	cr_assert_not(is_given(1, 0));
}

Test(trust, what_another_server_got_from_one_master_says_nothing_about_the_other)
{
	cr_assert(accepts_newest_of(501, 2, 1));
	cr_assert(accepts(100, 2, 1));
	now_ms += 1000;
	cr_assert(accepts_newest_of(100, 2, 0));
	cr_assert_not(accepts(101, 2, 1));
	cr_assert_not(is_given(2, 1));
	cr_assert(is_given(2, 0));
	cr_assert(accepts(102, 2, 1));
}

Test(trust, what_replication_brought_was_passed_by_the_master_that_has_it)
{
	cr_assert(accepts_newest_of(501, 2, 0));
	cr_assert(accepts(401, 2, 1), "who has 501 is not seen here");
	cr_assert_not(accepts(500, 2, 1));
}

Test(trust, what_a_cluster_gives_with_another_increment_is_not_refused_but_left_behind)
{
	static const struct ticket_range lower = {29000, 2, 10};

	cr_assert(accepts(30000, 3, 10));
	trust_remember(&trust, &mark, now_ms);
	trust_forget_other_steps(&trust, &mark, 2);
	cr_assert_eq(trust_judge(&trust, &mark, &lower, &past, &reason), TRUST_UNSURE,
		     "it may be a lower one of its own, or an older copy");
	cr_assert_eq(past, 30027);
	cr_assert(accepts(30028, 2, 10));
	trust_forget_other_steps(&trust, &mark, 2);
	cr_assert_not(accepts(30028, 2, 10), "with the same increment it is held to it");
}

Test(trust, an_older_cluster_of_other_nodes_repeats_nothing)
{
	static const struct ticket_range repeated = {2, 3, 1};

	cr_assert(accepts(2, 1, 10));
	trust_remember(&trust, &mark, now_ms);
	trust_forget_other_steps(&trust, &mark, 3);
	cr_assert_eq(trust_judge(&trust, &mark, &repeated, &past, &reason), TRUST_UNSURE);
	trust_forget_other_steps(&trust, &mark, 1);
	cr_assert_eq(past, 11);
	cr_assert(accepts(12, 1, 1));
}
