#include <stdlib.h>
#include <string.h>

#include "events/rows.h"
#include "ticket/snowflake_id.h"

#define TIME "DateTime64(3, 'UTC')"

/* --- the columns --------------------------------------------------------------------------------- */

enum rows_event_column {
	EVENT_TIME,
	EVENT_DATACENTER,
	EVENT_WORKER,
	EVENT_NODE,
	EVENT_INSTANCE,
	EVENT_STORE_NAME,
	EVENT_SEQUENCE_NAME,
	EVENT_ID,
	EVENT_INCREMENT,
	EVENT_COUNT,
	EVENT_NUMBER,
	EVENT_LATENCY,
	EVENT_QUEUE,
	EVENT_CLIENT,
	EVENT_USER_AGENT,
	EVENT_REQUEST_NAME,
	EVENT_ERROR,
	EVENT_MESSAGE,
	EVENT_COLUMNS
};

static const struct native_column rows_event_columns[EVENT_COLUMNS] = {
	[EVENT_TIME] = {"timestamp", TIME},
	[EVENT_DATACENTER] = {"datacenter_id", "UInt16"},
	[EVENT_WORKER] = {"worker_id", "UInt16"},
	[EVENT_NODE] = {"node", "UInt32"},
	[EVENT_INSTANCE] = {"instance", "String"},
	[EVENT_STORE_NAME] = {"store", "String"},
	[EVENT_SEQUENCE_NAME] = {"sequence", "String"},
	[EVENT_ID] = {"generated_id", "Int64"},
	[EVENT_INCREMENT] = {"increment", "Int64"},
	[EVENT_COUNT] = {"id_count", "UInt32"},
	[EVENT_NUMBER] = {"sequence_number", "UInt16"},
	[EVENT_LATENCY] = {"generation_latency_us", "UInt32"},
	[EVENT_QUEUE] = {"queue_time_us", "UInt32"},
	[EVENT_CLIENT] = {"client_ip", "IPv6"},
	[EVENT_USER_AGENT] = {"client_user_agent", "String"},
	[EVENT_REQUEST_NAME] = {"request_id", "String"},
	[EVENT_ERROR] = {"error_code", "UInt16"},
	[EVENT_MESSAGE] = {"error_message", "String"},
};

/* These begin all tables but that of the events, which has them in the same order. */
enum rows_common_column {
	COMMON_TIME,
	COMMON_DATACENTER,
	COMMON_WORKER,
	COMMON_NODE,
	COMMON_INSTANCE,
	COMMON_COLUMNS
};

enum rows_metric_column { METRIC_NAME = COMMON_COLUMNS, METRIC_VALUE, METRIC_TAGS, METRIC_COLUMNS };

static const struct native_column rows_metric_columns[METRIC_COLUMNS] = {
	[COMMON_TIME] = {"timestamp", "DateTime('UTC')"},
	[COMMON_DATACENTER] = {"datacenter_id", "UInt16"},
	[COMMON_WORKER] = {"worker_id", "UInt16"},
	[COMMON_NODE] = {"node", "UInt32"},
	[COMMON_INSTANCE] = {"instance", "String"},
	[METRIC_NAME] = {"metric_name", "String"},
	[METRIC_VALUE] = {"metric_value", "Float64"},
	[METRIC_TAGS] = {"tags", "Map(String, String)"},
};

enum rows_drift_column {
	DRIFT_MS = COMMON_COLUMNS,
	DRIFT_SYSTEM_TIME,
	DRIFT_TRUE_TIME,
	DRIFT_ACTION,
	DRIFT_COLUMNS
};

static const struct native_column rows_drift_columns[DRIFT_COLUMNS] = {
	[COMMON_TIME] = {"timestamp", TIME},
	[COMMON_DATACENTER] = {"datacenter_id", "UInt16"},
	[COMMON_WORKER] = {"worker_id", "UInt16"},
	[COMMON_NODE] = {"node", "UInt32"},
	[COMMON_INSTANCE] = {"instance", "String"},
	[DRIFT_MS] = {"drift_ms", "Int64"},
	[DRIFT_SYSTEM_TIME] = {"system_time", TIME},
	[DRIFT_TRUE_TIME] = {"ntp_time", TIME},
	[DRIFT_ACTION] = {"corrective_action", "String"},
};

enum rows_overflow_column {
	OVERFLOW_COUNT = COMMON_COLUMNS,
	OVERFLOW_WAIT,
	OVERFLOW_MOST,
	OVERFLOW_QUEUED,
	OVERFLOW_LOAD,
	OVERFLOW_COLUMNS
};

