#include <criterion/criterion.h>

#include "base/attributes.h"
#include "ticket/space.h"

static const struct ticket_space example = {10, 3, 326};

Test(space, tickets_follow_the_arithmetic_of_tickr)
{
	static const struct {
		uint64_t base;
		uint64_t ticket;
	} cases[] = {{2, 329}, {3, 339}, {4, 349}, {5, 359}, {42, 729}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t ticket, base;

		cr_assert(space_ticket(&example, cases[i].base, &ticket));
		cr_assert_eq(ticket, cases[i].ticket);
		cr_assert(space_base(&example, ticket, &base));
		cr_assert_eq(base, cases[i].base);
	}
}

Test(space, bases_below_the_first_have_no_ticket)
{
	uint64_t ticket;

	cr_assert_not(space_ticket(&example, 0, &ticket));
	cr_assert_not(space_ticket(&example, 1, &ticket));
}

Test(space, numbers_of_other_nodes_have_no_base)
{
	uint64_t base;

	cr_assert_not(space_base(&example, 328, &base));
	cr_assert_not(space_base(&example, 330, &base));
	cr_assert_not(space_base(&example, 326, &base));
	cr_assert_not(space_base(&example, (uint64_t)INT64_MAX + 1, &base));
}

Test(space, the_last_ticket_is_2_to_the_63_less_1)
{
	struct ticket_space space = {1, 0, 0};
	uint64_t ticket;

	cr_assert(space_ticket(&space, (uint64_t)INT64_MAX + 2, &ticket));
	cr_assert_eq(ticket, INT64_MAX);
	cr_assert_not(space_ticket(&space, (uint64_t)INT64_MAX + 3, &ticket));
	cr_assert_not(space_ticket(&space, UINT64_MAX, &ticket));
}

Test(space, overflow_is_refused)
{
	struct ticket_space wide = {SPACE_MOST_NODES, SPACE_MOST_NODES - 1, INT64_MAX};
	struct ticket_range bases = {2, 1, 2}, tickets;
	uint64_t ticket;

	cr_assert_not(space_ticket(&wide, 2, &ticket));
	cr_assert_not(space_ticket(&wide, UINT64_MAX, &ticket));
	cr_assert_not(space_tickets(&wide, &bases, &tickets));
}

Test(space, a_range_of_bases_is_a_range_of_tickets)
{
	struct ticket_range bases = {2, 2, 20}, tickets;

	cr_assert(space_tickets(&example, &bases, &tickets));
	cr_assert_eq(tickets.first, 329);
	cr_assert_eq(tickets.increment, 20);
	cr_assert_eq(tickets.count, 20);
}

Test(space, a_range_that_ends_outside_is_refused_whole)
{
	struct ticket_space space = {1, 0, 0};
	struct ticket_range inside = {INT64_MAX, 1, 3}, outside = {INT64_MAX, 1, 4}, tickets;

	cr_assert(space_tickets(&space, &inside, &tickets));
	cr_assert_not(space_tickets(&space, &outside, &tickets));
}

Test(space, the_count_of_tickets_left_shrinks_to_zero)
{
	struct ticket_space space = {1, 0, INT64_MAX - 10};

	cr_assert_eq(space_left(&space, 1), 11);
	cr_assert_eq(space_left(&space, 2), 10);
	cr_assert_eq(space_left(&space, 12), 0);
	cr_assert_eq(space_left(&space, UINT64_MAX), 0);
	cr_assert_eq(space_left(&(struct ticket_space){10, 9, INT64_MAX}, 1), 0);
}

Test(space, an_increment_beyond_64_bits_is_refused)
{
	struct ticket_range bases = {2, UINT64_MAX / 2, 1}, tickets;

	cr_assert_not(space_tickets(&example, &bases, &tickets));
}

Test(space, a_range_below_the_first_base_or_beyond_64_bits_is_refused)
{
	struct ticket_range below = {1, 1, 2}, beyond = {UINT64_MAX, 1, 2}, tickets;

	cr_assert_not(space_tickets(&example, &below, &tickets));
	cr_assert_not(space_tickets(&example, &beyond, &tickets));
}

/* Each ticket belongs to exactly one node. */
Test(space, the_nodes_share_the_numbers_without_overlap)
{
	uint64_t expected = 326;

	for (uint64_t base = 2; base < 50; base++)
		for (uint64_t node = 0; node < 10; node++) {
			struct ticket_space space = {10, node, 326};
			uint64_t ticket;

			cr_assert(space_ticket(&space, base, &ticket));
			cr_assert_eq(ticket, expected++);
		}
}

