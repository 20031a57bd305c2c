#include <criterion/criterion.h>
#include <string.h>

#include "http/query.h"

Test(query, each_parameter_has_a_name_and_perhaps_a_value)
{
	static const struct {
		const char *name, *value; /* NULL: none */
	} expected[] = {{"a", "1"}, {"b", NULL}, {"", ""}, {"c", ""}, {"", NULL}, {"d", "x=y"}};
	const char *query = "a=1&b&=&c=&&d=x=y";
	struct query_parameter parameter;

	for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
		cr_assert(query_next(&query, &parameter), "%zu", i);
		cr_assert(query_is_named(&parameter, expected[i].name), "%zu", i);
		cr_assert_eq(parameter.value == NULL, expected[i].value == NULL, "%zu", i);
		if (expected[i].value == NULL)
			continue;
		cr_assert_eq(parameter.value_len, strlen(expected[i].value), "%zu", i);
		cr_assert_eq(memcmp(parameter.value, expected[i].value, parameter.value_len), 0,
			     "%zu", i);
	}
	cr_assert_not(query_next(&query, &parameter));
}

Test(query, no_query_has_no_parameters)
{
	struct query_parameter parameter;
	const char *none = NULL, *empty = "";

	cr_assert_not(query_next(&none, &parameter));
	cr_assert_not(query_next(&empty, &parameter));
	cr_assert_not(query_has(NULL, "a"));
}

Test(query, a_parameter_is_found_by_its_whole_name)
{
	cr_assert(query_has("sequences", "sequences"));
	cr_assert(query_has("a=b&sequences=1", "sequences"));
	cr_assert_not(query_has("sequence&sequencesx&a=sequences", "sequences"));
}

Test(query, a_choice_is_one_of_two_words)
{
	static const char *const words[] = {"strong", "weak"};
	static const struct {
		const char *query;
		unsigned choice; /* 9: refused; 7: as it was */
	} cases[] = {
		{NULL, 7},
		{"", 7},
		{"order", 7},
		{"other=weak", 7},
		{"order=strong", 0},
		{"order=weak", 1},
		{"a&order=weak&b=1", 1},
		{"order=weak&order=strong", 0},
		{"order=", 9},
		{"order=Weak", 9},
		{"order=weakly", 9},
		{"order=wea", 9},
		{"order=weak&order=x", 9},
		{"order=%77eak", 9},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[256];
		struct text problem = TEXT_OVER(memory);
		unsigned choice = 7;
		bool is_good = query_choose(cases[i].query, "order", words, &choice, &problem);

		cr_assert_eq(is_good, cases[i].choice != 9, "%s", cases[i].query);
		if (is_good)
			cr_assert_eq(choice, cases[i].choice, "%s", cases[i].query);
		else
			cr_assert_not_null(strstr(memory, "; it must be strong or weak"), "%s",
					   memory);
	}
}

Test(query, percent_encoded_bytes_are_decoded)
{
	static const struct {
		const char *encoded;
		enum query_plus plus;
		const char *decoded; /* NULL: refused */
	} cases[] = {
		{"", QUERY_PLUS_IS_ITSELF, ""},
		{"orders", QUERY_PLUS_IS_ITSELF, "orders"},
		{"a%2Fb", QUERY_PLUS_IS_ITSELF, "a/b"},
		{"a%2fb", QUERY_PLUS_IS_ITSELF, "a/b"},
		{"%C3%bc", QUERY_PLUS_IS_ITSELF, "\xc3\xbc"},
		{"%2525", QUERY_PLUS_IS_ITSELF, "%25"},
		{"a+b", QUERY_PLUS_IS_ITSELF, "a+b"},
		{"a+b%2B", QUERY_PLUS_IS_BLANK, "a b+"},
		{"..", QUERY_PLUS_IS_ITSELF, ".."},
		{"%", QUERY_PLUS_IS_ITSELF, NULL},
		{"%4", QUERY_PLUS_IS_ITSELF, NULL},
		{"a%4", QUERY_PLUS_IS_ITSELF, NULL},
		{"%4g", QUERY_PLUS_IS_ITSELF, NULL},
		{"%g4", QUERY_PLUS_IS_ITSELF, NULL},
		{"%%41", QUERY_PLUS_IS_ITSELF, NULL},
		{"% 1", QUERY_PLUS_IS_ITSELF, NULL},
		{"%+1", QUERY_PLUS_IS_BLANK, NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char decoded[16];
		size_t len;
		bool is_good = query_decode(cases[i].encoded, strlen(cases[i].encoded),
					    cases[i].plus, decoded, sizeof(decoded), &len);

		cr_assert_eq(is_good, cases[i].decoded != NULL, "%s", cases[i].encoded);
		if (!is_good)
			continue;
		cr_assert_eq(len, strlen(cases[i].decoded), "%s", cases[i].encoded);
		cr_assert_eq(memcmp(decoded, cases[i].decoded, len), 0, "%s", cases[i].encoded);
	}
}

Test(query, decoded_bytes_beyond_the_room_are_counted_and_not_written)
{
	char decoded[] = "....!";
	size_t len;

	cr_assert(query_decode("%41%42%43%44%45F", 16, QUERY_PLUS_IS_ITSELF, decoded, 4, &len));
	cr_assert_eq(len, 6);
	cr_assert_str_eq(decoded, "ABCD!");
}