static const struct native_column rows_overflow_columns[OVERFLOW_COLUMNS] = {
	[COMMON_TIME] = {"timestamp", TIME},
	[COMMON_DATACENTER] = {"datacenter_id", "UInt16"},
	[COMMON_WORKER] = {"worker_id", "UInt16"},
	[COMMON_NODE] = {"node", "UInt32"},
	[COMMON_INSTANCE] = {"instance", "String"},
	[OVERFLOW_COUNT] = {"overflow_count", "UInt32"},
	[OVERFLOW_WAIT] = {"wait_time_ms", "UInt32"},
	[OVERFLOW_MOST] = {"max_wait_ms", "UInt32"},
	[OVERFLOW_QUEUED] = {"requests_queued", "UInt32"},
	[OVERFLOW_LOAD] = {"load_factor", "Float32"},
};

static const struct {
	const char *name;
	const struct native_column *columns;
	size_t count;
} rows_tables[ROWS_TABLES] = {
	[ROWS_EVENTS] = {"id_generation_events", rows_event_columns, EVENT_COLUMNS},
	[ROWS_METRICS] = {"performance_metrics", rows_metric_columns, METRIC_COLUMNS},
	[ROWS_DRIFT] = {"clock_drift_events", rows_drift_columns, DRIFT_COLUMNS},
	[ROWS_OVERFLOW] = {"sequence_overflow_events", rows_overflow_columns, OVERFLOW_COLUMNS},
};

const char *
rows_table_name(enum rows_table table)
{
	return rows_tables[table].name;
}

struct native_block *
rows_new(enum rows_table table)
{
	return native_block_new(rows_tables[table].columns, rows_tables[table].count);
}

void
rows_add_columns(enum rows_table table, struct text *text)
{
	for (size_t i = 0; i < rows_tables[table].count; i++)
		text_addf(text, "%s%s", i == 0 ? "(" : ",", rows_tables[table].columns[i].name);
	text_add(text, ")");
}

/* --- events -------------------------------------------------------------------------------------- */

enum rows_table
rows_table_of(const struct event_record *record)
{
	switch ((enum event_kind)record->kind) {
	case EVENT_REQUEST: return ROWS_EVENTS;
	case EVENT_DRIFT: return ROWS_DRIFT;
	case EVENT_OVERFLOW: return ROWS_OVERFLOW;
	case EVENT_BREAKER:
	case EVENT_REFUSAL:
	case EVENT_KINDS: break;
	}
	return ROWS_METRICS;
}

static void
rows_add_record_text(struct native_block *block, size_t column, const struct event_record *record,
		     enum event_text which)
{
	size_t len;
	const char *text = event_record_text(record, which, &len);

	native_add_text(block, column, text, len);
}

static void
rows_add_common(struct native_block *block, const struct event_record *record, const char *instance)
{
	if (block->columns == rows_metric_columns)
		native_add_u32(block, COMMON_TIME, (uint32_t)(record->time_ms / 1000));
	else
		native_add_u64(block, COMMON_TIME, record->time_ms);
	native_add_u16(block, COMMON_DATACENTER, record->datacenter);
	native_add_u16(block, COMMON_WORKER, record->worker);
	native_add_u32(block, COMMON_NODE, record->node);
	native_add_text(block, COMMON_INSTANCE, instance, strlen(instance));
}

static void
rows_add_request(struct native_block *block, const struct event_record *record)
{
	const struct event_ids *ids = &record->ids;
	struct snowflake_parts parts = {0};

	if (record->has_worker && ids->count > 0 && !snowflake_id_split(ids->first, &parts))
		parts.sequence = 0;
	rows_add_record_text(block, EVENT_STORE_NAME, record, EVENT_STORE);
	rows_add_record_text(block, EVENT_SEQUENCE_NAME, record, EVENT_SEQUENCE);
	native_add_u64(block, EVENT_ID, ids->first);
	native_add_u64(block, EVENT_INCREMENT, ids->increment);
	native_add_u32(block, EVENT_COUNT, ids->count);
	native_add_u16(block, EVENT_NUMBER, (uint16_t)parts.sequence);
	native_add_u32(block, EVENT_LATENCY, ids->latency_us);
	native_add_u32(block, EVENT_QUEUE, ids->queue_us);
	native_add_bytes(block, EVENT_CLIENT, record->address, EVENT_ADDRESS_SIZE);
	rows_add_record_text(block, EVENT_USER_AGENT, record, EVENT_AGENT);
	rows_add_record_text(block, EVENT_REQUEST_NAME, record, EVENT_REQUEST_ID);
	native_add_u16(block, EVENT_ERROR, ids->status < 400 ? 0 : ids->status);
	rows_add_record_text(block, EVENT_MESSAGE, record, EVENT_WORDS);
}

