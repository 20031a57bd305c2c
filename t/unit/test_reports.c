/* reports: the statements of a schema, the spans of a window, and the rows of an answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "base/memory.h"
#include "reports/answer.h"
#include "reports/schema.h"
#include "reports/table.h"
#include "reports/window.h"

static const char schema[] = "CREATE TABLE a\n(\n"
			     "    time   DateTime64(3, 'UTC')    CODEC(DoubleDelta, ZSTD(1)),\n"
			     "    total  SimpleAggregateFunction(sum, UInt64),\n"
			     "    name   String,\n"
			     "    INDEX i name TYPE minmax,\n"
			     "    last   Int64 ALIAS total + 1\n"
			     ")\n"
			     "ENGINE = MergeTree\n"
			     "ORDER BY time\n"
			     "TTL time + INTERVAL 90 DAY DELETE\n"
			     "SETTINGS x = 1;\n"
			     "CREATE MATERIALIZED VIEW b TO a AS\nSELECT 1;\n"
			     "CREATE VIEW c AS\nSELECT 2;\n";

Test(schema, each_statement_has_a_name_and_an_engine)
{
	static const struct {
		const char *name, *engine;
		unsigned days;
	} wanted[] = {{"a", "MergeTree", 90}, {"b", "MaterializedView", 0}, {"c", "View", 0}};
	const char *file = schema;
	struct schema_object object;

	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		cr_assert(schema_next(&file, &object));
		cr_assert_str_eq(object.name, wanted[i].name);
		cr_assert_str_eq(object.engine, wanted[i].engine);
		cr_assert_eq(schema_days(&object), wanted[i].days);
	}
	cr_assert(!schema_next(&file, &object));
}

Test(schema, columns_have_names_and_types)
{
	static const char *const wanted[] = {"time DateTime64(3, 'UTC')",
					     "total SimpleAggregateFunction(sum, UInt64)",
					     "name String", "last Int64"};
	const char *file = schema;
	struct schema_object object;
	struct schema_column column;
	const char *at;

	cr_assert(schema_next(&file, &object));
	at = object.text;
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		char text[100];

		cr_assert(schema_next_column(&object, &at, &column));
		snprintf(text, sizeof(text), "%.*s %.*s", (int)column.name_len, column.name,
			 (int)column.type_len, column.type);
		cr_assert_str_eq(text, wanted[i]);
	}
	cr_assert(!schema_next_column(&object, &at, &column));
	cr_assert(schema_next(&file, &object));
	at = object.text;
	cr_assert(!schema_next_column(&object, &at, &column));
}

Test(schema, a_statement_is_written_with_other_days)
{
	char memory[1024];
	struct text text = TEXT_OVER(memory);
	const char *file = schema;
	struct schema_object object;

	cr_assert(schema_next(&file, &object));
	schema_write(&object, 7, &text);
	cr_assert_not_null(strstr(memory, "\nTTL time + INTERVAL 7 DAY DELETE\n"));
	cr_assert_null(strchr(memory, ';'));
	text_clear(&text);
	schema_write_ttl(&object, 12, &text);
	cr_assert_str_eq(memory, "time + INTERVAL 12 DAY DELETE");
}

Test(schema, replicated_engines_fit)
{
	cr_assert(schema_engine_fits("MergeTree", "MergeTree"));
	cr_assert(schema_engine_fits("MergeTree", "ReplicatedMergeTree"));
	cr_assert(schema_engine_fits("MergeTree", "SharedMergeTree"));
	cr_assert(!schema_engine_fits("MergeTree", "SummingMergeTree"));
	cr_assert(!schema_engine_fits("View", "MaterializedView"));
}

/* --- windows ------------------------------------------------------------------------------------- */

#define TEN_O_CLOCK UINT64_C(1769853600) /* 2026-01-31 10:00:00 */

Test(window, times_have_a_unit)
{
	cr_assert_eq(window_parse_since("90m"), 5400);
	cr_assert_eq(window_parse_since("1h"), 3600);
	cr_assert_eq(window_parse_since("7d"), 604800);
	cr_assert_eq(window_parse_since("30s"), 30);
	cr_assert_eq(window_parse_since("3660d"), WINDOW_MOST_SINCE);
	for (const char **text = (const char *[]){"", "h", "1", "0h", "-1h", "1.5h", "1 h", "1w",
						  "3661d", "99999999999999999999h", NULL};
	     *text != NULL; text++)
		cr_assert_eq(window_parse_since(*text), 0, "%s", *text);
}

