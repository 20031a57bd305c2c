#include <criterion/criterion.h>

#include "state/classes.h"

static struct classes classes;

static void
end(void)
{
	classes_free(&classes);
}

TestSuite(classes, .fini = end);

static void
raise(uint64_t first, uint64_t increment, uint32_t count)
{
	struct ticket_range bases = {first, increment, count};

	classes_raise(&classes, &bases);
}

static bool
reach(uint64_t first, uint64_t increment, uint32_t count)
{
	struct ticket_range bases = {first, increment, count};
	uint64_t highest;

	return classes_cover_any(&classes, &bases, &highest);
}

Test(classes, zeroed_classes_know_no_base)
{
	cr_assert_not(reach(1, 1, 1000000));
	cr_assert_eq(classes_top(&classes), 0);
}

Test(classes, a_base_at_or_below_the_highest_is_reached)
{
	raise(2, 1, 100);
	cr_assert(reach(101, 1, 1));
	cr_assert(reach(2, 1, 1));
	cr_assert(reach(50, 1, 1000));
	cr_assert_not(reach(102, 1, 1));
	cr_assert_eq(classes_top(&classes), 101);
}

Test(classes, each_class_has_its_own_highest_base)
{
	raise(1001, 2, 10);
	raise(2, 2, 1);
	cr_assert(reach(1019, 2, 1));
	cr_assert(reach(2, 2, 1));
	cr_assert_not(reach(4, 2, 1));
	cr_assert_not(reach(1021, 2, 1));
	cr_assert(reach(1020, 1, 2) == false);
	cr_assert(reach(1000, 1, 2), "1001 is known");
}

/* With any increments a range is reached if and only if it is at or below a base of its class. */
Test(classes, changing_increments_forget_no_base)
{
	static const struct ticket_range ranges[] = {
		{10, 1, 5}, {20, 2, 7},	 {31, 2, 3},  {40, 3, 9},
		{90, 5, 4}, {111, 4, 6}, {140, 1, 1},
	};
	uint64_t given[200];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
		raise(ranges[i].first, ranges[i].increment, ranges[i].count);
		for (uint32_t k = 0; k < ranges[i].count; k++)
			given[count++] = ranges[i].first + ranges[i].increment * k;
		for (size_t k = 0; k < count; k++)
			for (uint64_t increment = 1; increment < 8; increment++)
				cr_assert(reach(given[k], increment, 3));
	}
	cr_assert_eq(classes.step, 60);
	cr_assert_not(reach(141, 1, 1000));
}

Test(classes, too_many_classes_become_one_which_refuses_more)
{
	raise(5000, 2, 1);
	raise(11, 1023, 1);
	cr_assert_eq(classes.step, 1);
	cr_assert(reach(4999, 2, 1));
	cr_assert_not(reach(5001, 2, 1));
	raise(6001, 2, 1);
	cr_assert_eq(classes.step, 2);
	cr_assert(reach(5000, 2, 1));
	cr_assert_not(reach(5002, 2, 1));
}

Test(classes, the_top_of_a_residue_is_the_highest_of_its_classes)
{
	cr_assert_eq(classes_top_of(&classes, 2, 1), 0);
	raise(1001, 2, 1);
	raise(500, 2, 1);
	cr_assert_eq(classes_top_of(&classes, 2, 1), 1001);
	cr_assert_eq(classes_top_of(&classes, 2, 0), 500);
	cr_assert_eq(classes_top_of(&classes, 1, 0), 1001);
	cr_assert_eq(classes_top_of(&classes, 3, 0), 1001, "with another step it may be any");
	cr_assert_eq(classes_top_of(&classes, 4, 2), 500);
	raise(604, 4, 1);
	cr_assert_eq(classes_top_of(&classes, 2, 0), 604);
	cr_assert_eq(classes_top_of(&classes, 4, 2), 500);
}

Test(classes, setting_a_residue_keeps_the_other_classes)
{
	raise(1001, 2, 1);
	classes_set(&classes, 3, 1, 7);
	cr_assert_eq(classes.step, 6);
	for (uint64_t i = 0; i < 6; i++)
		cr_assert_eq(classes.highest[i], i % 3 == 1 ? 7 : i % 2 == 1 ? 1001 : 0);
}

Test(classes, a_copy_is_the_same)
{
	struct classes copy = {0};

	raise(1001, 2, 10);
	classes_copy(&copy, &classes);
	cr_assert_eq(copy.step, 2);
	cr_assert_eq(copy.highest[1], 1019);
	raise(1021, 6, 1);
	classes_copy(&copy, &classes);
	cr_assert_eq(copy.step, 6);
	cr_assert_eq(copy.highest[1021 % 6], 1021);
	cr_assert_eq(copy.highest[1019 % 6], 1019);
	classes_free(&copy);
}
