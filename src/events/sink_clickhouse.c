#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "events/outbox.h"
#include "events/rows.h"
#include "events/sink_clickhouse.h"
#include "events/squeeze.h"
#include "events/verdict.h"
#include "metrics/metrics.h"
#include "remote/web.h"

#define BATCH_ROWS	 100000
#define BATCH_BYTES	 (32u << 20) /* before the compression */
#define BATCH_AGE_MS	 1000
#define OUTBOX_BYTES	 (64u << 20)
#define METRICS_EVERY_MS 10000
#define REQUEST_MS	 15000
#define CONNECT_MS	 5000
#define MOST_ANSWER	 65536
#define FIRST_PAUSE_MS	 250
#define MOST_PAUSE_MS	 10000
#define MOST_STOP_MS	 3000 /* the longest time that a stop waits for ClickHouse */
#define PATH_SIZE	 2048
#define HEADER_SIZE	 1024
#define LAST_WORDS_SIZE	 512

enum clickhouse_state {
	CLICKHOUSE_WORKS,
	CLICKHOUSE_AWAY,    /* batches wait, and are sent again */
	CLICKHOUSE_REFUSES, /* its tables or its user are wrong: batches are dropped */
};

struct sink_clickhouse {
	struct sink_clickhouse_settings settings;
	struct outbox *outbox;
	struct web *web; /* the sender's */
	pthread_t sender;

	/* The exporter's thread: */
	struct native_block *blocks[ROWS_TABLES]; /* NULL: empty */
	uint64_t began_ms[ROWS_TABLES];
	uint64_t metrics_due_ms;
	uint64_t numbers; /* batches so far */

	/* The sender's thread: */
	char user_header[HEADER_SIZE];
	char key_header[HEADER_SIZE];
	uint64_t state_since_ms;

	struct {
		pthread_mutex_t mutex; /* of both fields; the sender changes them */
		enum clickhouse_state state;
		char words[LAST_WORDS_SIZE]; /* of the last error; "": none */
	} shared;
};

/* --- the exporter's thread ----------------------------------------------------------------------- */

/* Rows are lost: the outbox is full. The sender logs why ClickHouse does not take them. */
static void
clickhouse_drop(struct outbox_batch *batch)
{
	metrics_add(METRIC_CLICKHOUSE_DROPPED, batch->rows);
	native_bytes_free(&batch->body);
	free(batch);
}

/* Make a batch of the block of TABLE. Return false if it was dropped. */
static bool
clickhouse_seal(struct sink_clickhouse *clickhouse, enum rows_table table)
{
	struct native_block *block = clickhouse->blocks[table];
	struct outbox_batch *batch;
	struct native_bytes plain = {0};

	if (block == NULL)
		return true;
	batch = xcalloc(1, sizeof(*batch));
	batch->table = table;
	batch->rows = block->rows;
	batch->number = ++clickhouse->numbers;
	native_write(block, &plain);
	batch->body = squeeze(&plain);
	native_block_free(block);
	clickhouse->blocks[table] = NULL;
	if (outbox_put(clickhouse->outbox, batch))
		return true;
	clickhouse_drop(batch);
	return false;
}

static struct native_block *
clickhouse_block(struct sink_clickhouse *clickhouse, enum rows_table table)
{
	if (clickhouse->blocks[table] == NULL) {
		clickhouse->blocks[table] = rows_new(table);
		clickhouse->began_ms[table] = clock_ms();
	}
	return clickhouse->blocks[table];
}

static bool
clickhouse_write(void *self, const struct event_record *const *records, size_t count)
{
	struct sink_clickhouse *clickhouse = self;
	bool is_kept = true;

	for (size_t i = 0; i < count; i++) {
		enum rows_table table = rows_table_of(records[i]);
		struct native_block *block = clickhouse_block(clickhouse, table);

		rows_add(block, records[i], clickhouse->settings.instance);
		if (block->rows >= BATCH_ROWS || block->len >= BATCH_BYTES)
			is_kept = clickhouse_seal(clickhouse, table) && is_kept;
	}
	return is_kept;
}

