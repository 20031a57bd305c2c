#include <criterion/criterion.h>
#include <signal.h>

#include "ticket/range.h"

Test(range, take_returns_the_front_and_keeps_the_rest)
{
	struct ticket_range range = {100, 10, 5};
	struct ticket_range taken = range_take(&range, 2);

	cr_assert_eq(taken.first, 100);
	cr_assert_eq(taken.increment, 10);
	cr_assert_eq(taken.count, 2);
	cr_assert_eq(range.first, 120);
	cr_assert_eq(range.count, 3);
}

Test(range, takes_until_empty_never_overlap)
{
	struct ticket_range range = {7, 3, 6};
	uint64_t expected = 7;

	for (uint32_t count = 1; count <= 3; count++) {
		struct ticket_range taken = range_take(&range, count);

		cr_assert_eq(taken.first, expected);
		expected += 3 * count;
	}
	cr_assert_eq(range.count, 0);
}

Test(range, last_of_one_is_the_first)
{
	struct ticket_range range = {42, UINT64_MAX, 1};
	uint64_t last;

	cr_assert(range_last(&range, &last));
	cr_assert_eq(last, 42);
}

Test(range, last_beyond_64_bits_is_refused)
{
	struct ticket_range too_far = {UINT64_MAX - 5, 2, 4};
	struct ticket_range too_wide = {0, UINT64_MAX / 2, 4};
	uint64_t last;

	cr_assert_not(range_last(&too_far, &last));
	cr_assert_not(range_last(&too_wide, &last));
}

Test(range, the_last_number_of_all_can_be_taken)
{
	struct ticket_range range = {UINT64_MAX - 2, 1, 3};
	struct ticket_range taken;
	uint64_t last;

	cr_assert(range_last(&range, &last));
	cr_assert_eq(last, UINT64_MAX);
	taken = range_take(&range, 1);
	cr_assert_eq(taken.first, UINT64_MAX - 2);
	taken = range_take(&range, 2);
	cr_assert_eq(taken.first, UINT64_MAX - 1);
	cr_assert_eq(range.count, 0);
}

Test(range, taking_more_than_there_is_is_a_bug, .signal = SIGABRT)
{
	struct ticket_range range = {1, 1, 3};

	range_take(&range, 4);
}

Test(range, taking_nothing_is_a_bug, .signal = SIGABRT)
{
	struct ticket_range range = {1, 1, 3};

	range_take(&range, 0);
}

Test(range, a_range_that_continues_another_is_joined)
{
	static const struct ticket_range others[] = {
		{19, 3, 2}, {22, 2, 2}, {25, 3, 2}, {16, 3, 1}, {22, 3, UINT32_MAX}};
	struct ticket_range range = {10, 3, 4}, more = {22, 3, 2};

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		cr_assert_not(range_join(&range, &others[i]), "case %zu", i);
	cr_assert(range_join(&range, &more));
	cr_assert(range.first == 10 && range.increment == 3 && range.count == 6);
}

Test(range, two_ranges_meet_if_they_have_a_number_in_common)
{
	static const struct {
		struct ticket_range a, b;
		bool meet;
	} cases[] = {
		{{10, 1, 5}, {14, 1, 1}, true},
		{{10, 1, 5}, {15, 1, 5}, false},
		{{10, 1, 5}, {5, 1, 5}, false},
		{{10, 2, 5}, {11, 2, 5}, false},
		{{10, 2, 5}, {12, 2, 1}, true},
		{{10, 2, 5}, {11, 3, 5}, true},
		{{10, 4, 5}, {12, 6, 5}, true},
		{{10, 4, 5}, {13, 6, 5}, false},
		{{1, 1, UINT32_MAX}, {7, 1, 1}, true},
		{{UINT64_MAX, 1, 1}, {UINT64_MAX, 5, 1}, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		cr_assert_eq(range_meets(&cases[i].a, &cases[i].b), cases[i].meet, "case %zu", i);
		cr_assert_eq(range_meets(&cases[i].b, &cases[i].a), cases[i].meet, "case %zu", i);
	}
}
