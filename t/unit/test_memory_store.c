#include <criterion/criterion.h>

#include "base/attributes.h"
#include "memory_kit.h"

static void
begin(void)
{
	memory_begin(&memory_store);
}

static void
end(void)
{
	memory_end(&memory_store);
}

TestSuite(memory_store, .init = begin, .fini = end);

static struct store_session *
open_session(void)
{
	struct store_session *session = NULL;

	cr_assert_eq(memory_store.open(&settings, &session, &reason), STORE_OK);
	return session;
}

Test(memory_store, a_new_counter_begins_at_2)
{
	struct store_session *session = open_session();
	struct ticket_range bases;
	uint64_t newest;

	cr_assert_eq(memory_store.newest(session, &newest, &reason), STORE_OK);
	cr_assert_eq(newest, 1);
	cr_assert_eq(memory_store.reserve(session, STORE_COUNT(3), &bases, &reason), STORE_OK);
	cr_assert_eq(bases.first, 2);
	cr_assert_eq(bases.increment, 1);
	cr_assert_eq(bases.count, 3);
	cr_assert_eq(memory_store.newest(session, &newest, &reason), STORE_OK);
	cr_assert_eq(newest, 4);
	memory_store.close(session);
	cr_assert_eq(script.opened, 1);
	cr_assert_eq(script.closed, 1);
}

Test(memory_store, ranges_of_all_sessions_follow_one_another)
{
	struct store_session *sessions[2] = {open_session(), open_session()};
	uint64_t expected;

	script.increment = 5;
	expected = 6;
	for (uint32_t i = 1; i <= 6; i++) {
		struct ticket_range bases;

		cr_assert_eq(memory_store.reserve(sessions[i % 2], STORE_COUNT(i), &bases, &reason),
			     STORE_OK);
		cr_assert_eq(bases.first, expected);
		cr_assert_eq(bases.increment, 5);
		expected += 5 * i;
	}
	memory_store.close(sessions[0]);
	memory_store.close(sessions[1]);
}

Test(memory_store, reservations_fail_by_the_script)
{
	static const struct {
		enum store_result failure;
		bool loses_after;
		uint64_t newest; /* after six reservations of one, each third a failure */
	} cases[] = {
		{STORE_BUSY, false, 5},
		{STORE_FAILED, false, 5},
		{STORE_LOST, false, 5},
		{STORE_LOST, true, 7},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct store_session *session = open_session();
		struct ticket_range bases;

		script.newest = 1;
		script.reservations = 0;
		script.fail_every = 3;
		script.failure = cases[i].failure;
		script.loses_after = cases[i].loses_after;
		for (unsigned n = 1; n <= 6; n++)
			cr_assert_eq(memory_store.reserve(session, STORE_COUNT(1), &bases, &reason),
				     n % 3 == 0 ? cases[i].failure : STORE_OK);
		cr_assert_eq(script.newest, cases[i].newest);
		cr_assert_gt(reason.len, 0);
		memory_store.close(session);
	}
}

Test(memory_store, opening_fails_by_the_script)
{
	struct store_session *session = NULL;

	script.open_result = STORE_REFUSED;
	cr_assert_eq(memory_store.open(&settings, &session, &reason), STORE_REFUSED);
	cr_assert_null(session);
	cr_assert_gt(reason.len, 0);
	cr_assert_eq(script.opened, 0);
}

Test(memory_store, the_counter_moves_forward_only)
{
	struct store_session *session = open_session();
	uint64_t newest;

	cr_assert_eq(memory_store.advance(session, 41, &reason), STORE_OK);
	cr_assert_eq(memory_store.advance(session, 41, &reason), STORE_OK);
	cr_assert_eq(memory_store.advance(session, 7, &reason), STORE_OK);
	cr_assert_eq(memory_store.newest(session, &newest, &reason), STORE_OK);
	cr_assert_eq(newest, 41);
	memory_store.close(session);
}

static void *
reserve_two(void *arg)
{
	struct store_session *session = open_session();

	cr_assert_eq(memory_store.reserve(session, STORE_COUNT(2), arg, &reason), STORE_OK);
	memory_store.close(session);
	return NULL;
}

Test(memory_store, a_script_may_repeat_bases)
{
	struct ticket_range first, second, third;

	script.repeat_every = 2;
	reserve_two(&first);
	reserve_two(&second);
	reserve_two(&third);
	cr_assert_eq(first.first, 2);
	cr_assert_eq(second.first, 2);
	cr_assert_eq(third.first, 4);
}

static const char *
text_of(const struct store_given *given, const char *variable, size_t database)
{
	(void)given;
	(void)database;
	return strcmp(variable, "TICKR_DATABASE_HOST") == 0 ? "localhost" : "broken";
}

static bool
is_set(const struct store_given *given, const char *variable)
{
	(void)given;
	(void)variable;
	return false;
}

Test(memory_store, parse_makes_a_script)
{
	const struct store_given given = {.text = text_of, .is_set = is_set};
	struct store_settings parsed = {.name = NULL};
	struct memory_script *made;

	memory_store.parse(&given, &parsed, 1);
	made = parsed.own;
	cr_assert_str_eq(parsed.name, "localhost");
	cr_assert(made->is_own);
	cr_assert_eq(made->newest, 1);
	cr_assert_eq(made->repeat_every, MEMORY_BROKEN_EVERY);
	memory_store.forget(&parsed);
	cr_assert_null(parsed.own);
}