static void
clickhouse_add_metrics(struct sink_clickhouse *clickhouse)
{
	char *memory = xcalloc(1, METRICS_PAGE_SIZE);
	struct text page = text_over(memory, METRICS_PAGE_SIZE);

	metrics_write(&page);
	rows_add_metrics(clickhouse_block(clickhouse, ROWS_METRICS), memory, clock_utc_ms(),
			 clickhouse->settings.node, clickhouse->settings.instance);
	free(memory);
}

static void
clickhouse_tick(void *self, uint64_t now_ms)
{
	struct sink_clickhouse *clickhouse = self;

	if (now_ms >= clickhouse->metrics_due_ms) {
		clickhouse->metrics_due_ms = now_ms + METRICS_EVERY_MS;
		clickhouse_add_metrics(clickhouse);
	}
	for (unsigned i = 0; i < ROWS_TABLES; i++)
		if (clickhouse->blocks[i] != NULL &&
		    now_ms >= clickhouse->began_ms[i] + BATCH_AGE_MS)
			(void)clickhouse_seal(clickhouse, (enum rows_table)i);
	metrics_set(METRIC_CLICKHOUSE_WAITING, outbox_rows(clickhouse->outbox));
}

static void
clickhouse_end(void *self, uint64_t deadline_ms)
{
	struct sink_clickhouse *clickhouse = self;
	uint64_t latest_ms = clock_ms() + MOST_STOP_MS;
	uint64_t before = metrics_get(METRIC_CLICKHOUSE_DROPPED);

	clickhouse_add_metrics(clickhouse);
	for (unsigned i = 0; i < ROWS_TABLES; i++)
		(void)clickhouse_seal(clickhouse, (enum rows_table)i);
	outbox_close(clickhouse->outbox);
	if (!outbox_wait_empty(clickhouse->outbox,
			       deadline_ms < latest_ms ? deadline_ms : latest_ms))
		web_stop(clickhouse->web);
	pthread_join(clickhouse->sender, NULL);
	clickhouse->sender = 0;
	if (metrics_get(METRIC_CLICKHOUSE_DROPPED) > before)
		log_warn("events were not sent before the stop",
			 LOG_NUMBER("rows", metrics_get(METRIC_CLICKHOUSE_DROPPED) - before));
}

/* --- the sender's thread ------------------------------------------------------------------------- */

static void
clickhouse_log(const struct sink_clickhouse *clickhouse, enum clickhouse_state state,
	       const char *words)
{
	uint64_t dropped = metrics_get(METRIC_CLICKHOUSE_DROPPED);

	switch (state) {
	case CLICKHOUSE_WORKS:
		log_info("ClickHouse takes events again",
			 LOG_ELAPSED("outage_seconds", clock_ms() - clickhouse->state_since_ms),
			 LOG_NUMBER("rows_dropped", dropped));
		break;
	case CLICKHOUSE_AWAY:
		log_warn("ClickHouse does not take events; they wait", LOG_TEXT("reason", words),
			 LOG_NUMBER("rows_dropped", dropped));
		break;
	case CLICKHOUSE_REFUSES:
		log_error("ClickHouse refused events; they are dropped", LOG_TEXT("reason", words),
			  LOG_NUMBER("rows_dropped", dropped));
		break;
	}
}

/* Log changes only: an outage is one line. */
static void
clickhouse_set_state(struct sink_clickhouse *clickhouse, enum clickhouse_state state,
		     const char *words)
{
	struct text kept;
	enum clickhouse_state before;

	pthread_mutex_lock(&clickhouse->shared.mutex);
	before = clickhouse->shared.state;
	clickhouse->shared.state = state;
	if (state != CLICKHOUSE_WORKS) {
		kept = TEXT_OVER(clickhouse->shared.words);
		text_add(&kept, words);
	}
	pthread_mutex_unlock(&clickhouse->shared.mutex);
	metrics_set(METRIC_CLICKHOUSE_UP, state == CLICKHOUSE_WORKS);
	if (state != CLICKHOUSE_WORKS)
		metrics_set(METRIC_CLICKHOUSE_LAST_ERROR, clock_utc_ms() / 1000);
	if (state == before)
		return;
	clickhouse_log(clickhouse, state, words);
	clickhouse->state_since_ms = clock_ms();
}

