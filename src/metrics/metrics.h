/*
 * metrics -- counts what happens, and writes the page that Prometheus reads.
 *
 * Any thread; nothing here blocks or allocates. The counters are the process's, as
 * a scrape is: they are at file scope.
 */
#ifndef TICKR_METRICS_METRICS_H
#define TICKR_METRICS_METRICS_H

#include <stdint.h>

#include "base/text.h"
#include "ticket/database.h"
#include "ticket/status.h"

enum metric_route {
#define ROUTE(id, label) ROUTE_##id,
#include "metrics/counters.h"
	ROUTES
};

/* Why a connection was refused: the limit of the process, that of the machine, memory. */
enum accept_failure {
#define ACCEPT_FAILURE(id, label) ACCEPT_FAILURE_##id,
#include "metrics/counters.h"
	ACCEPT_FAILURES
};

enum metric_code {
#define CODE(code) CODE_##code,
#include "metrics/counters.h"
	CODES
};

/*
 * A metric with several label sets takes as many places; its id is the first. Where it is of a
 * database: METRIC_X + the number of the database, which has one place or more.
 */
enum metric {
#define METRIC(id, name, type, series, labels, help) \
	METRIC_##id, METRIC_##id##_END = METRIC_##id + (series)-1,
#define DATABASE_METRIC(id, name, type, series, labels, help) \
	METRIC(id, name, type, MOST_DATABASES *(series), labels, help)
#include "metrics/counters.h"
	METRICS
};

enum metric_histogram {
#define HISTOGRAM(id, name, bounds, help) HISTOGRAM_##id,
#define DATABASE_HISTOGRAM(id, name, bounds, help) \
	HISTOGRAM_##id, HISTOGRAM_##id##_END = HISTOGRAM_##id + MOST_DATABASES - 1,
#include "metrics/counters.h"
	HISTOGRAMS
};

/* Room for the whole page, whatever the numbers and the names. */
#define METRICS_PAGE_SIZE ((1 + MOST_DATABASES) * 65536)

void metrics_begin(void); /* once, at the start: when that is */

/*
 * At the start, before there are threads: the page shows the databases that were named, as
 * {database="NAME",node="NODE"}. NAME, of which it shows the first 300 bytes, is the caller's and
 * outlives every page.
 */
void metrics_name_database(unsigned database, const char *name, uint64_t node);

void metrics_add(enum metric metric, uint64_t n);
void metrics_subtract(enum metric metric, uint64_t n);
uint64_t metrics_get(enum metric metric);
void metrics_set(enum metric metric, uint64_t value);

/* CODE is the HTTP status; one that has no place of its own counts with its class: 400 or 500. */
void metrics_count_request(enum metric_route route, int code);

/* The system refused a connection, with the errno ERROR. */
void metrics_count_accept_failure(int error);
void metrics_count_reservation(unsigned database, enum ticket_status status);

/* VALUE in microseconds for a histogram of seconds, else a plain number. */
void metrics_observe(enum metric_histogram histogram, uint64_t value);

/* The page in Prometheus's text format, version 0.0.4. */
void metrics_write(struct text *page);

#endif
