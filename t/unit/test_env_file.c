#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "config/env_file.h"

/* Each pair as "name=<value>;". */
static void
write_pair(void *arg, const char *name, const char *value)
{
	text_addf(arg, "%s=<%s>;", name, value);
}

static bool
parse(const char *content, size_t len, char *pairs, size_t pairs_size, char *problem,
      size_t problem_size)
{
	struct text pairs_text = text_over(pairs, pairs_size);
	struct text problem_text = text_over(problem, problem_size);
	char warning[256];
	struct text warning_text = TEXT_OVER(warning);
	bool is_good =
		env_file_parse(content, len, write_pair, &pairs_text, &problem_text, &warning_text);

	if (is_good && warning_text.len > 0)
		text_add(&problem_text, warning); /* a case says both the same way */
	return is_good;
}

struct reading {
	const char *content, *pairs;
};

static void
assert_all_read(const struct reading *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char pairs[256], problem[256];

		cr_assert(parse(cases[i].content, strlen(cases[i].content), pairs, sizeof(pairs),
				problem, sizeof(problem)),
			  "case %zu: %s", i, problem);
		cr_assert_str_eq(pairs, cases[i].pairs, "case %zu: %s", i, pairs);
		cr_assert_str_empty(problem);
	}
}

Test(env_file, assignments_are_read_as_systemd_reads_them)
{
	static const struct reading cases[] = {
		{"", ""},
		{"\n\n  \n\t\n", ""},
		{"# comment\n; another\n   # and a third", ""},
		{"A=1", "A=<1>;"},
		{"A=1\n", "A=<1>;"},
		{"A=1\r\nB=2\r\n", "A=<1>;B=<2>;"},
		{"  A=1\n\tB=2", "A=<1>;B=<2>;"},
		{"A=\nB=", "A=<>;B=<>;"},
		{"A=1\nA=2", "A=<1>;A=<2>;"},
		{"_a9=x", "_a9=<x>;"},
		{"A=one two", "A=<one two>;"},
		{"A=  x  y \t\n", "A=<x  y>;"},
		{"A=x # no comment", "A=<x # no comment>;"},
		{"A=k=v", "A=<k=v>;"},
		{"A=$HOME", "A=<$HOME>;"},
		{"A=\xc3\xa4", "A=<\xc3\xa4>;"},
		{"A = b", "A=<b>;"},
		{"\tA\t=\tb\t", "A=<b>;"},
		{"A=1\rB=2\r", "A=<1>;B=<2>;"},
		{"A=\f1\v", "A=<\f1\v>;"},
		{"# c\\\n\n", ""},
		{"# c\\\n# d\nA=1", "A=<1>;"},
		{"# c\\\r\nA=1", "A=<1>;"},
		{"# c\\\\\nA=1", "A=<1>;"},
	};

	assert_all_read(cases, ARRAY_LENGTH(cases));
}

Test(env_file, quotes_and_backslashes_are_read_as_systemd_reads_them)
{
	static const struct reading cases[] = {
		{"A='  x  '", "A=<  x  >;"},
		{"A='x'   \nB=1", "A=<x>;B=<1>;"},
		{"A='a\\nb\\'", "A=<a\\nb\\>;"},
		{"A='two\nlines'\nB=1", "A=<two\nlines>;B=<1>;"},
		{"A=\"x\"", "A=<x>;"},
		{"A=\"say \\\"hi\\\" for \\$5 \\`now\\` \\\\\"", "A=<say \"hi\" for $5 `now` \\>;"},
		{"A=\"keep \\n and \\x\"", "A=<keep \\n and \\x>;"},
		{"A=\"joined \\\nline\"", "A=<joined line>;"},
		{"A=joined \\\nline", "A=<joined line>;"},
		{"A=a\\ \nB=1", "A=<a >;B=<1>;"},
		{"A=a\\'b", "A=<a'b>;"},
		{"A=\\ \\\n x", "A=<  x>;"},
		{"A=x\\", "A=<x>;"},
		{"A='one''two'\"three\"", "A=<onetwothree>;"},
		{"A=''", "A=<>;"},
		{"A='x'  y ", "A=<xy>;"},
		{"A=it's \"so\"", "A=<it's \"so\">;"},
		{"A='x'y'z'", "A=<xy'z'>;"},
		{"A=\\'x'", "A=<'x'>;"},
		{"A=a \\\n", "A=<a >;"},
	};

	assert_all_read(cases, ARRAY_LENGTH(cases));
}

