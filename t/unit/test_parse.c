#include <criterion/criterion.h>
#include <string.h>

#include "base/parse.h"

Test(parse, digits_up_to_the_most_are_a_number)
{
	static const struct {
		const char *text;
		uint64_t most;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"7", 7, 7},
		{"007", 7, 7},
		{"65535", 65535, 65535},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX},
		{"00000000000000000000000000000000000001", 1, 1},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t value = 99;

		cr_assert(parse_number(cases[i].text, strlen(cases[i].text), cases[i].most, &value),
			  "%s", cases[i].text);
		cr_assert_eq(value, cases[i].value, "%s", cases[i].text);
	}
}

Test(parse, other_text_is_not_a_number_and_changes_nothing)
{
	static const struct {
		const char *text;
		uint64_t most;
	} cases[] = {
		{"", 9},
		{"8", 7},
		{"+3", 9},
		{"-3", 9},
		{" 3", 9},
		{"3 ", 9},
		{"3\n", 9},
		{"5.5", 9},
		{"0x5", 9},
		{"1e1", UINT64_MAX},
		{"abc", 9},
		{"18446744073709551616", UINT64_MAX},
		{"99999999999999999999", UINT64_MAX},
		{"123456789012345678901234567890", UINT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t value = 99;

		cr_assert_not(
			parse_number(cases[i].text, strlen(cases[i].text), cases[i].most, &value),
			"%s", cases[i].text);
		cr_assert_eq(value, 99, "%s", cases[i].text);
	}
}

Test(parse, a_number_is_exactly_its_length_of_bytes)
{
	uint64_t value;

	cr_assert(parse_number("123abc", 3, 999, &value));
	cr_assert_eq(value, 123);
	cr_assert_not(parse_number("12\0003", 4, 999, &value));
}

Test(parse, seconds_have_up_to_three_decimals)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{"0", 0},	 {"2", 2000},	    {"0.25", 250},
		{"0.001", 1},	 {"1.5", 1500},	    {"10.0", 10000},
		{"2.050", 2050}, {"3600", 3600000}, {"3600.000", 3600000},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t ms = 99;

		cr_assert(parse_seconds(cases[i].text, 3600000, &ms), "%s", cases[i].text);
		cr_assert_eq(ms, cases[i].ms, "%s", cases[i].text);
	}
}

Test(parse, other_text_is_not_seconds_and_changes_nothing)
{
	static const char *const cases[] = {
		"",
		".",
		"1.",
		".5",
		"1.2345",
		"1.2.3",
		"-1",
		"+1",
		"1s",
		"1 ",
		" 1",
		"1,5",
		"1e3",
		"0x1",
		"3600.001",
		"3601",
		"inf",
		"nan",
		"1.-5",
		"1.+5",
		"18446744073709551615",
		"18446744073709551616",
		"18446744073709551.616",
		"99999999999999999999999999999999",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t ms = 99;

		cr_assert_not(parse_seconds(cases[i], 3600000, &ms), "%s", cases[i]);
		cr_assert_eq(ms, 99, "%s", cases[i]);
	}
}

Test(parse, the_longest_seconds_do_not_wrap)
{
	uint64_t ms = 99;

	cr_assert_not(parse_seconds("18446744073709551", UINT64_MAX, &ms));
	cr_assert(parse_seconds("18446744073709549.999", UINT64_MAX, &ms));
	cr_assert_eq(ms, UINT64_C(18446744073709549999));
}
