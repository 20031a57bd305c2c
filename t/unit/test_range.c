#include <criterion/criterion.h>

#include "ticket/range.h"

Test(range, take_hands_out_the_front_and_keeps_the_rest)
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