Test(env_file, a_line_that_is_none_is_refused_with_its_number)
{
	static const struct {
		const char *content;
		const char *problem;
	} cases[] = {
		{"A", "line 1 is not NAME=value, a comment or empty"},
		{"A=1\n\nB\nC=3", "line 3 is not NAME=value, a comment or empty"},
		{"=1", "line 1 is not NAME=value, a comment or empty"},
		{"9A=1", "line 1 is not NAME=value, a comment or empty"},
		{"A B=1", "line 1 is not NAME=value, a comment or empty"},
		{"A-B=1", "line 1 is not NAME=value, a comment or empty"},
		{"export A=1", "line 1 begins with export, which is for a shell: remove that word"},
		{"A=1\n  export\tA = 1",
		 "line 2 begins with export, which is for a shell: remove that word"},
		{"exportA 1", "line 1 is not NAME=value, a comment or empty"},
		{"[Service]\nA=1", "line 1 is a section of a unit file: remove it, or put the "
				   "variables into the unit "
				   "with Environment="},
		{"[A]=1", "line 1 is not NAME=value, a comment or empty"},
		{"\xef\xbb\xbf"
		 "A=1",
		 "line 1 begins with a byte order mark: save the file without it"},
		{"A=1\nB=a\\\r\nC=2",
		 "line 2: a backslash before a carriage return does not continue a line: save the "
		 "file with LF line ends"},
		{"A=\"a\\\r\nb\"",
		 "line 1: a backslash before a carriage return does not continue a line: save the "
		 "file with LF line ends"},
		{"A=1\r\n\r\nB\r\n", "line 3 is not NAME=value, a comment or empty"},
		{"A=1\r\rB", "line 3 is not NAME=value, a comment or empty"},
		{"A-B='two\nlines'\nC",
		 "line 1 is not NAME=value, a comment or empty; line 3 is not "
		 "NAME=value, a comment or empty"},
		{"A='two\nlines'\nB", "line 3 is not NAME=value, a comment or empty"},
		{"A=1\nB='open\n\n", "line 2: a quote is not closed"},
		{"A=\"open", "line 1: a quote is not closed"},
		{"A=\"open\\", "line 1: a quote is not closed"},
		{"A=\"open\\\"", "line 1: a quote is not closed"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char pairs[256], problem[256];

		cr_assert_not(parse(cases[i].content, strlen(cases[i].content), pairs,
				    sizeof(pairs), problem, sizeof(problem)),
			      "case %zu", i);
		cr_assert_str_eq(problem, cases[i].problem, "case %zu: %s", i, problem);
	}
}

Test(env_file, good_lines_around_bad_ones_are_read_and_all_bad_ones_are_reported)
{
	static const char content[] = "A=1\n!\nB=2\nexport C=3\nD=4\nE='5";
	char pairs[64], problem[256];

	cr_assert_not(
		parse(content, strlen(content), pairs, sizeof(pairs), problem, sizeof(problem)));
	cr_assert_str_eq(pairs, "A=<1>;B=<2>;D=<4>;");
	cr_assert_str_eq(problem,
			 "line 2 is not NAME=value, a comment or empty; line 4 begins with "
			 "export, which is for a shell: remove that word; line 6: a quote is "
			 "not closed");
}

Test(env_file, a_nul_byte_is_refused_before_anything_is_given)
{
	char pairs[64], problem[64];

	cr_assert_not(parse("A=1\n\0", 5, pairs, sizeof(pairs), problem, sizeof(problem)));
	cr_assert_str_empty(pairs);
	cr_assert_str_eq(problem, "holds a NUL byte");
}

Test(env_file, lines_that_systemd_reads_otherwise_are_warned_of)
{
	static const struct {
		const char *content;
		const char *pairs;
		const char *warning;
	} cases[] = {
		{"A=1\n# c\\\nB=2", "A=<1>;B=<2>;", "line 2 is a comment that ends in a backslash"},
		{"; c\\\n  B=2", "B=<2>;", "line 1 is a comment that ends in a backslash"},
		{"# c\\\n# d\\\nB=2", "B=<2>;", "line 2 is a comment that ends in a backslash"},
		{"A=1\nB=\xe4\nC=3", "A=<1>;B=<\xe4>;C=<3>;", "line 2 is not UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char pairs[256], problem[256];

		cr_assert(parse(cases[i].content, strlen(cases[i].content), pairs, sizeof(pairs),
				problem, sizeof(problem)));
		cr_assert_str_eq(pairs, cases[i].pairs, "case %zu: %s", i, pairs);
		cr_assert_eq(strncmp(problem, cases[i].warning, strlen(cases[i].warning)), 0,
			     "case %zu: %s", i, problem);
	}
}
