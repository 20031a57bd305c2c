#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "sql.h"

#include "base/clock.h"
#include "clickhouse_ask.h"
#include "clickhouse_create.h"
#include "remote/clickhouse.h"
#include "report_command.h"
#include "reports/answer.h"
#include "reports/table.h"
#include "reports/window.h"

#define PROBLEM_SIZE 1024
#define NOTES_SIZE   8192
#define MOST_GAPS    20
#define DEADLINE_MS  120000
#define PROBE_MS \
	10000 /* so that a ClickHouse that hangs is noticed long before the time of a report is over */
#define MOST_ANSWER (64u << 20)
#define MINUTE	    60
#define HOUR	    3600
#define DAY	    86400

/* A report, and its meaning for --list. */
static const struct report {
	const char *name;
	const char *sql;
	const char *meaning;
	uint64_t since;	     /* of the report without --since; 0: it has no window */
	uint64_t by;	     /* of the report without --by; 0: its rows have no span */
	bool takes_by;	     /* --by minute or hour */
	bool only_whole;     /* a rate: a span that has not ended would be too low */
	bool is_of_requests; /* a span without rows had no requests at all */
	const char
		*spans_sql; /* another report that has a row for each span with data; NULL: none */
} reports[] = {
	{"ids-per-second", sql_clickhouse_reports_ids_per_second,
	 "ids and requests of each minute, and ids a second", HOUR, MINUTE, .takes_by = true,
	 .only_whole = true, .is_of_requests = true},
	{"latency", sql_clickhouse_reports_latency,
	 "latency of requests that issued ids: average, quantiles, maximum", HOUR, 0,
	 .takes_by = true},
	{"drift", sql_clickhouse_reports_drift, "how far clocks drifted", DAY, HOUR,
	 .takes_by = true},
	{"overflow", sql_clickhouse_reports_overflow,
	 "how often the sequence numbers of a millisecond were used up", DAY, HOUR,
	 .takes_by = true},
	{"errors", sql_clickhouse_reports_errors,
	 "errors, and the share of the requests that failed", HOUR, MINUTE, .takes_by = true,
	 .spans_sql = sql_clickhouse_reports_ids_per_second},
	{"top-clients", sql_clickhouse_reports_top_clients, "the fifty clients with the most ids",
	 HOUR, 0, .takes_by = false},
	{"size", sql_clickhouse_reports_size, "rows and bytes of the tables", 0, 0,
	 .takes_by = false},
	{"daily", sql_clickhouse_reports_daily, "ids, requests and errors of each day", 30 * DAY,
	 DAY, .is_of_requests = true},
};

/* --- the command line ---------------------------------------------------------------------------- */

bool
report_command_take_since(struct report_command *command, const char *value)
{
	command->since = window_parse_since(value);
	if (command->since == 0)
		fprintf(stderr,
			"tickrd: --since takes a whole number and s, m, h or d, up to 3660d, such "
			"as 90m, not %s\n",
			value);
	return command->since != 0;
}

bool
report_command_take_by(struct report_command *command, const char *value)
{
	command->by = strcmp(value, "minute") == 0 ? MINUTE : strcmp(value, "hour") == 0 ? HOUR : 0;
	if (command->by == 0)
		fprintf(stderr, "tickrd: --by of a report takes minute or hour, not %s\n", value);
	return command->by != 0;
}

bool
report_command_take_format(struct report_command *command, const char *value)
{
	static const char *const words[] = {
		[REPORT_TABLE] = "table", [REPORT_JSON] = "json", [REPORT_CSV] = "csv"};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		if (strcmp(words[i], value) == 0) {
			command->format = (enum report_format)i;
			return true;
		}
	}
	fprintf(stderr, "tickrd: --format takes table, json or csv, not %s\n", value);
	return false;
}

static const struct report *
report_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(reports); i++)
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	return NULL;
}

bool
report_command_fits(const struct report_command *command)
{
	const struct report *report = report_find(command->name);

	if (report == NULL)
		fprintf(stderr, "tickrd: there is no report %s; see tickrd report --list\n",
			command->name);
	else if (command->since != 0 && report->since == 0)
		fprintf(stderr, "tickrd: the report %s shows the present: remove --since\n",
			report->name);
	else if (command->by != 0 && !report->takes_by)
		fprintf(stderr, "tickrd: the report %s has no minutes or hours: remove --by\n",
			report->name);
	else
		return true;
	return false;
}

void
report_command_list(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(reports); i++)
		printf("%-16s%s\n", reports[i].name, reports[i].meaning);
}

/* --- a report ------------------------------------------------------------------------------------ */

/*
 * Run SQL over WINDOW. True: the caller releases ANSWER, whose texts are in WEB, and WEB. False: PROBLEM says why
 * not, and there are neither.
 */
static bool
report_ask(struct clickhouse *clickhouse, const char *sql, const struct window *window,
	   struct answer *answer, struct web_answer *web, struct text *problem)
{
	char from[24], to[24], step[24];
	struct clickhouse_parameter parameters[] = {
		{"param_from", from},
		{"param_to", to},
		{"param_step", step},
		{"default_format", "TabSeparatedWithNamesAndTypes"},
		{NULL, NULL}};
	struct clickhouse_statement statement = {
		.text = sql,
		.parameters = parameters,
		.deadline_ms = clock_ms() + DEADLINE_MS,
		.most_answer = MOST_ANSWER,
	};

