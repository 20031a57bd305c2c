#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "build.h"

#include "base/attributes.h"
#include "base/log.h"
#include "metrics/metrics.h"

/* Upper bounds of buckets; the last bucket, +Inf, is not listed. */
#define MOST_BOUNDS 16
#define MOST_NAME   300 /* bytes shown of a database's name */
#define SECONDS                                                          \
	{100,	250,	500,	1000,	2500,	 5000,	  10000,  25000, \
	 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000},      \
		15, 1000000
#define TICKETS {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000, 100000}, 12, 1

enum histogram_row {
#define HISTOGRAM(id, name, bounds, help)	   ROW_##id,
#define DATABASE_HISTOGRAM(id, name, bounds, help) ROW_##id,
#include "metrics/counters.h"
};

static _Atomic uint64_t values[METRICS];

static struct {
	_Atomic uint64_t buckets[MOST_BOUNDS + 1]; /* not cumulative here */
	_Atomic uint64_t sum;
} histograms[HISTOGRAMS];

/* Main names the databases before it starts threads. */
static struct {
	const char *name;
	uint64_t node;
} databases[MOST_DATABASES + METRICS_MOST_STORES]; /* and the stores */
static unsigned database_count;
static unsigned store_count;
static bool has_sequences; /* the databases have pools of named sequences */

struct bounds {
	uint64_t upper[MOST_BOUNDS];
	size_t count;
	uint64_t unit; /* a value is divided by this for the page */
};

static const struct {
	const char *name;
	const char *help;
	enum metric_histogram first;
	bool is_of_databases;
	struct bounds bounds;
} histogram_table[] = {
#define HISTOGRAM(id, name, bounds, help)	   {name, help, HISTOGRAM_##id, false, {bounds}},
#define DATABASE_HISTOGRAM(id, name, bounds, help) {name, help, HISTOGRAM_##id, true, {bounds}},
#include "metrics/counters.h"
};