/* A sequence without nodes uses the same arithmetic. */
Test(space, plain_numbers_from_1_are_a_space_too)
{
	static const struct ticket_space plain = {1, 0, 1};
	static const struct ticket_range bases = {SPACE_FIRST_BASE, 1, 1000};
	struct ticket_range numbers;
	uint64_t last;

	cr_assert(space_tickets(&plain, &bases, &numbers));
	cr_assert_eq(numbers.first, 1);
	cr_assert_eq(numbers.increment, 1);
	cr_assert_eq(numbers.count, 1000);
	cr_assert(space_ticket(&plain, space_last_base(&plain), &last));
	cr_assert_eq(last, SPACE_LAST_TICKET);
}

Test(space, the_inverse_holds_to_the_very_end)
{
	static const struct ticket_space spaces[] = {{1, 0, 0},
						     {1, 0, INT64_MAX},
						     {10, 9, 326},
						     {SPACE_MOST_NODES, SPACE_MOST_NODES - 1, 1}};

	for (size_t i = 0; i < ARRAY_LENGTH(spaces); i++) {
		uint64_t last = SPACE_FIRST_BASE - 1 + space_left(&spaces[i], 0);
		uint64_t ticket, base;

		cr_assert(space_ticket(&spaces[i], last, &ticket));
		cr_assert(space_base(&spaces[i], ticket, &base));
		cr_assert_eq(base, last);
		cr_assert_not(space_ticket(&spaces[i], last + 1, &ticket));
		cr_assert_eq(space_left(&spaces[i], last), 0);
	}
}

Test(space, at_the_end_the_first_bases_have_tickets)
{
	uint64_t last = space_last_base(&example);
	struct {
		struct ticket_range bases;
		uint32_t count;
	} cases[] = {
		{{2, 1, 5}, 5},		{{last - 4, 1, 5}, 5},
		{{last - 3, 1, 5}, 4},	{{last - 4, 3, 5}, 2},
		{{last, 1, 100000}, 1}, {{last + 1, 1, 5}, 0},
		{{1, 1, 5}, 0},		{{UINT64_MAX, UINT64_MAX, 5}, 0},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		cr_assert_eq(space_count(&example, &cases[i].bases), cases[i].count, "case %zu", i);
}

Test(space, spaces_are_equal_only_in_all_three_numbers)
{
	static const struct ticket_space others[] = {{11, 3, 326}, {10, 4, 326}, {10, 3, 327}};

	cr_assert(space_equals(&example, &(struct ticket_space){10, 3, 326}));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		cr_assert_not(space_equals(&example, &others[i]));
}

/* --- named sequences ----------------------------------------------------------------------------- */

Test(space, numbers_of_a_sequence_become_ids_that_no_other_node_has)
{
	static const struct {
		struct ticket_space space;
		struct ticket_range numbers, ids;
	} cases[] = {
		{{1, 0, 1}, {1, 1, 3}, {1, 1, 3}},
		{{1, 0, 1}, {INT64_MAX, 1, 1}, {INT64_MAX, 1, 1}},
		{{10, 0, 1}, {1, 1, 2}, {1, 10, 2}},
		{{10, 3, 1}, {1, 1, 2}, {4, 10, 2}},
		{{10, 9, 1}, {7, 1, 1}, {70, 10, 1}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ticket_range ids;

		cr_assert(space_ids(&cases[i].space, &cases[i].numbers, &ids), "case %zu", i);
		cr_assert_eq(ids.first, cases[i].ids.first, "case %zu", i);
		cr_assert_eq(ids.increment, cases[i].ids.increment, "case %zu", i);
		cr_assert_eq(ids.count, cases[i].ids.count, "case %zu", i);
		cr_assert_eq(space_id_up_to(&cases[i].space, cases[i].numbers.first), ids.first);
	}
}

Test(space, a_number_without_an_id_is_refused)
{
	static const struct ticket_space one = {1, 0, 1}, ten = {10, 9, 1};
	struct ticket_range ids;

	cr_assert_not(space_ids(&one, &(struct ticket_range){0, 1, 1}, &ids));
	cr_assert_not(space_ids(&one, &(struct ticket_range){INT64_MAX, 1, 2}, &ids));
	cr_assert_not(space_ids(&one, &(struct ticket_range){UINT64_MAX, 1, 1}, &ids));
	cr_assert_not(space_ids(&ten, &(struct ticket_range){1ull << 62, 1, 1}, &ids));
}

Test(space, a_number_beyond_the_last_id_counts_as_the_last)
{
	static const struct ticket_space one = {1, 0, 1}, ten = {10, 9, 1};

	cr_assert_eq(space_id_up_to(&one, 1ull << 62), 1ull << 62);
	cr_assert_eq(space_id_up_to(&one, UINT64_MAX), INT64_MAX);
	cr_assert_eq(space_id_up_to(&ten, 1ull << 62), INT64_MAX / 10 * 10);
}
