#include <criterion/criterion.h>

#include "pool/distinct.h"
#include "pool/paces.h"

static struct sequence sequences[2 * STORE_MOST_MOVES];
static struct distinct distinct;
static struct paces paces;

Test(distinct, sequences_are_numbered_as_they_come)
{
	unsigned number;

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < STORE_MOST_MOVES; i++) {
			cr_assert(distinct_add(&distinct, &sequences[i], &number));
			cr_assert_eq(number, i);
		}
	cr_assert_eq(distinct.count, STORE_MOST_MOVES);
}

Test(distinct, no_more_than_a_statement_moves_have_room)
{
	unsigned number;

	for (unsigned i = 0; i < STORE_MOST_MOVES; i++)
		cr_assert(distinct_add(&distinct, &sequences[i], &number));
	cr_assert_not(distinct_add(&distinct, &sequences[STORE_MOST_MOVES], &number));
	cr_assert(distinct_add(&distinct, &sequences[3], &number));
	cr_assert_eq(number, 3);
	distinct_clear(&distinct);
	cr_assert(distinct_add(&distinct, &sequences[STORE_MOST_MOVES], &number));
	cr_assert_eq(number, 0);
}

static bool
note(unsigned sequence, uint64_t newest, uint32_t count, uint64_t clock)
{
	const struct store_move move = {
		.sequence = &sequences[sequence], .newest = newest, .count = count};

	return paces_note(&paces, &move, clock);
}

Test(paces, a_sequence_may_rise_as_fast_as_its_clock)
{
	cr_assert(note(0, 10, 5, 100));
	cr_assert(note(0, 15, 5, 105));
	cr_assert(note(0, 16, 1, 200), "others moved the clock");
	cr_assert(note(0, 1000016, 1, 1000200), "a raise moves both");
}

Test(paces, one_that_outruns_its_clock_is_noticed)
{
	cr_assert(note(0, 10, 5, 100));
	cr_assert_not(note(0, 20, 5, 105));
}

Test(paces, numbers_that_come_again_are_noticed)
{
	cr_assert(note(0, 10, 5, 100));
	cr_assert_not(note(0, 10, 5, 105));
	cr_assert_not(note(0, 12, 5, 110), "some of them");
}

Test(paces, statements_may_be_noted_out_of_their_order)
{
	cr_assert(note(0, 20, 5, 110));
	cr_assert(note(0, 15, 5, 105));
	cr_assert(note(0, 25, 5, 115));
	cr_assert_not(note(0, 25, 5, 115), "but not twice");
}

Test(paces, after_a_raise_the_clock_is_no_measure_but_numbers_never_come_again)
{
	cr_assert(note(0, 20, 5, 110));
	paces_note_raise(&paces);
	cr_assert(note(0, 15, 5, 105), "a statement from before the raise");
	cr_assert_not(note(0, 10, 5, 300), "somebody lowered the row");
	cr_assert_not(note(0, 24, 5, 305));
	paces_note_raise(&paces);
	cr_assert(note(0, 500, 5, 310));
	cr_assert_not(note(0, 600, 5, 320), "from now on the new clock is the measure");
}
