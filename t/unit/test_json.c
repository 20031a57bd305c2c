#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "ticket/json.h"

static void
check_number(uint64_t number)
{
	char expected[32], written[JSON_NUMBER_SIZE + 1];
	size_t len = json_number(written, number);

	snprintf(expected, sizeof(expected), "%" PRIu64, number);
	cr_assert_leq(len, JSON_NUMBER_SIZE);
	written[len] = '\0';
	cr_assert_str_eq(written, expected);
}

Test(json, small_numbers_are_as_printf_writes_them)
{
	for (uint64_t number = 0; number <= 20000; number++)
		check_number(number);
}

Test(json, numbers_around_each_power_are_as_printf_writes_them)
{
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
		for (uint64_t number = power - 1; number <= power + 1; number++)
			check_number(number);
	for (unsigned bit = 0; bit < 64; bit++) {
		check_number((UINT64_C(1) << bit) - 1);
		check_number(UINT64_C(1) << bit);
		check_number((UINT64_C(1) << bit) + 1);
	}
	check_number(UINT64_C(10000000000000000000));
	check_number(INT64_MAX);
	check_number(UINT64_MAX - 1);
	check_number(UINT64_MAX);
}

static void
check_array(struct ticket_range tickets)
{
	char expected[1024] = "[", written[1024];
	size_t at = 1, len;

	for (uint32_t i = 0; i < tickets.count; i++)
		at += (size_t)snprintf(expected + at, sizeof(expected) - at, "%s%" PRIu64,
				       i > 0 ? "," : "", tickets.first + i * tickets.increment);
	expected[at++] = ']';
	expected[at] = '\0';
	cr_assert_lt(json_tickets_size(tickets.count), sizeof(written));
	len = json_tickets(written, &tickets);
	written[len] = '\0';
	cr_assert_str_eq(written, expected);
}

Test(json, arrays_are_a_number_for_each_ticket)
{
	static const struct {
		struct ticket_range tickets;
		const char *json;
	} cases[] = {
		{{54313001, 10, 1}, "[54313001]"},
		{{329, 10, 4}, "[329,339,349,359]"},
		{{0, 1, 3}, "[0,1,2]"},
		{{99, 1, 2}, "[99,100]"},
		{{5, 995, 2}, "[5,1000]"},
		{{9, 99999, 3}, "[9,100008,200007]"},
		{{7, 0, 0}, "[]"},
		{{UINT64_MAX - 1, 1, 2}, "[18446744073709551614,18446744073709551615]"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char json[256];
		size_t len = json_tickets(json, &cases[i].tickets);

		cr_assert_leq(len, json_tickets_size(cases[i].tickets.count));
		json[len] = '\0';
		cr_assert_str_eq(json, cases[i].json);
	}
}

/* The writer keeps the front of a number from one ticket to the next. The cases change it. */
Test(json, arrays_are_as_printf_writes_them_for_any_increment)
{
	static const uint64_t increments[] = {1,     2,	    7,	      10,	  999,
					      1000,  9999,  10000,    10001,	  123457,
					      99999, 99990, 30000000, 1000000007, 9999999999};

	for (size_t i = 0; i < ARRAY_LENGTH(increments); i++)
		for (uint64_t power = 100; power <= UINT64_MAX / 100; power *= 10)
			check_array((struct ticket_range){power - 15, increments[i], 30});
}

Test(json, the_largest_array_fits_the_size_that_is_promised)
{
	cr_assert_geq(json_tickets_size(1000000), 2 + 1000000 * (size_t)20 + 999999);
	cr_assert_geq(json_tickets_size(UINT32_MAX), 2 + UINT32_MAX * (size_t)21);
}

Test(json, a_group_is_first_increment_and_count)
{
	static const struct {
		struct ticket_range tickets;
		const char *json;
	} cases[] = {
		{{329, 10, 20}, "{\"first\":329,\"increment\":10,\"count\":20}"},
		{{0, 0, 0}, "{\"first\":0,\"increment\":0,\"count\":0}"},
		{{UINT64_MAX, UINT64_MAX, UINT32_MAX},
		 "{\"first\":18446744073709551615,\"increment\":18446744073709551615,"
		 "\"count\":4294967295}"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char json[JSON_GROUP_SIZE + 1];
		size_t len = json_group(json, &cases[i].tickets);

		cr_assert_leq(len, JSON_GROUP_SIZE);
		json[len] = '\0';
		cr_assert_str_eq(json, cases[i].json);
	}
}

Test(json, strings_hold_whole_characters_and_no_control_characters)
{
	static const struct {
		const char *string;
		const char *json;
	} cases[] = {
		{"", "\"\""},
		{"a / b", "\"a / b\""},
		{"\"\\", "\"\\\"\\\\\""},
		{"\b\t\n\x1f", "\"\\u0008\\u0009\\u000a\\u001f\""},
		{"\x7f", "\"\\u007f\""},
		{"t\u00f6t \u20ac \U0001d11e \U0010ffff",
		 "\"t\u00f6t \u20ac \U0001d11e \U0010ffff\""},
		{"\x80\xff", "\"\\ufffd\\ufffd\""},
		{"\xc3", "\"\\ufffd\""},
		{"\xc3x", "\"\\ufffdx\""},
		{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
		{"\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xe2\x82", "\"\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"</script>", "\"</script>\""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[64];
		struct text text = TEXT_OVER(memory);

		json_add_string(&text, cases[i].string);
		cr_assert_str_eq(memory, cases[i].json);
	}
}

Test(json, long_arrays_are_as_printf_writes_them)
{
	static const uint64_t firsts[] = {0, 1, 7, 95, 99999, 54313001, 9999999990};
	static const uint64_t steps[] = {1, 2, 10, 64, 999, 1000000000};
	enum { COUNT = 2500 };

	for (size_t f = 0; f < ARRAY_LENGTH(firsts); f++) {
		for (size_t s = 0; s < ARRAY_LENGTH(steps); s++) {
			struct ticket_range tickets = {firsts[f], steps[s], COUNT};
			char *json = malloc(json_tickets_size(COUNT));
			char *at = json;
			size_t len = json_tickets(json, &tickets);

			cr_assert_eq(*at++, '[');
			for (uint64_t i = 0; i < COUNT; i++) {
				cr_assert_eq(strtoull(at, &at, 10), firsts[f] + i * steps[s]);
				cr_assert_eq(*at++, i + 1 < COUNT ? ',' : ']');
			}
			cr_assert_eq(at - json, len);
			free(json);
		}
	}
}

Test(json, numbers_in_any_order_are_an_array)
{
	static const uint64_t numbers[] = {7, 18446744073709551615ull, 0};
	char memory[128];

	cr_assert_eq(json_numbers(memory, numbers, 3), strlen("[7,18446744073709551615,0]"));
	cr_assert_eq(memcmp(memory, "[7,18446744073709551615,0]", 26), 0);
	cr_assert_eq(json_numbers(memory, numbers, 0), 2);
	cr_assert_eq(memcmp(memory, "[]", 2), 0);
}
