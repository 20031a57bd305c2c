#include <criterion/criterion.h>

#include "directory/quota.h"

/* How many names may be made at NOW_MS. */
static unsigned
make_all(struct quota *quota, uint64_t now_ms)
{
	unsigned made = 0;

	while (quota_make(quota, now_ms) == QUOTA_GRANTED)
		made++;
	return made;
}

Test(quota, so_many_names_are_made_in_a_second_and_no_more)
{
	struct quota quota;
	unsigned made = 0;

	quota_init(&quota, 100000, 100);
	cr_assert_eq(make_all(&quota, 1000000), 100);
	cr_assert_eq(quota_make(&quota, 1000000), QUOTA_TOO_FAST);
	for (uint64_t ms = 1; ms <= 10000; ms++)
		made += make_all(&quota, 1000000 + ms);
	cr_assert_eq(made, 1000);
	cr_assert_eq(make_all(&quota, 9000000), 100, "a long rest allows no more than a second's");
}

Test(quota, one_a_second_is_one_a_second)
{
	struct quota quota;
	unsigned made = 0;

	quota_init(&quota, 1000, 1);
	for (uint64_t ms = 0; ms < 10000; ms += 7)
		made += make_all(&quota, 5000 + ms);
	cr_assert_eq(made, 10);
}

Test(quota, older_clocks_of_other_threads_bring_nothing)
{
	struct quota quota;

	quota_init(&quota, 1000, 10);
	cr_assert_eq(make_all(&quota, 5000), 10);
	cr_assert_eq(make_all(&quota, 4000), 0);
	cr_assert_eq(make_all(&quota, 5000), 0);
	cr_assert_eq(make_all(&quota, 5100), 1);
}

Test(quota, no_name_is_made_if_the_most_are_live_or_twice_as_many_known)
{
	struct quota quota;
	uint32_t known, live;

	quota_init(&quota, 5, 1000);
	cr_assert_eq(make_all(&quota, 1000), 5);
	cr_assert_eq(quota_make(&quota, 1000), QUOTA_FULL);
	quota_retire(&quota);
	cr_assert_eq(make_all(&quota, 1000), 1, "a retired name does not count");
	for (unsigned i = 6; i < 10; i++)
		quota_learn(&quota); /* those of the database may be more */
	quota_read(&quota, &known, &live);
	cr_assert_eq(known, 10);
	cr_assert_eq(live, 9);
	for (unsigned i = 0; i < 9; i++)
		quota_retire(&quota);
	cr_assert_eq(quota_make(&quota, 1000), QUOTA_FULL, "retired ones fill no more memory");
}