/* The row of each histogram in the table. */
static const unsigned char histogram_rows[HISTOGRAMS] = {
#define HISTOGRAM(id, name, bounds, help) [HISTOGRAM_##id] = ROW_##id,
#define DATABASE_HISTOGRAM(id, name, bounds, help) \
	[HISTOGRAM_##id... HISTOGRAM_##id##_END] = ROW_##id,
#include "metrics/counters.h"
};

static const char *const route_labels[] = {
#define ROUTE(id, label) label,
#include "metrics/counters.h"
};

static const char *const accept_failure_labels[] = {
#define ACCEPT_FAILURE(id, label) label,
#include "metrics/counters.h"
};

static const char *const upload_failure_labels[] = {
#define UPLOAD_FAILURE(id, label) label,
#include "metrics/counters.h"
};

static const int codes[] = {
#define CODE(code) code,
#include "metrics/counters.h"
};

static void
metrics_add_request_labels(struct text *page, unsigned series)
{
	text_addf(page, "{route=\"%s\",code=\"%d\"}", route_labels[series / CODES],
		  codes[series % CODES]);
}

static const char *const grpc_method_labels[] = {
#define GRPC_METHOD(id, label) label,
#include "metrics/counters.h"
};

static const char *const grpc_code_labels[] = {
#define GRPC_CODE(id) #id,
#include "metrics/counters.h"
};

static void
metrics_add_grpc_labels(struct text *page, unsigned series)
{
	text_addf(page, "{method=\"%s\",code=\"%s\"}", grpc_method_labels[series / GRPC_CODES],
		  grpc_code_labels[series % GRPC_CODES]);
}

static void
metrics_add_accept_failure_labels(struct text *page, unsigned series)
{
	text_addf(page, "{reason=\"%s\"}", accept_failure_labels[series]);
}

static void
metrics_add_upload_failure_labels(struct text *page, unsigned series)
{
	text_addf(page, "{reason=\"%s\"}", upload_failure_labels[series]);
}

/* Prometheus rejects a whole page for one byte that is not UTF-8. */
void
metrics_add_escaped(struct text *page, const char *string)
{
	size_t len;

	for (size_t i = 0; string[i] != '\0'; i += len > 0 ? len : 1) {
		len = text_letter_len(string + i);
		if (i + len > MOST_NAME || i == MOST_NAME)
			return;
		if (string[i] == '\n') {
			text_add(page, "\\n");
			continue;
		}
		if (string[i] == '\\' || string[i] == '"')
			text_add(page, "\\");
		text_add_bytes(page, len > 0 ? string + i : "?", len > 0 ? len : 1);
	}
}

/* Add the labels of a database without braces, because more labels may follow. */
static void
metrics_add_database(struct text *page, unsigned database)
{
	bool is_of_store = database >= METRICS_STORES;
	bool is_of_sequences = database >= METRICS_SEQUENCES && !is_of_store;

	if (is_of_store)
		database -= METRICS_STORES - MOST_DATABASES;
	if (is_of_sequences)
		database -= METRICS_SEQUENCES;
	text_add(page, "database=\"");
	metrics_add_escaped(page, databases[database].name);
	text_addf(page, "\",node=\"%" PRIu64 "\"%s", databases[database].node,
		  is_of_store	    ? ",pool=\"store\""
		  : is_of_sequences ? ",pool=\"sequences\""
				    : "");
}

static void
metrics_add_database_labels(struct text *page, unsigned series)
{
	text_add(page, "{");
	metrics_add_database(page, series);
	text_add(page, "}");
}

static void
metrics_add_reservation_labels(struct text *page, unsigned series)
{
	text_add(page, "{");
	metrics_add_database(page, series / TICKET_STATUSES);
	text_addf(page, ",result=\"%s\"}",
		  ticket_status_name((enum ticket_status)(series % TICKET_STATUSES)));
}

static void
metrics_add_build_labels(struct text *page, unsigned series)
{
	(void)series;
	text_addf(page, "{version=\"%s\"}", PACKAGE_VERSION);
}

static const struct {
	const char *name;
	const char *type;
	const char *help;
	enum metric first;
	unsigned series; /* for each database if is_of_databases */
	bool is_of_databases;
	bool is_of_sequences; /* of their pools of named sequences, too */
	bool is_milliseconds; /* the page shows seconds */
	void (*labels)(struct text *page, unsigned series);
} metric_table[] = {
#define METRIC(id, name, type, series, labels, help) \
	{name, type, help, METRIC_##id, series, false, false, false, labels},
#define DATABASE_METRIC(id, name, type, series, labels, help) \
	{name, type, help, METRIC_##id, series, true, false, false, labels},
#define POOL_METRIC(id, name, type, series, labels, help) \
	{name, type, help, METRIC_##id, series, true, true, false, labels},
#define SECONDS_METRIC(id, name, help) \
	{name, "gauge", help, METRIC_##id, 1, false, false, true, NULL},
#include "metrics/counters.h"
};

void
metrics_begin(void)
{
	metrics_set(METRIC_START_TIME, (uint64_t)time(NULL));
	metrics_set(METRIC_BUILD_INFO, 1);
}

void
metrics_name_database(unsigned database, const char *name, uint64_t node)
{
	assert(database < MOST_DATABASES && database <= database_count);
	databases[database].name = name;
	databases[database].node = node;
	if (database == database_count)
		database_count++;
}

void
metrics_show_sequences(void)
{
	has_sequences = true;
}

void
metrics_name_store(unsigned store, const char *name, uint64_t node)
{
	assert(store < METRICS_MOST_STORES && store <= store_count);
	databases[MOST_DATABASES + store].name = name;
	databases[MOST_DATABASES + store].node = node;
	if (store == store_count)
		store_count++;
}

void
metrics_add(enum metric metric, uint64_t n)
{
	atomic_fetch_add_explicit(&values[metric], n, memory_order_relaxed);
}

void
metrics_subtract(enum metric metric, uint64_t n)
{
	atomic_fetch_sub_explicit(&values[metric], n, memory_order_relaxed);
}

uint64_t
metrics_get(enum metric metric)
{
	return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void
metrics_set(enum metric metric, uint64_t value)
{
	atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

void
metrics_set_databases(const struct database_state *states, size_t count)
{
	uint64_t ticket;

	for (size_t i = 0; i < count; i++) {
		if (database_last_ticket(&states[i], &ticket))
			metrics_set(METRIC_LAST_TICKET + (unsigned)i, ticket);
		metrics_set(METRIC_TICKETS_LEFT + (unsigned)i,
			    space_left(states[i].space, states[i].newest_base));
		metrics_set(METRIC_DATABASE_UP + (unsigned)i, states[i].condition == DATABASE_UP);
		metrics_set(METRIC_DATABASE_REFUSED + (unsigned)i,
			    states[i].condition == DATABASE_REFUSED);
	}
}

void
metrics_set_reserved(uint64_t tickets, uint64_t lasts_ms)
{
	metrics_set(METRIC_TICKETS_RESERVED, tickets);
	metrics_set(METRIC_RESERVED_SECONDS, lasts_ms);
}

void
metrics_count_request(enum metric_route route, int code)
{
	unsigned column = code < 500 ? CODE_400 : CODE_500;

	for (unsigned i = 0; i < CODES; i++)
		if (codes[i] == code)
			column = i;
	metrics_add(METRIC_HTTP_REQUESTS + route * CODES + column, 1);
}

void
metrics_count_grpc(enum metric_grpc_method method, enum grpc_code code)
{
	metrics_add(METRIC_GRPC_REQUESTS + method * GRPC_CODES + code, 1);
}

void
metrics_count_accept_failure(int error)
{
	enum accept_failure reason = ACCEPT_FAILURE_OTHER;

	if (error == EMFILE)
		reason = ACCEPT_FAILURE_OPEN_FILES;
	else if (error == ENFILE)
		reason = ACCEPT_FAILURE_SYSTEM_FILES;
	else if (error == ENOMEM || error == ENOBUFS)
		reason = ACCEPT_FAILURE_MEMORY;
	metrics_add(METRIC_ACCEPT_FAILURES + reason, 1);
}

void
metrics_count_reservation(unsigned database, enum ticket_status status)
{
	metrics_add(METRIC_RESERVATIONS + database * TICKET_STATUSES + status, 1);
}

void
metrics_observe(enum metric_histogram histogram, uint64_t value)
{
	const struct bounds *bounds = &histogram_table[histogram_rows[histogram]].bounds;
	size_t bucket = 0;

	while (bucket < bounds->count && value > bounds->upper[bucket])
		bucket++;
	atomic_fetch_add_explicit(&histograms[histogram].buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histograms[histogram].sum, value, memory_order_relaxed);
}

/* Write COUNT lines of a metric, from the label set FIRST on. */
static void
metrics_write_lines(struct text *page, size_t row, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		uint64_t value = metrics_get(metric_table[row].first + i);

		text_add(page, metric_table[row].name);
		if (metric_table[row].labels != NULL)
			metric_table[row].labels(page, i);
		if (metric_table[row].is_milliseconds)
			text_addf(page, " %.3f\n", (double)value / 1000);
		else
			text_addf(page, " %" PRIu64 "\n", value);
	}
}

static void
metrics_write_metric(struct text *page, size_t row)
{
	unsigned series = metric_table[row].series;
	unsigned count = metric_table[row].is_of_databases ? database_count : 1;

	text_addf(page, "# HELP %s %s\n# TYPE %s %s\n", metric_table[row].name,
		  metric_table[row].help, metric_table[row].name, metric_table[row].type);
	metrics_write_lines(page, row, 0, series * count);
	if (metric_table[row].is_of_sequences && has_sequences)
		metrics_write_lines(page, row, series * METRICS_SEQUENCES, series * count);
	if (metric_table[row].is_of_sequences)
		metrics_write_lines(page, row, series * METRICS_STORES, series * store_count);
}

/* Add the name and the labels of a line of a histogram. LE is its bound, or NULL. */
static void
metrics_write_series(struct text *page, size_t row, unsigned database, const char *suffix,
		     const char *le)
{
	bool is_of_databases = histogram_table[row].is_of_databases;

	text_addf(page, "%s%s", histogram_table[row].name, suffix);
	if (!is_of_databases && le == NULL)
		return;
	text_add(page, "{");
	if (is_of_databases)
		metrics_add_database(page, database);
	if (le != NULL)
		text_addf(page, "%sle=\"%s\"", is_of_databases ? "," : "", le);
	text_add(page, "}");
}

static void
metrics_write_histogram(struct text *page, size_t row, unsigned database)
{
	const struct bounds *bounds = &histogram_table[row].bounds;
	enum metric_histogram histogram = histogram_table[row].first + database;
	double unit = (double)bounds->unit;
	uint64_t total = 0, sum;

	sum = atomic_load_explicit(&histograms[histogram].sum, memory_order_relaxed);
	for (size_t i = 0; i <= bounds->count; i++) {
		char le[32] = "+Inf";

		if (i < bounds->count)
			snprintf(le, sizeof(le), "%g", (double)bounds->upper[i] / unit);
		total += atomic_load_explicit(&histograms[histogram].buckets[i],
					      memory_order_relaxed);
		metrics_write_series(page, row, database, "_bucket", le);
		text_addf(page, " %" PRIu64 "\n", total);
	}
	metrics_write_series(page, row, database, "_sum", NULL);
	text_addf(page, " %.6f\n", (double)sum / unit);
	metrics_write_series(page, row, database, "_count", NULL);
	text_addf(page, " %" PRIu64 "\n", total);
}

static void
metrics_write_histograms(struct text *page, size_t row)
{
	bool is_of_databases = histogram_table[row].is_of_databases;
	unsigned count = is_of_databases ? database_count : 1;

	text_addf(page, "# HELP %s %s\n# TYPE %s histogram\n", histogram_table[row].name,
		  histogram_table[row].help, histogram_table[row].name);
	for (unsigned i = 0; i < count; i++)
		metrics_write_histogram(page, row, i);
	for (unsigned i = 0; i < count && is_of_databases && has_sequences; i++)
		metrics_write_histogram(page, row, METRICS_SEQUENCES + i);
	for (unsigned i = 0; i < store_count && is_of_databases; i++)
		metrics_write_histogram(page, row, METRICS_STORES + i);
}

void
metrics_write(struct text *page)
{
	metrics_set(METRIC_LOG_LINES_DROPPED, log_dropped());
	for (size_t row = 0; row < ARRAY_LENGTH(metric_table); row++)
		metrics_write_metric(page, row);
	for (size_t row = 0; row < ARRAY_LENGTH(histogram_table); row++)
		metrics_write_histograms(page, row);
}
