/*
 * metrics -- counts events, and writes the page that Prometheus reads.
 *
 * Any thread. No function blocks or allocates. The counters are at file scope, because a scrape covers
 * the whole process.
 */
#ifndef TICKR_METRICS_METRICS_H
#define TICKR_METRICS_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "ticket/database.h"
#include "ticket/status.h"

/* The numbers of pools: those of tickets are the numbers of their databases, from 0. */
#define METRICS_SEQUENCES   MOST_DATABASES
#define METRICS_STORES	    (2 * MOST_DATABASES)
#define METRICS_MOST_STORES 16
#define METRICS_POOLS	    (METRICS_STORES + METRICS_MOST_STORES)

enum metric_route {
#define ROUTE(id, label) ROUTE_##id,
#include "metrics/counters.h"
	ROUTES
};

/* The limit that refused a connection: of the process, of the machine, or memory. */
enum accept_failure {
#define ACCEPT_FAILURE(id, label) ACCEPT_FAILURE_##id,
#include "metrics/counters.h"
	ACCEPT_FAILURES
};

/* Why an audit file could not be put into the bucket. */
enum upload_failure {
#define UPLOAD_FAILURE(id, label) UPLOAD_FAILURE_##id,
#include "metrics/counters.h"
	UPLOAD_FAILURES
};

enum metric_code {
#define CODE(code) CODE_##code,
#include "metrics/counters.h"
	CODES
};

enum metric_grpc_method {
#define GRPC_METHOD(id, label) GRPC_METHOD_##id,
#include "metrics/counters.h"
	GRPC_METHODS
};

/* The status codes of gRPC, with its numbers. */
enum grpc_code {
#define GRPC_CODE(id) GRPC_##id,
#include "metrics/counters.h"
	GRPC_CODES
};

/*
 * A metric takes a value for each of its label sets; its id is the first. A metric of a database takes
 * them for each database. If it has one label set, its id for a database is METRIC_X + the database's number.
 * The pool of the database's named sequences has the number METRICS_SEQUENCES + that of the database. That of a store
 * of TICKR_SEQUENCERS_FILE has METRICS_STORES + the number of the store.
 */
enum metric {
#define METRIC(id, name, type, series, labels, help) \
	METRIC_##id, METRIC_##id##_END = METRIC_##id + (series)-1,
#define DATABASE_METRIC(id, name, type, series, labels, help) \
	METRIC(id, name, type, METRICS_POOLS *(series), labels, help)
#include "metrics/counters.h"
	METRICS
};

enum metric_histogram {
#define HISTOGRAM(id, name, bounds, help) HISTOGRAM_##id,
#define DATABASE_HISTOGRAM(id, name, bounds, help) \
	HISTOGRAM_##id, HISTOGRAM_##id##_END = HISTOGRAM_##id + METRICS_POOLS - 1,
#include "metrics/counters.h"
	HISTOGRAMS
};

/* Enough for the page with the largest numbers and the longest names. */
#define METRICS_PAGE_SIZE ((1 + METRICS_POOLS) * 81920)

void metrics_begin(void); /* once, at the start of the process, whose time it sets */

/*
 * Name a database, at the start, before there are threads. The page shows all named databases, as
 * {database="NAME",node="NODE"}, with the first 300 bytes of NAME. The caller owns NAME, which must
 * outlive all pages.
 */
void metrics_name_database(unsigned database, const char *name, uint64_t node);

/* The page shows the pools of named sequences, too, with the label pool="sequences". Call as the function above. */
void metrics_show_sequences(void);

/*
 * Name a store of TICKR_SEQUENCERS_FILE, in order from 0. The page shows its pool with the label pool="store". Call as
 * the functions above.
 */
void metrics_name_store(unsigned store, const char *name, uint64_t node);

/* Change or read the first label set of METRIC. Add to METRIC for the others. */
void metrics_add(enum metric metric, uint64_t n);
void metrics_subtract(enum metric metric, uint64_t n);
uint64_t metrics_get(enum metric metric);
void metrics_set(enum metric metric, uint64_t value);

/* Set the gauges of COUNT databases to their STATES. */
void metrics_set_databases(const struct database_state *states, size_t count);

/* Set the gauges of TICKETS reserved ahead, which last for LASTS_MS at the present rate. */
void metrics_set_reserved(uint64_t tickets, uint64_t lasts_ms);

/* Count a request. An HTTP status CODE that is not in the table counts as 400 or 500. */
void metrics_count_request(enum metric_route route, int code);

/* Count a call that ended with CODE. */
void metrics_count_grpc(enum metric_grpc_method method, enum grpc_code code);

/* Count a connection that the system refused with the errno ERROR. */
void metrics_count_accept_failure(int error);

/* Count a reservation at the pool DATABASE, which may be one of METRICS_SEQUENCES or METRICS_STORES. */
void metrics_count_reservation(unsigned database, enum ticket_status status);

/* Count VALUE: microseconds for a histogram of seconds, else a plain number. */
void metrics_observe(enum metric_histogram histogram, uint64_t value);

/* Add the first 300 bytes of STRING as the text of a label. */
void metrics_add_escaped(struct text *page, const char *string);

/* Add the page in the text format of Prometheus, version 0.0.4. */
void metrics_write(struct text *page);

#endif