	snprintf(from, sizeof(from), "%" PRIu64, window->from);
	snprintf(to, sizeof(to), "%" PRIu64, window->to);
	snprintf(step, sizeof(step), "%" PRIu64, window->step);
	return clickhouse_ask(clickhouse, &statement, answer, web, problem);
}

/* Whether ClickHouse answers at all. False: PROBLEM says why not. */
static bool
report_probe(struct clickhouse *clickhouse, struct text *problem)
{
	const struct clickhouse_statement statement = {
		.text = "SELECT 1",
		.deadline_ms = clock_ms() + PROBE_MS,
		.most_answer = MOST_ANSWER,
	};
	struct web_answer web;
	unsigned code;

	if (!clickhouse_run(clickhouse, &statement, &web, &code, problem))
		return false;
	web_answer_free(&web);
	return true;
}

/* Add a line to NOTES for each fact that the rows of ANSWER do not show. */
static bool
report_add_notes(const struct report *report, struct clickhouse *clickhouse,
		 const struct window *window, const struct answer *answer, struct text *notes,
		 struct text *problem)
{
	char now[WINDOW_TIME_SIZE];
	struct answer spans;
	struct web_answer web;

	if (report->since == 0)
		return true;
	if (answer->rows == 0)
		text_add(notes, "no rows\n");
	if (report->only_whole)
		text_add(notes, "the first and the last span, which are not whole, are left out\n");
	if (window->is_last_partial) {
		window_write_time(now, window->to, 1);
		text_addf(notes, "the last span is not whole: it ends at %s\n", now);
	}
	if (report->is_of_requests)
		window_add_gaps(window, answer, MOST_GAPS, notes);
	if (report->spans_sql == NULL)
		return true;
	if (!report_ask(clickhouse, report->spans_sql, window, &spans, &web, problem))
		return false;
	window_add_gaps(window, &spans, MOST_GAPS, notes);
	answer_free(&spans);
	web_answer_free(&web);
	return true;
}

static void
report_print_json(const struct report *report, const struct window *window,
		  const struct answer *answer, char *notes)
{
	char from[WINDOW_TIME_SIZE], to[WINDOW_TIME_SIZE];
	const char *before = "";
	char *note;

	window_write_time(from, window->from, 1);
	window_write_time(to, window->to, 1);
	printf("{\"report\":\"%s\",", report->name);
	if (report->since != 0)
		printf("\"from\":\"%s\",\"to\":\"%s\",", from, to);
	fputs("\"notes\":[", stdout);
	while ((note = strsep(&notes, "\n")) != NULL) {
		if (note[0] == '\0')
			continue;
		fputs(before, stdout);
		table_print_json_string(note, stdout);
		before = ",";
	}
	fputs("],\"rows\":", stdout);
	table_print_json(answer, stdout);
	fputs("}\n", stdout);
}

static void
report_print(const struct report *report, enum report_format format, const struct window *window,
	     const struct answer *answer, char *notes)
{
	char from[WINDOW_TIME_SIZE], to[WINDOW_TIME_SIZE];

	switch (format) {
	case REPORT_JSON: report_print_json(report, window, answer, notes); return;
	case REPORT_CSV:
		table_print_csv(answer, stdout);
		fflush(stdout);
		fputs(notes, stderr);
		return;
	case REPORT_TABLE: break;
	}
	window_write_time(from, window->from, 1);
	window_write_time(to, window->to, 1);
	if (report->since != 0)
		printf("%s from %s to %s UTC\n\n", report->name, from, to);
	if (answer->rows > 0)
		table_print(answer, stdout);
	if (notes[0] != '\0')
		printf("%s%s", answer->rows > 0 ? "\n" : "", notes);
}

static int
report_fail(const char *problem, int status)
{
	fprintf(stderr, "tickrd: %s\n", problem);
	return status;
}

int
report_command_run(const struct config *config, const struct report_command *command)
{
	const struct report *report = report_find(command->name);
	uint64_t since = command->since != 0 ? command->since : report->since;
	uint64_t by = command->by != 0 ? command->by : report->by;
	char notes_memory[NOTES_SIZE], problem_memory[PROBLEM_SIZE];
	struct text notes = TEXT_OVER(notes_memory);
	struct text problem = TEXT_OVER(problem_memory);
	struct clickhouse *clickhouse;
	struct window window;
	struct web_answer web;
	struct answer answer;
	int status = EX_UNAVAILABLE;

	/* The second that has begun is part of the report. */
	if (!window_make(&window, (uint64_t)time(NULL) + 1, since, by, report->only_whole,
			 &problem))
		return report_fail(problem_memory, EX_USAGE);
	clickhouse = clickhouse_create_client(config);
	if (clickhouse == NULL)
		return EX_CONFIG;
	if (report_probe(clickhouse, &problem) &&
	    report_ask(clickhouse, report->sql, &window, &answer, &web, &problem)) {
		if (report_add_notes(report, clickhouse, &window, &answer, &notes, &problem)) {
			report_print(report, command->format, &window, &answer, notes_memory);
			status = fflush(stdout) == 0 && !ferror(stdout) ? 0 : EX_IOERR;
		}
		answer_free(&answer);
		web_answer_free(&web);
	}
	clickhouse_free(clickhouse);
	if (status == EX_UNAVAILABLE)
		return report_fail(problem_memory, status);
	return status == 0 ? 0 : report_fail("cannot write the report", status);
}
