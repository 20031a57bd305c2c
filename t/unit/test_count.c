#include <criterion/criterion.h>
#include <string.h>

#include "http/count.h"

#define MOST 100000

static bool
parse(const char *argument, enum batch_format format, uint32_t *count, char *problem, size_t size)
{
	struct text text = text_over(problem, size);

	*count = 0;
	return count_parse(argument, strlen(argument), format, MOST, "tickets", count, &text);
}

Test(count, each_argument_is_read_as_its_format_allows)
{
	/* 0: refused */
	static const struct {
		const char *argument;
		uint32_t array;
		uint32_t group;
	} cases[] = {
		{"1", 1, 1},
		{"20", 20, 20},
		{"007", 7, 7},
		{"100000", 100000, 100000},
		{"100001", 0, 0},
		{"4294967297", 0, 0},
		{"18446744073709551617", 0, 0},
		{"123456789012345678901234567890", 0, 0},
		/* Tickr's Ruby client asks for these when its threads race. */
		{"0", 0, 1},
		{"00", 0, 1},
		{"-0", 0, 1},
		{"-3", 0, 1},
		{"-123456789012345678901234567890", 0, 1},
		{"", 0, 0},
		{"-", 0, 0},
		{"--3", 0, 0},
		{"+3", 0, 0},
		{"+0", 0, 0},
		{"abc", 0, 0},
		{"5.5", 0, 0},
		{"-5.5", 0, 0},
		{"0.0", 0, 0},
		{"5/", 0, 0},
		{"0/", 0, 0},
		{"/5", 0, 0},
		{" 5", 0, 0},
		{"5 ", 0, 0},
		{"%35", 0, 0},
		{"0x10", 0, 0},
		{"1e3", 0, 0},
		{"\xd9\xa3", 0, 0}, /* an Arabic three */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char problem[256];
		uint32_t count;

		cr_assert_eq(parse(cases[i].argument, BATCH_FORMAT_ARRAY, &count, problem,
				   sizeof(problem)),
			     cases[i].array > 0, "%s", cases[i].argument);
		cr_assert_eq(count, cases[i].array, "%s", cases[i].argument);
		cr_assert_eq(problem[0] == '\0', cases[i].array > 0);
		cr_assert_eq(parse(cases[i].argument, BATCH_FORMAT_GROUP, &count, problem,
				   sizeof(problem)),
			     cases[i].group > 0, "%s", cases[i].argument);
		cr_assert_eq(count, cases[i].group, "%s", cases[i].argument);
		cr_assert_eq(problem[0] == '\0', cases[i].group > 0);
	}
}

Test(count, a_refusal_names_the_argument_and_the_allowed_numbers)
{
	char problem[256];
	uint32_t count;

	cr_assert_not(parse("5\n5", BATCH_FORMAT_ARRAY, &count, problem, sizeof(problem)));
	cr_assert_str_eq(problem, "the number of tickets is \"5\\x0a5\"; it must be a decimal "
				  "number from 1 to 100000");
}

Test(count, a_refusal_cuts_a_long_argument)
{
	char argument[10000], problem[512];
	uint32_t count;

	memset(argument, '9', sizeof(argument));
	argument[sizeof(argument) - 1] = '\0';
	cr_assert_not(parse(argument, BATCH_FORMAT_GROUP, &count, problem, sizeof(problem)));
	cr_assert_lt(strlen(problem), 200);
	cr_assert_not_null(strstr(problem, "..."));
}

Test(count, a_query_may_name_the_format)
{
	static const struct {
		const char *query;
		enum batch_format format; /* the result, if it was the array before */
	} cases[] = {
		{NULL, BATCH_FORMAT_ARRAY},
		{"", BATCH_FORMAT_ARRAY},
		{"&", BATCH_FORMAT_ARRAY},
		{"format=array", BATCH_FORMAT_ARRAY},
		{"format=group", BATCH_FORMAT_GROUP},
		{"a=b&format=group", BATCH_FORMAT_GROUP},
		{"format=group&a=b", BATCH_FORMAT_GROUP},
		{"&&format=group&&", BATCH_FORMAT_GROUP},
		{"format=array&format=group", BATCH_FORMAT_GROUP},
		{"format=group&format=array", BATCH_FORMAT_ARRAY},
		{"format", BATCH_FORMAT_ARRAY},
		{"Format=group", BATCH_FORMAT_ARRAY},
		{"xformat=group", BATCH_FORMAT_ARRAY},
		{"x=format=group", BATCH_FORMAT_ARRAY},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		enum batch_format format = BATCH_FORMAT_ARRAY;
		char memory[256];
		struct text problem = TEXT_OVER(memory);

		cr_assert(count_parse_format(cases[i].query, &format, &problem), "case %zu", i);
		cr_assert_eq(format, cases[i].format, "case %zu", i);
		cr_assert_str_empty(memory);
	}
}

Test(count, a_query_without_a_format_changes_nothing)
{
	enum batch_format format = BATCH_FORMAT_GROUP;
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	cr_assert(count_parse_format("a=b", &format, &problem));
	cr_assert_eq(format, BATCH_FORMAT_GROUP);
}

#define SHOWN_WORD "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_WORD  SHOWN_WORD "yz"

Test(count, an_unknown_format_is_refused)
{
	static const char *const queries[] = {
		"format=",	  "format=Group",  "format=groups",	 "format=grou",
		"format=xml",	  "format=group ", "format=array,group", "format=group&format=x",
		"format=%67roup",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
		enum batch_format format = BATCH_FORMAT_ARRAY;
		char memory[256];
		struct text problem = TEXT_OVER(memory);

		cr_assert_not(count_parse_format(queries[i], &format, &problem), "%s", queries[i]);
		cr_assert(strstr(memory, "; it must be array or group") != NULL, "%s", memory);
	}
}

Test(count, a_refused_format_is_named)
{
	static const struct {
		const char *query, *problem;
	} cases[] = {
		{"format=xml&a=b", "the format is \"xml\"; it must be array or group"},
		{"format=", "the format is \"\"; it must be array or group"},
		{"format=" LONG_WORD,
		 "the format is \"" SHOWN_WORD "...\"; it must be array or group"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		enum batch_format format = BATCH_FORMAT_ARRAY;
		char memory[256];
		struct text problem = TEXT_OVER(memory);

		cr_assert_not(count_parse_format(cases[i].query, &format, &problem));
		cr_assert_str_eq(memory, cases[i].problem);
	}
}