Test(window, spans_are_whole_at_the_begin)
{
	static const struct {
		uint64_t now, since, step;
		bool only_whole;
		uint64_t from, to; /* from ten o'clock */
		bool is_last_partial;
	} cases[] = {
		{3600, 3600, 0, false, 0, 3600, false},
		{3630, 3600, 60, false, 0, 3630, true},
		{3600, 3600, 60, false, 0, 3600, false},
		{3630, 3600, 60, true, 60, 3600, false},
		{3609, 3600, 60, true, 60, 3540, false}, /* the last events may not be there yet */
		{3610, 3600, 60, true, 60, 3600, false},
		{7300, 3600, 3600, false, 3600, 7300, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[256];
		struct text problem = TEXT_OVER(memory);
		struct window window;

		cr_assert(window_make(&window, TEN_O_CLOCK + cases[i].now, cases[i].since,
				      cases[i].step, cases[i].only_whole, &problem));
		cr_assert_eq(window.from - TEN_O_CLOCK, cases[i].from, "%zu", i);
		cr_assert_eq(window.to - TEN_O_CLOCK, cases[i].to, "%zu", i);
		cr_assert_eq(window.is_last_partial, cases[i].is_last_partial, "%zu", i);
	}
}

Test(window, too_few_and_too_many_spans_are_refused)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct window window;

	cr_assert(!window_make(&window, TEN_O_CLOCK + 30, 60, 60, true, &problem));
	cr_assert_not_null(strstr(memory, "no whole minute"));
	text_clear(&problem);
	cr_assert(!window_make(&window, TEN_O_CLOCK, WINDOW_MOST_SINCE, 60, true, &problem));
	cr_assert_not_null(strstr(memory, "--by hour"));
}

static void
read_answer(struct answer *answer, char *body)
{
	cr_assert(answer_read(answer, body, strlen(body)));
}

Test(window, spans_without_rows_are_named)
{
	char body[] = "time\tn\nDateTime\tUInt8\n2026-01-31 10:04:00\t1\n"
		      "2026-01-31 10:04:00\t2\n2026-01-31 10:02:00\t3\n";
	struct window window = {TEN_O_CLOCK, TEN_O_CLOCK + 6 * 60 + 10, 60, true};
	char memory[1024];
	struct text notes = TEXT_OVER(memory);
	struct answer answer;

	read_answer(&answer, body);
	window_add_gaps(&window, &answer, 5, &notes);
	cr_assert_str_eq(
		memory, "no data for the minute 2026-01-31 10:05:00\n"
			"no data for the minute 2026-01-31 10:03:00\n"
			"no data for 2 minutes, from 2026-01-31 10:00:00 to 2026-01-31 10:01:00\n");
	text_clear(&notes);
	window_add_gaps(&window, &answer, 1, &notes);
	cr_assert_str_eq(memory, "no data for the minute 2026-01-31 10:05:00\n"
				 "2 earlier gaps are not shown\n");
	answer_free(&answer);
}

/* --- answers ------------------------------------------------------------------------------------- */

static char *
printed(const char *given, void (*print)(const struct answer *answer, FILE *to))
{
	char *body = xstrdup(given), *text = NULL;
	size_t size;
	struct answer answer;
	FILE *to = open_memstream(&text, &size);

	read_answer(&answer, body);
	print(&answer, to);
	fclose(to);
	answer_free(&answer);
	free(body);
	return text;
}

static const char hostile[] = "name\tn\nString\tUInt64\n"
			      "a\\tb\\n\\\\\"\x1b[31m\xc2\x9b\xff,\xc3\xa4\t7\n\\N\t\\N\n";

Test(table, columns_are_aligned_and_control_characters_escaped)
{
	char *text = printed(hostile, table_print);

	cr_assert_str_eq(text, "name                                n\n"
			       "a\\x09b\\x0a\\\"\\x1b[31m\\xc2\\x9b\\xff,\xc3\xa4  7\n"
			       "-                                   -\n");
	free(text);
}

Test(table, csv_quotes)
{
	char *text = printed(hostile, table_print_csv);

	cr_assert_str_eq(text, "name,n\n\"a\tb\n\\\"\"\x1b[31m\xc2\x9b\xff,\xc3\xa4\",7\n,\n");
	free(text);
}

Test(table, json_is_json)
{
	char *text = printed(hostile, table_print_json);

	cr_assert_str_eq(text, "[{\"name\":\"a\\u0009b\\u000a\\\\\\\"\\u001b[31m\xc2\x9b\\ufffd,"
			       "\xc3\xa4\",\"n\":7},\n{\"name\":null,\"n\":null}]");
	free(text);
	text = printed("n\nFloat64\nnan\n1.5\n-inf\n2e+20\n01\n1.\n", table_print_json);
	cr_assert_str_eq(text, "[{\"n\":null},\n{\"n\":1.5},\n{\"n\":null},\n{\"n\":2e+20},\n"
			       "{\"n\":null},\n{\"n\":null}]");
	free(text);
	text = printed("n\nFloat64\n", table_print_json);
	cr_assert_str_eq(text, "[]");
	free(text);
}

Test(answer, other_texts_are_no_tables)
{
	static const char *const cases[] = {
		"",
		"a\n",
		"a\nString",
		"a\tb\nString\n",
		"a\nString\tString\n",
		"a\tb\nString\tString\nx\n",
		"a\tb\nString\tString\nx\ty\tz\n",
		"a\nString\nx",
		"<html>\n<body>\t</body>\n",
		"\\N\nString\n",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *body = xstrdup(cases[i]);
		struct answer answer;

		cr_assert(!answer_read(&answer, body, strlen(body)), "%s", cases[i]);
		answer_free(&answer);
		free(body);
	}
}
