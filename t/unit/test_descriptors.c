#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attributes.h"
#include "loop/descriptors.h"

Test(descriptors, clients_get_all_but_the_reserve)
{
	static const struct {
		uint64_t limit, in_use, reserve, connections;
		bool is_short;
	} cases[] = {
		{1024, 24, 100, 900, false},
		{1024, 24, 936, 64, false},
		{1024, 24, 937, 64, true}, /* the reserve is cut, so that some clients are served */
		{1024, 24, 5000, 64, true},
		{148, 20, 100, 64, true},
		{40, 20, 50, 10, true}, /* each side has half of the free ones */
		{20, 20, 50, 1, true},
		{20, 30, 50, 1, true},
		{UINT64_MAX, 20, 50, UINT64_MAX - 70, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool is_short;
		uint64_t connections = descriptors_for_connections(cases[i].limit, cases[i].in_use,
								   cases[i].reserve, &is_short);

		cr_assert_eq(connections, cases[i].connections, "case %zu: %lu", i, connections);
		cr_assert_eq(is_short, cases[i].is_short, "case %zu", i);
	}
}

Test(descriptors, descriptors_in_use_are_counted)
{
	uint64_t before = descriptors_in_use();
	int one = open("/dev/null", O_RDONLY), two = dup(one);

	cr_assert_geq(before, 3);
	cr_assert_eq(descriptors_in_use(), before + 2);
	close(one); /* a hole below the other */
	cr_assert_eq(descriptors_in_use(), before + 1);
	close(two);
	cr_assert_eq(descriptors_in_use(), before);
}

Test(descriptors, the_limit_is_raised_as_far_as_allowed)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 100;
	limit.rlim_max = 200;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(descriptors_raise_limit(), 200);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(limit.rlim_cur, 200);
}

Test(descriptors, the_last_connection_stops_accepting_and_a_close_makes_room)
{
	struct connection_limit limit = {.most = 2};

	cr_assert(connection_limit_enter(&limit));
	cr_assert_not(connection_limit_enter(&limit));
	cr_assert_not(connection_limit_has_room(&limit));
	cr_assert_not(connection_limit_enter(&limit)); /* of another loop */
	connection_limit_leave(&limit);
	cr_assert_not(connection_limit_has_room(&limit));
	connection_limit_leave(&limit);
	cr_assert(connection_limit_has_room(&limit));
}

Test(descriptors, the_limit_is_reported_once_until_a_sixteenth_is_closed)
{
	struct connection_limit limit = {.most = 32, .open = 32};
	uint64_t since_ms;

	cr_assert(connection_limit_is_reached_now(&limit, 5));
	cr_assert_not(connection_limit_is_reached_now(&limit, 6));
	cr_assert_not(connection_limit_is_over_now(&limit, &since_ms));
	limit.open = 30;
	cr_assert_not(connection_limit_is_over_now(&limit, &since_ms));
	limit.open = 29;
	cr_assert(connection_limit_is_over_now(&limit, &since_ms));
	cr_assert_eq(since_ms, 5);
	cr_assert_not(connection_limit_is_over_now(&limit, &since_ms));
	cr_assert(connection_limit_is_reached_now(&limit, 7));
}

Test(descriptors, a_limit_of_one_is_over_when_its_connection_closes)
{
	struct connection_limit limit = {.most = 1};
	uint64_t since_ms;

	cr_assert_not(connection_limit_enter(&limit));
	cr_assert(connection_limit_is_reached_now(&limit, 5));
	connection_limit_leave(&limit);
	cr_assert(connection_limit_is_over_now(&limit, &since_ms));
}

Test(descriptors, refusals_of_the_system_are_over_after_a_second_without_one)
{
	struct connection_limit limit = {.most = 2};
	uint64_t since_ms;

	cr_assert_not(connection_limit_recovers_now(&limit, 100, &since_ms));
	cr_assert(connection_limit_fails_now(&limit, 100));
	cr_assert_not(connection_limit_fails_now(&limit, 600));
	cr_assert_not(connection_limit_recovers_now(&limit, 1599, &since_ms));
	cr_assert(connection_limit_recovers_now(&limit, 1600, &since_ms));
	cr_assert_eq(since_ms, 100);
	cr_assert_not(connection_limit_recovers_now(&limit, 9999, &since_ms));
	cr_assert(connection_limit_fails_now(&limit, 10000));
}