/* Add TEXT as a part of a query, in the coding of URLs. */
static void
clickhouse_add_encoded(struct text *path, const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		    (*text >= '0' && *text <= '9') || *text == '_')
			text_add_bytes(path, text, 1);
		else
			text_addf(path, "%%%02X", (unsigned char)*text);
}

/*
 * The views must drop a repeat too, also if ClickHouse died between the table and a view. An error must be the
 * status of the answer, so ClickHouse may not send a part of it before.
 */
static void
clickhouse_add_path(const struct sink_clickhouse *clickhouse, const struct outbox_batch *batch,
		    struct text *path)
{
	char memory[PATH_SIZE];
	struct text query = TEXT_OVER(memory);

	text_addf(&query, "INSERT INTO %s ", rows_table_name(batch->table));
	rows_add_columns(batch->table, &query);
	text_add(&query, " FORMAT Native");
	text_addf(
		path,
		"/?database=%s&async_insert=0&deduplicate_blocks_in_dependent_materialized_views=1"
		"&insert_deduplication_token=%s-%" PRIu64 "&query=",
		clickhouse->settings.database, clickhouse->settings.instance, batch->number);
	clickhouse_add_encoded(path, memory);
}

/* Send BATCH once. WORDS says why it was not taken. */
static enum verdict
clickhouse_try(struct sink_clickhouse *clickhouse, const struct outbox_batch *batch,
	       struct text *words)
{
	char memory[PATH_SIZE];
	struct text path = TEXT_OVER(memory);
	const char *headers[] = {clickhouse->user_header, clickhouse->key_header,
				 "Content-Type: application/octet-stream", squeeze_header(), NULL};
	struct web_request request = {.method = "POST",
				      .path = memory,
				      .headers = headers,
				      .body = batch->body.start,
				      .body_len = batch->body.len,
				      .deadline_ms = clock_ms() + REQUEST_MS,
				      .connect_ms = CONNECT_MS,
				      .most_answer = MOST_ANSWER};
	struct web_answer answer;
	enum web_result result;
	enum verdict verdict;
	const char *code;
	size_t len = 0;

	clickhouse_add_path(clickhouse, batch, &path);
	result = web_send(clickhouse->web, &request, &answer, words);
	if (result != WEB_ANSWERED)
		return result == WEB_TOO_LARGE ? VERDICT_NEVER : VERDICT_AGAIN;
	code = web_answer_header(&answer, "X-ClickHouse-Exception-Code", &len);
	verdict = verdict_of(answer.status, code, len);
	if (verdict == VERDICT_SENT)
		verdict = verdict_of_body(answer.body, answer.body_len);
	if (verdict != VERDICT_SENT) {
		text_addf(words, "%s, HTTP %u: ", rows_table_name(batch->table), answer.status);
		verdict_add_words(answer.body, answer.body_len, words);
	}
	web_answer_free(&answer);
	return verdict;
}

/* Send BATCH until ClickHouse takes or refuses it, or the outbox is closed while ClickHouse is away. */
static void
clickhouse_send(struct sink_clickhouse *clickhouse, struct outbox_batch *batch)
{
	uint64_t pause_ms = FIRST_PAUSE_MS;
	bool is_late = false;

	for (;;) {
		char memory[LAST_WORDS_SIZE];
		struct text words = TEXT_OVER(memory);
		enum verdict verdict = clickhouse_try(clickhouse, batch, &words);

		if (verdict == VERDICT_SENT) {
			metrics_add(METRIC_CLICKHOUSE_SENT, batch->rows);
			metrics_add(METRIC_CLICKHOUSE_LATE, is_late ? batch->rows : 0);
			clickhouse_set_state(clickhouse, CLICKHOUSE_WORKS, "");
			return;
		}
		clickhouse_set_state(
			clickhouse, verdict == VERDICT_AGAIN ? CLICKHOUSE_AWAY : CLICKHOUSE_REFUSES,
			memory);
		if (verdict == VERDICT_NEVER || !outbox_pause(clickhouse->outbox, pause_ms))
			break;
		metrics_add(METRIC_CLICKHOUSE_RETRIES, 1);
		is_late = true;
		pause_ms = 2 * pause_ms < MOST_PAUSE_MS ? 2 * pause_ms : MOST_PAUSE_MS;
	}
	metrics_add(METRIC_CLICKHOUSE_DROPPED, batch->rows);
}

