/*
 * sink_clickhouse -- sends events and metrics to the tables of sql/clickhouse/.
 *
 *	exporter's thread: rows -> block of a table -> batch, compressed -> outbox
 *	sender's thread:   outbox -> INSERT -> done, or the same batch again
 *
 * A block becomes a batch at 100,000 rows or when it is a second old. Each batch has a token of its own, so ClickHouse
 * drops a repeat, and a batch whose answer was lost is sent again. The outbox has 64 MiB. If a batch does not fit any
 * more, its rows are dropped and counted.
 */
#ifndef TICKR_EVENTS_SINK_CLICKHOUSE_H
#define TICKR_EVENTS_SINK_CLICKHOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "events/sink.h"

struct sink_clickhouse_settings {
	const char *endpoint; /* as web_new() takes it */
	const char *database; /* letters, digits and "_" */
	const char *username;
	const char *password;
	const char *ca_file;  /* NULL: the system's authorities */
	const char *instance; /* names this process: no other process has the same */
	uint32_t node;	      /* of the metrics */
};

/* SETTINGS is copied; all that it points to outlives the sink. Return NULL without a thread, with errno. */
struct sink_clickhouse *
sink_clickhouse_new(const struct sink_clickhouse_settings *settings) MUST_CHECK;

struct event_sink sink_clickhouse_sink(struct sink_clickhouse *clickhouse) MUST_CHECK;

#endif
