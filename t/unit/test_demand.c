#include <criterion/criterion.h>

#include "ticket/demand.h"

/* RATE tickets a second, one at a time, for MS from *NOW_MS on. */
static void
use(struct demand *demand, uint64_t rate, uint64_t ms, uint64_t *now_ms)
{
	for (uint64_t i = 0; i < ms; i++)
		demand_note(demand, rate / 1000, (*now_ms)++);
}

Test(demand, at_first_there_is_none)
{
	struct demand demand = {0};

	cr_assert_eq(demand_rate(&demand, 1000000), 0);
}

Test(demand, a_steady_rate_is_known)
{
	struct demand demand = {0};
	uint64_t now_ms = 1000000;

	use(&demand, 20000, 1000, &now_ms);
	cr_assert_geq(demand_rate(&demand, now_ms), 19000);
	cr_assert_leq(demand_rate(&demand, now_ms), 21000);
}

Test(demand, it_rises_within_two_windows_and_falls_in_a_second_or_two)
{
	struct demand demand = {0};
	uint64_t now_ms = 1000000;

	use(&demand, 1000, 1000, &now_ms);
	use(&demand, 50000, 201, &now_ms);
	cr_assert_geq(demand_rate(&demand, now_ms), 45000);
	use(&demand, 1000, 400, &now_ms);
	cr_assert_geq(demand_rate(&demand, now_ms), 20000, "a short pause is no reason to forget");
	use(&demand, 1000, 3000, &now_ms);
	cr_assert_leq(demand_rate(&demand, now_ms), 2500);
}

Test(demand, silence_is_noticed_when_the_rate_is_read)
{
	struct demand demand = {0};
	uint64_t now_ms = 1000000;

	use(&demand, 50000, 1000, &now_ms);
	cr_assert_leq(demand_rate(&demand, now_ms + 10000), 500);
	cr_assert_eq(demand_rate(&demand, now_ms + 20000), 0);
}

Test(demand, clocks_that_lag_a_little_do_no_harm)
{
	struct demand demand = {0};
	uint64_t now_ms = 1000000;

	use(&demand, 10000, 1000, &now_ms);
	demand_note(&demand, 10, now_ms - 500);
	cr_assert_leq(demand_rate(&demand, now_ms - 500), 11000);
}
