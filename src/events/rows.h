/*
 * rows -- turns events and metrics into rows of the tables of sql/clickhouse/. Pure; one thread at a time.
 */
#ifndef TICKR_EVENTS_ROWS_H
#define TICKR_EVENTS_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/native.h"
#include "events/record.h"

enum rows_table {
	ROWS_EVENTS,   /* id_generation_events */
	ROWS_METRICS,  /* performance_metrics */
	ROWS_DRIFT,    /* clock_drift_events */
	ROWS_OVERFLOW, /* sequence_overflow_events */
	ROWS_TABLES
};

/* The name of TABLE. */
const char *rows_table_name(enum rows_table table);

/* Return an empty block of TABLE. */
struct native_block *rows_new(enum rows_table table) MUST_CHECK;

/* Add "(timestamp,datacenter_id,..)", the columns of TABLE in the order of its blocks. */
void rows_add_columns(enum rows_table table, struct text *text);

/* The table that RECORD belongs to. */
enum rows_table rows_table_of(const struct event_record *record) MUST_CHECK;

/* Add RECORD to BLOCK, which is of its table. INSTANCE names this process. */
void rows_add(struct native_block *block, const struct event_record *record, const char *instance);

/*
 * Add each sample of PAGE, metrics in the text format of Prometheus, to BLOCK, which is of ROWS_METRICS. The buckets of
 * histograms are left out: the table of events has each latency.
 */
void rows_add_metrics(struct native_block *block, const char *page, uint64_t time_ms, uint32_t node,
		      const char *instance);

#endif
