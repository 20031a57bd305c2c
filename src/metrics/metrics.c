#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "build.h"

#include "base/attributes.h"
#include "metrics/metrics.h"

/* Upper bounds of buckets; the last bucket, +Inf, is not listed. */
#define MOST_BOUNDS 16
#define SECONDS                                                          \
	{100,	250,	500,	1000,	2500,	 5000,	  10000,  25000, \
	 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000},      \
		15, 1000000
#define TICKETS {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000, 100000}, 12, 1

static _Atomic uint64_t values[METRICS];

static struct {
	_Atomic uint64_t buckets[MOST_BOUNDS + 1]; /* each counts its own values only */
	_Atomic uint64_t sum;
} histograms[HISTOGRAMS];

static const struct {
	const char *name;
	const char *help;
	uint64_t bounds[MOST_BOUNDS];
	size_t bound_count;
	uint64_t unit; /* how many make one of the unit that is shown */
} histogram_table[] = {
#define HISTOGRAM(id, name, bounds, help) {name, help, bounds},
#include "metrics/counters.h"
};

static const char *const route_labels[] = {
#define ROUTE(id, label) label,
#include "metrics/counters.h"
};

static const int codes[] = {
#define CODE(code) code,
#include "metrics/counters.h"
};

static void
add_request_labels(struct text *page, unsigned series)
{
	text_addf(page, "{route=\"%s\",code=\"%d\"}", route_labels[series / CODES],
		  codes[series % CODES]);
}

static void
add_status_label(struct text *page, unsigned series)
{
	text_addf(page, "{result=\"%s\"}", ticket_status_name((enum ticket_status)series));
}

static void
add_build_labels(struct text *page, unsigned series)
{
	(void)series;
	text_addf(page, "{version=\"%s\"}", PACKAGE_VERSION);
}

static const struct {
	const char *name;
	const char *type;
	const char *help;
	enum metric first;
	unsigned series;
	void (*labels)(struct text *page, unsigned series);
} metric_table[] = {
#define METRIC(id, name, type, series, labels, help) \
	{name, type, help, METRIC_##id, series, labels},
#include "metrics/counters.h"
};

void
metrics_begin(void)
{
	metrics_set(METRIC_START_TIME, (uint64_t)time(NULL));
	metrics_set(METRIC_BUILD_INFO, 1);
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

static enum metric_code
place_of_code(int code)
{
	for (unsigned i = 0; i < CODES; i++)
		if (codes[i] == code)
			return (enum metric_code)i;
	return code < 500 ? CODE_400 : CODE_500;
}

void
metrics_count_request(enum metric_route route, int code)
{
	metrics_add(METRIC_HTTP_REQUESTS + route * CODES + place_of_code(code), 1);
}

void
metrics_count_reservation(enum ticket_status status)
{
	metrics_add(METRIC_RESERVATIONS + status, 1);
}

void
metrics_observe(enum metric_histogram histogram, uint64_t value)
{
	size_t bucket = 0;

	while (bucket < histogram_table[histogram].bound_count &&
	       value > histogram_table[histogram].bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&histograms[histogram].buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histograms[histogram].sum, value, memory_order_relaxed);
}

static void
write_metric(struct text *page, size_t row)
{
	text_addf(page, "# HELP %s %s\n# TYPE %s %s\n", metric_table[row].name,
		  metric_table[row].help, metric_table[row].name, metric_table[row].type);
	for (unsigned series = 0; series < metric_table[row].series; series++) {
		text_add(page, metric_table[row].name);
		if (metric_table[row].labels != NULL)
			metric_table[row].labels(page, series);
		text_addf(page, " %" PRIu64 "\n", metrics_get(metric_table[row].first + series));
	}
}

static void
write_histogram(struct text *page, size_t row)
{
	const char *name = histogram_table[row].name;
	double unit = (double)histogram_table[row].unit;
	uint64_t total = 0, sum;

	text_addf(page, "# HELP %s %s\n# TYPE %s histogram\n", name, histogram_table[row].help,
		  name);
	sum = atomic_load_explicit(&histograms[row].sum, memory_order_relaxed);
	for (size_t i = 0; i < histogram_table[row].bound_count; i++) {
		total += atomic_load_explicit(&histograms[row].buckets[i], memory_order_relaxed);
		text_addf(page, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			  (double)histogram_table[row].bounds[i] / unit, total);
	}
	total += atomic_load_explicit(&histograms[row].buckets[histogram_table[row].bound_count],
				      memory_order_relaxed);
	text_addf(page, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
	text_addf(page, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)sum / unit, name,
		  total);
}

void
metrics_write(struct text *page)
{
	for (size_t row = 0; row < ARRAY_LENGTH(metric_table); row++)
		write_metric(page, row);
	for (size_t row = 0; row < ARRAY_LENGTH(histogram_table); row++)
		write_histogram(page, row);
}
