#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "memory_kit.h"

#define ID "0123456789abcdef0123456789abcdef"

/* The promises of the seam are in t/sequences. Here: the faults that a script can make. */
static struct store_session *session;

static void
begin(void)
{
	memory_begin(&memory_sequences_store);
	cr_assert_eq(memory_sequences_store.open(&settings, &session, &reason), STORE_OK);
}

static void
end(void)
{
	memory_sequences_store.close(session);
	memory_end(&memory_sequences_store);
}

TestSuite(memory_sequences, .init = begin, .fini = end);

/* Move the sequence NAME as the instance ID, which knows KNOWN. */
static enum store_result
move(const char *name, uint32_t count, uint64_t known, uint64_t *newest, uint64_t *found)
{
	struct store_instance row = {.id = ID, .count = known}, after = {.count = 0};
	struct store_move moved = {.name = name, .name_len = (uint8_t)strlen(name), .count = count};
	struct store_order order = {
		.count = count, .moves = &moved, .moves_count = 1, .known = &row, .found = &after};
	struct ticket_range clock;
	enum store_result result = memory_sequences_store.reserve(session, &order, &clock, &reason);

	*newest = moved.newest;
	*found = after.count;
	return result;
}

static uint64_t
newest_of(const char *name, uint32_t count)
{
	uint64_t newest, found;

	cr_assert_eq(move(name, count, 0, &newest, &found), STORE_OK);
	return newest;
}

Test(memory_sequences, failures_come_as_the_script_says)
{
	static const struct {
		enum store_result failure;
		bool loses_after;
		uint64_t newest; /* after six moves of one, each third a failure */
	} cases[] = {
		{STORE_BUSY, false, 4},
		{STORE_LOST, false, 4},
		{STORE_LOST, true, 6},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char name[] = {'f', (char)('0' + i), '\0'};
		uint64_t newest, found, last = 0;

		script.sequences.statements = 0;
		script.sequences.fail_every = 3;
		script.sequences.failure = cases[i].failure;
		script.sequences.loses_after = cases[i].loses_after;
		for (unsigned n = 1; n <= 6; n++) {
			enum store_result expected = n % 3 == 0 ? cases[i].failure : STORE_OK;

			cr_assert_eq(move(name, 1, 0, &newest, &found), expected);
			last = n % 3 == 0 ? last : newest;
		}
		script.sequences.fail_every = 0;
		cr_assert_eq(newest_of(name, 1), cases[i].newest + 1);
		cr_assert_leq(last, cases[i].newest);
	}
}

Test(memory_sequences, a_copy_has_older_rows_as_often_as_wanted)
{
	uint64_t newest, found, clock;

	cr_assert_eq(move("a", 5, 0, &newest, &found), STORE_OK);
	cr_assert_eq(found, 1);
	memory_sequences_keep_copy(&script.sequences);
	clock = memory_sequences_clock(&script.sequences);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(move("a", 5, 1, &newest, &found), STORE_OK);
		cr_assert_eq(newest, 10);
		cr_assert_eq(found, 2);
		cr_assert_eq(newest_of("later", 1), 1);
		memory_sequences_restore_copy(&script.sequences);
		cr_assert_eq(memory_sequences_clock(&script.sequences), clock);
	}
	cr_assert_eq(move("a", 5, 3, &newest, &found), STORE_OK);
	cr_assert_eq(found, 1, "the copy is seen");
}

Test(memory_sequences, a_replica_that_lags_reads_the_copy_and_confirms_the_truth)
{
	uint64_t read, confirmed, truth;

	memory_sequences_keep_copy(&script.sequences);
	(void)newest_of("a", 9);
	truth = memory_sequences_clock(&script.sequences);
	script.sequences.is_stale = true;
	cr_assert_eq(memory_sequences_store.newest(session, &read, &reason), STORE_OK);
	cr_assert_eq(memory_sequences_store.confirm(session, &confirmed, &reason), STORE_OK);
	cr_assert_eq(read, truth - 9);
	cr_assert_eq(confirmed, truth);
	cr_assert_eq(memory_sequences_clock(&script.sequences), truth);
}

Test(memory_sequences, a_broken_store_repeats_numbers)
{
	script.sequences.repeat_every = 2;
	cr_assert_eq(newest_of("a", 3), 3);
	cr_assert_eq(newest_of("a", 3), 3);
	cr_assert_eq(newest_of("a", 3), 6);
}

Test(memory_sequences, a_broken_store_leaps_ahead_of_the_clock)
{
	uint64_t clock = memory_sequences_clock(&script.sequences);

	script.sequences.leap_every = 1;
	cr_assert_eq(newest_of("a", 3), 6);
	cr_assert_eq(newest_of("a", 3), 12);
	cr_assert_eq(memory_sequences_clock(&script.sequences), clock + 6);
}
