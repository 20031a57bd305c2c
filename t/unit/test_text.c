#include <criterion/criterion.h>

#include "base/text.h"

Test(text, text_that_fits_is_kept_whole)
{
	char memory[8];
	struct text text = TEXT_OVER(memory);

	text_add(&text, "seven b");
	cr_assert_str_eq(memory, "seven b");
	cr_assert_eq(text.len, 7);
	cr_assert_not(text.is_truncated);
}

Test(text, text_that_does_not_fit_is_cut_and_marked)
{
	char memory[8];
	struct text text = TEXT_OVER(memory);

	text_add(&text, "eight by");
	cr_assert_str_eq(memory, "eight b");
	cr_assert(text.is_truncated);
	text_add(&text, "more");
	text_addf(&text, "%d", 42);
	text_add_bytes(&text, "\0\0", 2);
	cr_assert_str_eq(memory, "eight b");
	cr_assert_eq(text.len, 7);
}

Test(text, a_format_that_does_not_fit_is_cut)
{
	char memory[8] = "xxxxxxx";
	struct text text = TEXT_OVER(memory);

	text_addf(&text, "%s-%d", "abc", 123456);
	cr_assert_str_eq(memory, "abc-123");
	cr_assert_eq(text.len, 7);
	cr_assert(text.is_truncated);
}

Test(text, a_format_that_just_fits_is_whole)
{
	char memory[8];
	struct text text = TEXT_OVER(memory);

	text_addf(&text, "%07d", 42);
	cr_assert_str_eq(memory, "0000042");
	cr_assert_not(text.is_truncated);
}

Test(text, one_byte_of_memory_holds_the_empty_text)
{
	char memory[1];
	struct text text = TEXT_OVER(memory);

	text_add(&text, "x");
	text_addf(&text, "%c", 'x');
	cr_assert_str_empty(memory);
	cr_assert_eq(text.len, 0);
	cr_assert(text.is_truncated);
}

Test(text, a_cleared_text_is_empty_and_not_truncated)
{
	char memory[4];
	struct text text = TEXT_OVER(memory);

	text_add(&text, "too long");
	text_clear(&text);
	cr_assert_str_empty(memory);
	cr_assert_not(text.is_truncated);
	text_add(&text, "ok");
	cr_assert_str_eq(memory, "ok");
}

Test(text, quoting_escapes_all_bytes_that_a_terminal_or_a_log_reader_acts_on)
{
	static const struct {
		const char *string;
		const char *quoted;
	} cases[] = {
		{"", "\"\""},
		{"plain text, key=value", "\"plain text, key=value\""},
		{"say \"hi\"", "\"say \\\"hi\\\"\""},
		{"C:\\", "\"C:\\\\\""},
		{"two\r\nlines", "\"two\\x0d\\x0alines\""},
		{"\033[31m", "\"\\x1b[31m\""},
		{"\x7f\x80\xff", "\"\\x7f\\x80\\xff\""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[64];
		struct text text = TEXT_OVER(memory);

		text_add_quoted(&text, cases[i].string, sizeof(memory));
		cr_assert_str_eq(memory, cases[i].quoted);
	}
}

Test(text, quoting_stops_at_its_limit)
{
	char memory[32];
	struct text text = TEXT_OVER(memory);

	text_add_quoted(&text, "12345", 5);
	cr_assert_str_eq(memory, "\"12345\"");
	text_clear(&text);
	text_add_quoted(&text, "123456", 5);
	cr_assert_str_eq(memory, "\"12345...\"");
}

Test(text, quoting_never_passes_the_end)
{
	char memory[8];
	struct text text = TEXT_OVER(memory);

	text_add_quoted(&text, "\x01\x02\x03\x04", 100);
	cr_assert_eq(text.len, 7);
	cr_assert(text.is_truncated);
	cr_assert_eq(memory[7], '\0');
}

Test(text, text_cut_to_a_limit_ends_in_dots_within_it)
{
	static const struct {
		size_t limit;
		const char *expected;
	} cases[] = {{100, "abcdef"}, {6, "abcdef"}, {5, "ab..."}, {3, "..."}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char memory[16];
		struct text text = TEXT_OVER(memory);

		text_add_cut(&text, "abcdef", cases[i].limit);
		cr_assert_str_eq(memory, cases[i].expected);
	}
}
