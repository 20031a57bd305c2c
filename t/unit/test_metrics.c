#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "metrics/metrics.h"

static char page[METRICS_PAGE_SIZE];

/* The numbers of series in the table: of the process, and of each database. */
enum {
	SERIES = 2 * 18
#define METRIC(id, name, type, series, labels, help) +(series)
#include "metrics/counters.h"
	,
	SERIES_OF_A_DATABASE = 18 + 15
#define DATABASE_METRIC(id, name, type, series, labels, help) +(series)
#include "metrics/counters.h"
};

#define DATABASE "database=\"db1:3306\",node=\"3\""

static void
name_database(void)
{
	metrics_name_database(0, "db1:3306", 3);
}

TestSuite(metrics, .init = name_database);

static void
write_page(void)
{
	struct text text = TEXT_OVER(page);

	metrics_write(&text);
	cr_assert_not(text.is_truncated);
}

/* Return the number of SERIES, which is its line up to the blank. */
static double
value_of(const char *series)
{
	size_t len = strlen(series);

	for (const char *line = page; *line != '\0'; line = strchr(line, '\n') + 1)
		if (strncmp(line, series, len) == 0 && line[len] == ' ')
			return strtod(line + len + 1, NULL);
	cr_assert_fail("no series %s", series);
	return 0;
}

/* Return true if LINE is a series of the metric NAME. */
static bool
is_series_of(const char *line, const char *name)
{
	static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		size_t suffix_len = strlen(suffixes[i]);

		if (strncmp(line + len, suffixes[i], suffix_len) == 0 &&
		    (line[len + suffix_len] == ' ' || line[len + suffix_len] == '{'))
			return true;
	}
	return false;
}

Test(metrics, every_metric_has_help_and_type_before_its_series)
{
	char help[128] = "", type[128] = "", kind[32];
	unsigned series = 0;

	write_page();
	for (char *line = page, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		cr_assert_not_null(end, "the last line ends");
		if (sscanf(line, "# HELP %127s ", help) == 1) {
			continue;
		} else if (sscanf(line, "# TYPE %127s %31s", type, kind) == 2) {
			cr_assert_str_eq(type, help);
			cr_assert(strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0 ||
				  strcmp(kind, "histogram") == 0);
			continue;
		}
		cr_assert(is_series_of(line, type), "%.80s follows %s", line, type);
		cr_assert_str_eq(type, help);
		series++;
	}
	cr_assert_eq(series, SERIES + SERIES_OF_A_DATABASE, "%u", series);
}

Test(metrics, counters_end_in_total_and_gauges_do_not)
{
	char name[128], kind[32];

	write_page();
	for (const char *line = page; *line != '\0'; line = strchr(line, '\n') + 1) {
		size_t len;

		if (sscanf(line, "# TYPE %127s %31s", name, kind) != 2)
			continue;
		len = strlen(name);
		cr_assert_eq(strcmp(kind, "counter") == 0,
			     len > 6 && strcmp(name + len - 6, "_total") == 0, "%s", name);
	}
}

Test(metrics, the_largest_numbers_fit_the_page)
{
	char name[1000];

	memset(name, '"', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 1; i < MOST_DATABASES; i++)
		metrics_name_database(i, name, UINT64_MAX - i);
	for (unsigned i = 0; i < METRICS; i++)
		metrics_set((enum metric)i, UINT64_MAX);
	for (unsigned i = 0; i < HISTOGRAMS; i++)
		metrics_observe((enum metric_histogram)i, UINT64_MAX);
	metrics_show_sequences();
	write_page();
	cr_assert_lt(strlen(page), METRICS_PAGE_SIZE / 2);
	cr_assert_not_null(
		strstr(page, "\ntickr_last_ticket{" DATABASE "} 18446744073709551615\n"));
}

Test(metrics, a_pool_of_named_sequences_has_a_label)
{
	metrics_set(METRIC_DATABASE_UP + METRICS_SEQUENCES, 1);
	write_page();
	cr_assert_null(strstr(page, "pool=\"sequences\""), "without one");
	metrics_show_sequences();
	write_page();
	cr_assert_not_null(
		strstr(page, "\ntickr_database_up{" DATABASE ",pool=\"sequences\"} 1\n"));
	cr_assert_null(strstr(page, "\ntickr_last_ticket{" DATABASE ",pool"), "a clock has none");
}

Test(metrics, numbers_go_up_down_and_are_set)
{
	metrics_add(METRIC_SESSIONS_OPEN, 5);
	metrics_subtract(METRIC_SESSIONS_OPEN, 2);
	cr_assert_eq(metrics_get(METRIC_SESSIONS_OPEN), 3);
	metrics_set(METRIC_SESSIONS_OPEN, 9);
	cr_assert_eq(metrics_get(METRIC_SESSIONS_OPEN), 9);
}

