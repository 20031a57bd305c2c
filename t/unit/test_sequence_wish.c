#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sequence_wish.h"

static const struct ticket_space alone = {1, 0, 1};
static const struct ticket_space third_of_ten = {10, 3, 1};

/* The wish of "option=value" words, which must be allowed. */
static struct sequence_wish
wish_of(const char *words)
{
	struct sequence_wish wish = {.has_first = false};
	char copy[200], *rest = copy, *word;
	char memory[200];
	struct text problem = TEXT_OVER(memory);

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		cr_assert(sequence_wish_set(&wish, word, value, &problem), "%s", memory);
	}
	return wish;
}

Test(sequence_wish, ids_become_numbers_of_the_space)
{
	static const struct {
		const char *words;
		const struct ticket_space *space;
		uint64_t start, most;
	} cases[] = {
		{"", &alone, 1, SEQUENCE_MOST},
		{"", &third_of_ten, 1, 922337203685477581},
		{"start=1", &third_of_ten, 1, 922337203685477581},
		{"start=4", &third_of_ten, 1, 922337203685477581},
		{"start=5", &third_of_ten, 2, 922337203685477581},
		{"start=14", &third_of_ten, 2, 922337203685477581},
		{"after=0", &third_of_ten, 1, 922337203685477581},
		{"after=4", &third_of_ten, 2, 922337203685477581},
		{"after=13", &third_of_ten, 2, 922337203685477581},
		{"after=14", &third_of_ten, 3, 922337203685477581},
		{"most=4", &third_of_ten, 1, 1},
		{"most=13", &third_of_ten, 1, 1},
		{"most=14", &third_of_ten, 1, 2},
		{"width=53", &alone, 1, (1ull << 53) - 1},
		{"width=53", &third_of_ten, 1, 900719925474099},
		{"width=53 most=9007199254740991", &alone, 1, (1ull << 53) - 1},
		{"most=9223372036854775807", &alone, 1, SEQUENCE_MOST},
		{"start=4611686018427387903", &alone, SEQUENCE_MOST, SEQUENCE_MOST},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
		struct sequence_wish wish = wish_of(cases[i].words);
		char memory[200];
		struct text problem = TEXT_OVER(memory);

		cr_assert(sequence_wish_apply(&wish, cases[i].space, &policy, &problem), "%s: %s",
			  cases[i].words, memory);
		cr_expect_eq(policy.start, cases[i].start, "%s: start %lu", cases[i].words,
			     policy.start);
		cr_expect_eq(policy.most, cases[i].most, "%s: most %lu", cases[i].words,
			     policy.most);
	}
}

Test(sequence_wish, every_first_and_last_id_obeys_the_wish)
{
	for (uint64_t nodes = 1; nodes <= 4; nodes++)
		for (uint64_t node = 0; node < nodes; node++)
			for (uint64_t id = 1; id <= 20; id++) {
				struct ticket_space space = {nodes, node, 1};
				struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
				struct sequence_wish wish = {.has_first = true, .first = id};
				char memory[200];
				struct text problem = TEXT_OVER(memory);
				uint64_t first;

				cr_assert(sequence_wish_apply(&wish, &space, &policy, &problem));
				first = 1 + (policy.start - 1) * nodes + node;
				cr_assert_geq(first, id);
				cr_assert(policy.start == 1 || first - nodes < id);
			}
}

Test(sequence_wish, wishes_that_leave_no_id_are_refused)
{
	static const char *const cases[] = {
		"most=3",
		"start=15 most=14",
		"start=9007199254740992 width=53",
		"most=9007199254740992 width=53",
		"start=9223372036854775807",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
		struct sequence_wish wish = wish_of(cases[i]);
		char memory[200];
		struct text problem = TEXT_OVER(memory);

		cr_expect_not(sequence_wish_apply(&wish, &third_of_ten, &policy, &problem), "%s",
			      cases[i]);
		cr_expect_gt(problem.len, 0);
	}
}

Test(sequence_wish, parts_that_are_not_named_stay)
{
	struct sequence_policy policy = {.order = SEQUENCE_WEAK,
					 .form = SEQUENCE_SCRAMBLED,
					 .start = 5,
					 .most = 100,
					 .width = 53};
	struct sequence_policy before = policy;
	struct sequence_wish nothing = {.has_first = false}, wider = wish_of("width=63");
	char memory[200];
	struct text problem = TEXT_OVER(memory);

	cr_assert(sequence_wish_apply(&nothing, &alone, &policy, &problem));
	cr_assert_eq(policy.order, before.order);
	cr_assert_eq(policy.form, before.form);
	cr_assert_eq(policy.start, before.start);
	cr_assert_eq(policy.most, before.most);
	cr_assert_eq(policy.width, before.width);
	cr_assert(sequence_wish_apply(&wider, &alone, &policy, &problem));
	cr_assert_eq(policy.most, 100, "the width had not set the end");
}

Test(sequence_wish, a_query_says_the_same)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"after=9", "?start=10"},
		{"start=1 most=2 order=weak form=scrambled width=53",
		 "?start=1&most=2&order=weak&form=scrambled&width=53"},
		{"order=strong form=plain width=63", "?order=strong&form=plain&width=63"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sequence_wish wish = wish_of(cases[i][0]);
		char memory[200];
		struct text query = TEXT_OVER(memory);

		sequence_wish_add_query(&wish, &query);
		cr_expect_str_eq(memory, cases[i][1]);
	}
}

Test(sequence_wish, wrong_values_are_refused_with_the_allowed_ones)
{
	static const char *const cases[][3] = {
		{"start", "0", "start takes a whole number from 1 to"},
		{"start", "", "start takes a whole number from 1 to"},
		{"start", "9223372036854775808", "start takes a whole number from 1 to"},
		{"after", "9223372036854775807", "after takes a whole number from 0 to"},
		{"most", "0", "most takes a whole number from 1 to"},
		{"order", "Strong", "order takes strong or weak, not \"Strong\""},
		{"form", "", "form takes plain or scrambled"},
		{"width", "52", "width takes 53 or 63"},
		{"size", "1", "\"size\" is not an option of a sequence"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sequence_wish wish = {.has_first = false};
		char memory[200];
		struct text problem = TEXT_OVER(memory);

		cr_expect_not(sequence_wish_set(&wish, cases[i][0], cases[i][1], &problem));
		cr_expect_not_null(strstr(memory, cases[i][2]), "%s", memory);
	}
}

Test(sequence_wish, a_line_wins_over_the_common_options)
{
	struct sequence_wish wish = wish_of("start=5 order=strong");
	struct sequence_wish common = wish_of("start=9 most=100 order=weak width=53");

	sequence_wish_complete(&wish, &common);
	cr_assert_eq(wish.first, 5);
	cr_assert_eq(wish.most, 100);
	cr_assert_eq(wish.order, SEQUENCE_STRONG);
	cr_assert_eq(wish.width, 53);
	cr_assert(wish.has_first && wish.has_most && wish.has_order && wish.has_width);
	cr_assert_not(wish.has_form);
}
