#include <criterion/criterion.h>

#include "pool/trust.h"

static struct trust trust;
static struct trust_classes mark;
static char memory[256];
static struct text reason;

static void
begin(void)
{
	trust_init(&trust);
	reason = TEXT_OVER(memory);
}

static void
end(void)
{
	trust_classes_free(&mark);
	trust_destroy(&trust);
}

TestSuite(trust, .init = begin, .fini = end);

/* A statement that begins and ends by itself. */
static bool
accepts(uint64_t first, uint64_t increment, uint32_t count)
{
	struct ticket_range bases = {first, increment, count};

	trust_mark(&trust, &mark);
	return trust_accepts(&trust, &mark, &bases, &reason);
}

/* Of the master that gives bases with base mod INCREMENT == RESIDUE. */
static bool
accepts_newest_of(uint64_t newest, uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue};

	trust_mark(&trust, &mark);
	return trust_accepts_newest(&trust, &mark, &share, newest, &reason);
}

static bool
accepts_newest(uint64_t newest)
{
	return accepts_newest_of(newest, 1, 0);
}

static bool
is_given(uint64_t increment, uint64_t residue)
{
	struct store_share share = {increment, residue};

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
	cr_assert_str_eq(memory, "the database has gone back: its counter is below 101, which was "
				 "given before. Move it past that; the manual says how");
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
	cr_assert(accepts_newest(1000));
	cr_assert(accepts(1001, 1, 1));
}

Test(trust, statements_that_overlap_may_end_in_any_order)
{
	struct trust_classes early = {0};
	struct ticket_range bases = {5, 1, 1};
	struct store_share alone = {1, 0};

	cr_assert(accepts(2, 1, 1));
	trust_mark(&trust, &early);
	cr_assert(accepts(6, 1, 10));
	cr_assert(trust_accepts(&trust, &early, &bases, &reason));
	cr_assert(trust_accepts_newest(&trust, &early, &alone, 5, &reason),
		  "the question was asked before 15 was given");
	trust_classes_free(&early);
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
	cr_assert_not(accepts_newest_of(198, 2, 0));
	cr_assert_not(is_given(2, 0));
	cr_assert(is_given(2, 1));
	cr_assert(accepts(1021, 2, 1));
	cr_assert_not(accepts(500, 2, 1), "it stays refused");
	cr_assert(accepts_newest_of(1021, 2, 1), "the other's newest base is no excuse for it");
	cr_assert_not(is_given(2, 0));
	cr_assert(accepts_newest_of(500, 2, 0));
	cr_assert(accepts(502, 2, 1));
}

Test(trust, another_increment_does_not_excuse_who_has_gone_back)
{
	cr_assert(accepts(1001, 2, 10));
	cr_assert(accepts(2, 2, 100));
	cr_assert_not(accepts(4, 2, 1));
	cr_assert(accepts(1021, 2, 1));
	cr_assert_not(is_given(3, 0));
	cr_assert_not(accepts_newest_of(199, 3, 1));
	cr_assert(accepts_newest_of(200, 3, 2));
	cr_assert(is_given(3, 2));
	cr_assert_not(is_given(3, 1));
}

/* Statements of other threads, after whose increment the class is not known any more. */
Test(trust, a_repeated_range_is_refused_though_the_classes_changed_meanwhile)
{
	struct trust_classes early = {0};
	struct ticket_range bases = {4, 2, 1};

	cr_assert(accepts(2, 2, 100));
	trust_mark(&trust, &early);
	cr_assert(accepts(301, 3, 1));
	cr_assert_not(trust_accepts(&trust, &early, &bases, &reason));
	trust_classes_free(&early);
}

Test(trust, another_increment_makes_other_classes)
{
	cr_assert(accepts(1000, 1, 1));
	cr_assert(accepts(501, 2, 1));
	cr_assert_not(accepts(501, 2, 1));
}

Test(trust, a_newest_base_below_what_was_given_is_refused)
{
	cr_assert(accepts(100, 1, 1));
	cr_assert_not(accepts_newest(99));
	cr_assert_not(is_given(1, 0));
}
