#include <criterion/criterion.h>

#include "directory/misses.h"

Test(misses, a_name_is_remembered_until_its_time_ends)
{
	struct misses misses = {0};

	cr_assert_null(misses_find(&misses, 7, 1000));
	misses_note(&misses, 7, 2000, false);
	cr_assert_not_null(misses_find(&misses, 7, 1999));
	cr_assert_null(misses_find(&misses, 7, 2000));
	cr_assert_null(misses_find(&misses, 8, 1000));
}

Test(misses, hash_0_is_a_name_like_others)
{
	struct misses misses = {0};

	cr_assert_null(misses_find(&misses, 0, 1000));
	misses_note(&misses, 0, 2000, true);
	cr_assert(misses_find(&misses, 0, 1000)->is_retired);
	misses_forget(&misses, 0);
	cr_assert_null(misses_find(&misses, 0, 1000));
}

Test(misses, a_name_that_is_noted_twice_has_one_place)
{
	struct misses misses = {0};

	misses_note(&misses, 1, 2000, false);
	for (unsigned i = 0; i < 2 * MISSES_MOST; i++)
		misses_note(&misses, 2, 2000 + i, false);
	cr_assert_not_null(misses_find(&misses, 1, 1000));
	misses_note(&misses, 2, 9000, true);
	cr_assert(misses_find(&misses, 2, 8999)->is_retired);
}

Test(misses, the_last_names_are_remembered_and_retired_ones_do_not_fill_it)
{
	struct misses misses = {0};

	for (uint64_t hash = 0; hash < MISSES_MOST; hash++)
		misses_note(&misses, hash, UINT64_MAX, true);
	for (uint64_t hash = 1000; hash < 1000 + MISSES_MOST; hash++)
		misses_note(&misses, hash, 2000, false);
	for (uint64_t hash = 1000; hash < 1000 + MISSES_MOST; hash++)
		cr_assert_not_null(misses_find(&misses, hash, 1000));
	cr_assert_null(misses_find(&misses, 0, 1000));
}
