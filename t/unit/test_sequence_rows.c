#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "store/sequence_rows.h"

static char memory[512];
static struct text reason;

static void
begin(void)
{
	reason = TEXT_OVER(memory);
}

TestSuite(sequence_rows, .init = begin);

/* Rows as a database returns them for one move of 3 by a guest. */
static enum store_result
result_of(const struct sequence_row *rows, size_t count, struct ticket_range *bases,
	  uint64_t *newest)
{
	struct store_move move = {.name = "a", .name_len = 1, .count = 3};
	struct store_order order = {.count = 3, .moves = &move, .moves_count = 1};
	struct sequence_rows taken;
	enum store_result result = sequence_rows_begin(&taken, &order, &reason);

	for (size_t i = 0; i < count; i++)
		sequence_rows_take(&taken, &rows[i]);
	if (result == STORE_OK)
		result = sequence_rows_end(&taken, bases, &reason);
	*newest = move.newest;
	return result;
}

#define ROW(number)                                            \
	{                                                      \
		.name = "a", .name_len = 1, .newest = (number) \
	}
#define CLOCK(number, all_raised)                                                           \
	{                                                                                   \
		.name = SEQUENCE_CLOCK, .name_len = SEQUENCE_CLOCK_LEN, .newest = (number), \
		.has_raised = true, .raised = (all_raised)                                  \
	}

Test(sequence_rows, a_number_is_the_row_and_all_that_was_raised)
{
	static const struct sequence_row rows[] = {CLOCK(1013, 1000), ROW(5)};
	struct ticket_range bases;
	uint64_t newest;

	cr_assert_eq(result_of(rows, 2, &bases, &newest), STORE_OK, "%s", memory);
	cr_assert_eq(newest, 1005);
	cr_assert_eq(bases.first, 1011);
	cr_assert_eq(bases.count, 3);
}

Test(sequence_rows, the_highest_numbers_do_not_overflow)
{
	static const struct sequence_row rows[] = {ROW(INT64_MAX), CLOCK(INT64_MAX, INT64_MAX)};
	struct ticket_range bases;
	uint64_t newest, ignored;

	cr_assert_eq(result_of(rows, 2, &bases, &newest), STORE_OK, "%s", memory);
	cr_assert_eq(newest, UINT64_MAX - 1);
	cr_assert_not(sequence_rows_number(UINT64_MAX, 1, &ignored));
}

Test(sequence_rows, rows_that_the_statement_cannot_have_left_are_refused)
{
	static const struct {
		struct sequence_row rows[3];
		size_t count;
	} cases[] = {
		{{ROW(5)}, 1},			     /* no clock */
		{{CLOCK(9, 0)}, 1},		     /* no sequence */
		{{ROW(5), ROW(8), CLOCK(9, 0)}, 3},  /* twice */
		{{ROW(2), CLOCK(9, 0)}, 2},	     /* lower than its count */
		{{ROW(3), CLOCK(3, 0)}, 2},	     /* the clock is */
		{{ROW(1ull << 63), CLOCK(9, 0)}, 2}, /* negative */
		{{ROW(5), CLOCK(1ull << 63, 0)}, 2}, /* the clock is */
		{{{.name = "b", .name_len = 1, .newest = 5}, CLOCK(9, 0)}, 2}, /* another one */
		{{ROW(5), {.name = SEQUENCE_CLOCK, .name_len = SEQUENCE_CLOCK_LEN, .newest = 9}},
		 2},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ticket_range bases = {0};
		uint64_t newest;

		text_clear(&reason);
		cr_assert_eq(result_of(cases[i].rows, cases[i].count, &bases, &newest),
			     STORE_REFUSED, "case %zu", i);
		cr_assert_gt(reason.len, 0);
		cr_assert_eq(bases.count, 0);
	}
}

Test(sequence_rows, a_jump_ends_before_the_end_of_the_clock)
{
	static const struct {
		uint64_t newest, raised, clock, number;
		enum store_result result;
		uint64_t distance;
	} cases[] = {
		{0, 0, 1, 99, STORE_OK, 99},
		{5, 10, 1, 15, STORE_OK, 0},
		{5, 10, 1, 16, STORE_OK, 1},
		{5, 10, 1, 3, STORE_OK, 0},
		{0, 0, 1, SEQUENCE_MOST_JUMP, STORE_OK, SEQUENCE_MOST_JUMP},
		{0, 0, 1, SEQUENCE_MOST_JUMP + 1, STORE_TOO_LARGE, 0},
		{0, 0, (1ull << 62) - 7, 7, STORE_OK, 7},
		{0, 0, (1ull << 62) - 7, 8, STORE_TOO_LARGE, 0},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t distance = 1;

		cr_assert_eq(sequence_rows_jump(cases[i].newest, cases[i].raised, cases[i].clock,
						cases[i].number, &distance, &reason),
			     cases[i].result, "case %zu", i);
		cr_assert_eq(distance, cases[i].distance, "case %zu", i);
	}
}

Test(sequence_rows, a_raise_is_reckoned_from_where_the_copy_was)
{
	static const struct store_instance old = {.count = 4, .seen = 100};
	static const struct store_instance none = {.count = 0, .seen = 100};
	static const struct store_instance wrong = {.count = 4, .seen = 900};

	uint64_t seen;

	cr_assert_eq(sequence_rows_raise(500, 450, &old, &seen), 400,
		     "others carried the copy on to 450");
	cr_assert_eq(seen, 500, "a second raise to 600 must be 100 long, though the clock is 850");
	cr_assert_eq(sequence_rows_raise(500, 450, &none, &seen), 500,
		     "the copy is older than the row");
	cr_assert_eq(seen, 500);
	cr_assert_eq(sequence_rows_raise(500, 450, &wrong, &seen), 50,
		     "no clock was above the present one");
	cr_assert_eq(seen, 500);
	cr_assert_eq(sequence_rows_raise(90, 450, &old, &seen), 0);
	cr_assert_eq(seen, 100);
}