Test(metrics, requests_count_by_route_and_code)
{
	static const struct {
		enum metric_route route;
		int code;
		const char *series;
	} cases[] = {
		{ROUTE_CREATE, 200,
		 "tickr_http_requests_total{route=\"/tickets/create\",code=\"200\"}"},
		{ROUTE_CREATE_MANY, 400,
		 "tickr_http_requests_total{route=\"/tickets/create/N\",code=\"400\"}"},
		{ROUTE_OTHER, 404, "tickr_http_requests_total{route=\"other\",code=\"404\"}"},
		{ROUTE_STATUS, 503, "tickr_http_requests_total{route=\"/status\",code=\"503\"}"},
		/* Codes that have no series. */
		{ROUTE_LIVEZ, 418, "tickr_http_requests_total{route=\"/livez\",code=\"400\"}"},
		{ROUTE_READYZ, 502, "tickr_http_requests_total{route=\"/readyz\",code=\"500\"}"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		for (size_t n = 0; n <= i; n++)
			metrics_count_request(cases[i].route, cases[i].code);
		write_page();
		cr_assert_eq(value_of(cases[i].series), (double)(i + 1), "%s", cases[i].series);
	}
}

Test(metrics, reservations_count_by_result)
{
	metrics_count_reservation(0, TICKET_OK);
	metrics_count_reservation(0, TICKET_DRAINING);
	metrics_count_reservation(0, TICKET_DRAINING);
	write_page();
	cr_assert_eq(value_of("tickr_reservations_total{" DATABASE ",result=\"ok\"}"), 1);
	cr_assert_eq(value_of("tickr_reservations_total{" DATABASE ",result=\"draining\"}"), 2);
	cr_assert_eq(value_of("tickr_reservations_total{" DATABASE ",result=\"timed_out\"}"), 0);
}

Test(metrics, buckets_are_cumulative_and_hold_their_bound)
{
	static const uint64_t observed[] = {0, 1, 2, 3, 10, 11, 100000, 100001, 5000000};

	for (size_t i = 0; i < ARRAY_LENGTH(observed); i++)
		metrics_observe(HISTOGRAM_RESERVATION_TICKETS, observed[i]);
	write_page();
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"1\"}"), 2);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"2\"}"), 3);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"5\"}"), 4);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"10\"}"), 5);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"20\"}"), 6);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"10000\"}"), 6);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"100000\"}"), 7);
	cr_assert_eq(value_of("tickr_reservation_tickets_bucket{" DATABASE ",le=\"+Inf\"}"), 9);
	cr_assert_eq(value_of("tickr_reservation_tickets_count{" DATABASE "}"), 9);
	cr_assert_eq(value_of("tickr_reservation_tickets_sum{" DATABASE "}"), 5200028);
}

Test(metrics, durations_are_shown_in_seconds)
{
	metrics_observe(HISTOGRAM_REQUEST_SECONDS, 250);
	metrics_observe(HISTOGRAM_REQUEST_SECONDS, 1500000);
	write_page();
	cr_assert_eq(value_of("tickr_http_request_seconds_bucket{le=\"0.0001\"}"), 0);
	cr_assert_eq(value_of("tickr_http_request_seconds_bucket{le=\"0.00025\"}"), 1);
	cr_assert_eq(value_of("tickr_http_request_seconds_bucket{le=\"2.5\"}"), 2);
	cr_assert_float_eq(value_of("tickr_http_request_seconds_sum"), 1.50025, 1e-9);
}

Test(metrics, the_start_time_is_set)
{
	metrics_begin();
	write_page();
	cr_assert_gt(value_of("process_start_time_seconds"), 1500000000);
	cr_assert_not_null(strstr(page, "\ntickr_build_info{version=\""));
}

Test(metrics, each_database_has_its_own_series)
{
	metrics_name_database(1, "/run/a \"b\\c\nd", 7);
	metrics_set(METRIC_DATABASE_UP, 1);
	metrics_set(METRIC_DATABASE_UP + 1, 0);
	metrics_count_reservation(0, TICKET_OK);
	metrics_count_reservation(1, TICKET_DATABASE_FAILED);
	metrics_observe(HISTOGRAM_RESERVATION_TICKETS + 1, 5);
	write_page();
	cr_assert_eq(value_of("tickr_database_up{" DATABASE "}"), 1);
	cr_assert_eq(value_of("tickr_reservations_total{" DATABASE ",result=\"ok\"}"), 1);
	cr_assert_eq(value_of("tickr_reservation_tickets_count{" DATABASE "}"), 0);
#define OTHER "database=\"/run/a \\\"b\\\\c\\nd\",node=\"7\""
	cr_assert_not_null(strstr(page, "\ntickr_database_up{" OTHER "} 0\n"));
	cr_assert_not_null(strstr(page, "\ntickr_reservations_total{" OTHER
					",result=\"database_failed\"} 1\n"));
	cr_assert_not_null(strstr(page, "\ntickr_reservation_tickets_sum{" OTHER "} 5"));
	cr_assert_null(strstr(page, "node=\"0\""), "nobody has named a third one");
}

/* Prometheus rejects a whole page for one byte that is not UTF-8. */
Test(metrics, names_are_utf8_even_if_paths_are_not)
{
	char name[400] = "/";

	while (strlen(name) < 310)
		strcat(name, "\xc3\xa4");
	metrics_name_database(1, name, 7);
	metrics_name_database(2,
			      "/\xe4/\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xab/"
			      "\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3",
			      8);
	write_page();
	name[299] = '\0'; /* the next letter would pass 300 bytes */
	cr_assert_not_null(strstr(page, name));
	cr_assert_not_null(strstr(page, "\xa4\",node=\"7\""));
	cr_assert_not_null(strstr(page, "\"/?/\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xab/??"
					"???"
					"????"
					"?\",node=\"8\""));
}