static void
rows_add_drift(struct native_block *block, const struct event_record *record)
{
	native_add_u64(block, DRIFT_MS, (uint64_t)record->drift.drift_ms);
	native_add_u64(block, DRIFT_SYSTEM_TIME, record->drift.system_ms);
	native_add_u64(block, DRIFT_TRUE_TIME, record->drift.true_ms);
	rows_add_record_text(block, DRIFT_ACTION, record, EVENT_WORDS);
}

static void
rows_add_overflow(struct native_block *block, const struct event_record *record)
{
	native_add_u32(block, OVERFLOW_COUNT, record->overflow.count);
	native_add_u32(block, OVERFLOW_WAIT, record->overflow.wait_ms);
	native_add_u32(block, OVERFLOW_MOST, record->overflow.most_ms);
	native_add_u32(block, OVERFLOW_QUEUED, record->overflow.queued);
	native_add_f32(block, OVERFLOW_LOAD, record->overflow.load);
}

/* An event without a table of its own: a metric of value 1 that says in its tags what happened. */
static void
rows_add_other(struct native_block *block, const struct event_record *record)
{
	const char *kind = event_kind_name((enum event_kind)record->kind);
	size_t store_len, words_len;
	const char *store = event_record_text(record, EVENT_STORE, &store_len);
	const char *words = event_record_text(record, EVENT_WORDS, &words_len);

	native_add_text(block, METRIC_NAME, "tickr event", strlen("tickr event"));
	native_add_f64(block, METRIC_VALUE, 1);
	native_add_entry(block, "kind", strlen("kind"), kind, strlen(kind));
	native_add_entry(block, "database", strlen("database"), store, store_len);
	native_add_entry(block, "words", strlen("words"), words, words_len);
	native_end_map(block, METRIC_TAGS);
}

void
rows_add(struct native_block *block, const struct event_record *record, const char *instance)
{
	rows_add_common(block, record, instance);
	switch (rows_table_of(record)) {
	case ROWS_EVENTS: rows_add_request(block, record); break;
	case ROWS_DRIFT: rows_add_drift(block, record); break;
	case ROWS_OVERFLOW: rows_add_overflow(block, record); break;
	case ROWS_METRICS:
	case ROWS_TABLES: rows_add_other(block, record); break;
	}
	native_end_row(block);
}

/* --- metrics ------------------------------------------------------------------------------------- */

/* Add the labels NAME="VALUE",.. that begin at LABEL. Return the text after the closing brace. */
static const char *
rows_add_labels(struct native_block *block, const char *label)
{
	while (*label != '}' && *label != '\0') {
		const char *equals = strchr(label, '=');
		const char *value = equals != NULL ? equals + 2 : NULL;
		const char *end = value;

		if (value == NULL)
			break;
		while (*end != '"' && *end != '\0')
			end += *end == '\\' && end[1] != '\0' ? 2 : 1;
		native_add_entry(block, label, (size_t)(equals - label), value,
				 (size_t)(end - value));
		label = *end == '"' ? end + 1 : end;
		label += *label == ',';
	}
	return *label == '}' ? label + 1 : label;
}

static void
rows_add_sample(struct native_block *block, const char *line, const struct event_record *common,
		const char *instance)
{
	size_t name_len = strcspn(line, "{ ");
	const char *rest = line + name_len;

	rows_add_common(block, common, instance);
	native_add_text(block, METRIC_NAME, line, name_len);
	if (*rest == '{')
		rest = rows_add_labels(block, rest + 1);
	native_end_map(block, METRIC_TAGS);
	native_add_f64(block, METRIC_VALUE, strtod(rest, NULL));
	native_end_row(block);
}

void
rows_add_metrics(struct native_block *block, const char *page, uint64_t time_ms, uint32_t node,
		 const char *instance)
{
	const struct event_record common = {.time_ms = time_ms, .node = node};

	while (*page != '\0') {
		size_t len = strcspn(page, "\n");
		const char *bucket = memmem(page, len, "_bucket{", strlen("_bucket{"));

		if (len > 0 && page[0] != '#' && bucket == NULL)
			rows_add_sample(block, page, &common, instance);
		page += len + (page[len] == '\n');
	}
}