static void *
clickhouse_sender_main(void *arg)
{
	struct sink_clickhouse *clickhouse = arg;
	struct outbox_batch *batch;

	while ((batch = outbox_take(clickhouse->outbox)) != NULL) {
		clickhouse_send(clickhouse, batch);
		outbox_done(clickhouse->outbox, batch);
	}
	return NULL;
}

/* --- the sink ------------------------------------------------------------------------------------ */

static bool
clickhouse_status(void *self, struct text *problem)
{
	struct sink_clickhouse *clickhouse = self;
	bool works;

	pthread_mutex_lock(&clickhouse->shared.mutex);
	works = clickhouse->shared.state == CLICKHOUSE_WORKS;
	if (!works)
		text_add(problem, clickhouse->shared.words);
	pthread_mutex_unlock(&clickhouse->shared.mutex);
	return works;
}

static void
clickhouse_tally(void *self, struct event_tally *tally)
{
	struct sink_clickhouse *clickhouse = self;

	tally->sent = metrics_get(METRIC_CLICKHOUSE_SENT);
	tally->dropped = metrics_get(METRIC_CLICKHOUSE_DROPPED);
	pthread_mutex_lock(&clickhouse->shared.mutex);
	text_add(tally->last_error, clickhouse->shared.words);
	pthread_mutex_unlock(&clickhouse->shared.mutex);
}

/* The sender of a sink whose exporter never ran has not ended yet. */
static void
clickhouse_free(void *self)
{
	struct sink_clickhouse *clickhouse = self;

	if (clickhouse->sender != 0) {
		outbox_close(clickhouse->outbox);
		web_stop(clickhouse->web);
		pthread_join(clickhouse->sender, NULL);
	}
	for (unsigned i = 0; i < ROWS_TABLES; i++)
		native_block_free(clickhouse->blocks[i]);
	web_free(clickhouse->web);
	outbox_free(clickhouse->outbox);
	pthread_mutex_destroy(&clickhouse->shared.mutex);
	explicit_bzero(clickhouse->key_header, sizeof(clickhouse->key_header));
	free(clickhouse);
}

static const struct event_sink_type sink_clickhouse_type = {
	.name = "clickhouse",
	.write = clickhouse_write,
	.tick = clickhouse_tick,
	.end = clickhouse_end,
	.status = clickhouse_status,
	.tally = clickhouse_tally,
	.free = clickhouse_free,
};

struct sink_clickhouse *
sink_clickhouse_new(const struct sink_clickhouse_settings *settings)
{
	struct sink_clickhouse *clickhouse = xcalloc(1, sizeof(*clickhouse));
	const struct web_settings web = {.endpoints = &clickhouse->settings.endpoint,
					 .endpoints_count = 1,
					 .ca_file = settings->ca_file};
	struct text user = TEXT_OVER(clickhouse->user_header);
	struct text key = TEXT_OVER(clickhouse->key_header);

	clickhouse->settings = *settings;
	text_addf(&user, "X-ClickHouse-User: %s", settings->username);
	text_addf(&key, "X-ClickHouse-Key: %s", settings->password);
	clickhouse->web = web_new(&web);
	clickhouse->outbox = outbox_new(OUTBOX_BYTES);
	pthread_mutex_init(&clickhouse->shared.mutex, NULL);
	clickhouse->state_since_ms = clock_ms();
	metrics_set(METRIC_CLICKHOUSE_UP, 1);
	errno = pthread_create(&clickhouse->sender, NULL, clickhouse_sender_main, clickhouse);
	if (errno == 0)
		return clickhouse;
	clickhouse->sender = 0;
	clickhouse_free(clickhouse);
	return NULL;
}

struct event_sink
sink_clickhouse_sink(struct sink_clickhouse *clickhouse)
{
	return (struct event_sink){&sink_clickhouse_type, clickhouse, false};
}
