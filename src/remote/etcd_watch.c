/*
 * DESIGN
 *
 * The answer to a watch is a line of JSON for each revision, without an end. web.c hands its bytes over while it waits;
 * they are kept here until etcd_watch_read(), so that a caller's function may use the client.
 *
 * A watch goes on after the mod_revision of the last event that it brought, not after the revision in the header of an
 * answer. That one may be higher than revisions whose events have not been sent yet.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "remote/etcd_call.h"
#include "remote/etcd_json.h"

#define MOST_WORDS  200
#define MOST_UNREAD (16 * 1024 * 1024) /* bytes; more end the watch */

struct etcd_watch {
	struct etcd *etcd;
	const char *endpoint;
	struct web_stream *stream;
	char *bytes; /* received, and not read */
	size_t len, room;
	uint64_t next;
	bool is_ready;
	enum etcd_watch_state state;
};

static bool
etcd_watch_receive(void *arg, const char *bytes, size_t len)
{
	struct etcd_watch *watch = arg;

	if (len > MOST_UNREAD - watch->len)
		return false;
	if (watch->len + len > watch->room) {
		watch->room = 2 * (watch->len + len);
		watch->bytes = xrealloc(watch->bytes, watch->room);
	}
	memcpy(watch->bytes + watch->len, bytes, len);
	watch->len += len;
	return true;
}

static char *
etcd_watch_request(const char *prefix, size_t prefix_len, uint64_t from)
{
	json_t *create = json_object(), *request = json_object();
	char *end = xcalloc(1, prefix_len), *body;

	etcd_prefix_end(prefix, prefix_len, end);
	etcd_json_set_bytes(create, "key", prefix, prefix_len);
	etcd_json_set_bytes(create, "range_end", end, prefix_len);
	if (from > 0)
		etcd_json_set_number(create, "start_revision", from);
	json_object_set_new(request, "create_request", create);
	body = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	free(end);
	return body;
}

struct etcd_watch *
etcd_watch_open(struct etcd *etcd, const char *prefix, size_t prefix_len, uint64_t from)
{
	struct etcd_watch *watch = xcalloc(1, sizeof(*watch));
	char *body = etcd_watch_request(prefix, prefix_len, from);
	struct etcd_header header;
	char words[WEB_REASON_SIZE];
	struct text reason = TEXT_OVER(words);
	/* Without a token etcd refuses the watch, and etcd_watch_read() says so. */
	bool has_token = etcd_authenticate(etcd, clock_ms() + etcd->attempt_ms, &header, &reason) ==
				 ETCD_OK &&
			 etcd->authorization != NULL && etcd->authorization[0] != '\0';
	const char *const headers[] = {"Content-Type: application/json",
				       "Grpc-Metadata-hasleader: true",
				       has_token ? etcd->authorization : NULL, NULL};
	struct web_request request = {.method = "POST",
				      .path = "/v3/watch",
				      .headers = headers,
				      .body = body,
				      .body_len = strlen(body),
				      .connect_ms = etcd->attempt_ms};

	watch->etcd = etcd;
	watch->next = from;
	watch->endpoint = web_endpoint(etcd->web);
	watch->stream = web_stream_open(etcd->web, &request, etcd_watch_receive, watch);
	free(body);
	return watch;
}

void
etcd_watch_close(struct etcd_watch *watch)
{
	web_stream_close(watch->stream);
	free(watch->bytes);
	free(watch);
}

bool
etcd_watch_is_ready(const struct etcd_watch *watch)
{
	return watch->is_ready;
}

uint64_t
etcd_watch_next(const struct etcd_watch *watch)
{
	return watch->next;
}

/* --- events -------------------------------------------------------------------------------------- */

/* The watch of revision FROM 0 begins after the revision in which etcd made it. */
static void
etcd_watch_begin(struct etcd_watch *watch, const json_t *result)
{
	struct etcd_header header = {0};

	watch->is_ready = true;
	if (watch->next == 0 && etcd_json_header(result, &header))
		watch->next = header.revision + 1;
}

static bool
etcd_watch_take_event(struct etcd_watch *watch, const json_t *event, etcd_event_fn *each, void *arg)
{
	const char *type = json_string_value(json_object_get(event, "type"));
	struct etcd_pair pair;

	if (!etcd_json_pair(json_object_get(event, "kv"), &pair))
		return false;
	if (pair.mod_revision >= watch->next)
		watch->next = pair.mod_revision + 1;
	each(arg, &pair, type != NULL && strcmp(type, "DELETE") == 0);
	etcd_pair_clear(&pair);
	return true;
}

static enum etcd_watch_state
etcd_watch_take_result(struct etcd_watch *watch, const json_t *result, etcd_event_fn *each,
		       void *arg, struct text *reason)
{
	const json_t *events = json_object_get(result, "events");
	uint64_t compacted;

	if (json_is_true(json_object_get(result, "canceled"))) {
		const char *words = json_string_value(json_object_get(result, "cancel_reason"));

		if (etcd_json_number(result, "compact_revision", &compacted) && compacted > 0) {
			text_add(reason, "etcd has compacted the revisions to watch from");
			return ETCD_WATCH_COMPACTED;
		}
		text_addf(reason, "etcd has ended the watch: %s",
			  words != NULL ? words : "it does not say why");
		return ETCD_WATCH_ENDED;
	}
	if (json_is_true(json_object_get(result, "created")))
		etcd_watch_begin(watch, result);
	for (size_t i = 0; i < json_array_size(events); i++)
		if (!etcd_watch_take_event(watch, json_array_get(events, i), each, arg)) {
			text_add(reason, "an event of etcd cannot be read");
			return ETCD_WATCH_ENDED;
		}
	return ETCD_WATCHING;
}

/* Read one line: {"result":{..}}, or an error. */
static enum etcd_watch_state
etcd_watch_take_line(struct etcd_watch *watch, const char *line, size_t len, etcd_event_fn *each,
		     void *arg, struct text *reason)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	const json_t *result = json_object_get(json, "result");
	enum etcd_watch_state state = ETCD_WATCH_ENDED;

	if (json_is_object(result))
		state = etcd_watch_take_result(watch, result, each, arg, reason);
	else {
		const json_t *error = json_object_get(json, "error");
		const char *words = json_string_value(json_object_get(error, "message"));

		text_add(reason, "etcd has ended the watch: ");
		text_add_cut(reason, words != NULL ? words : "its answer is no event", MOST_WORDS);
	}
	json_decref(json);
	return state;
}

/* The server has ended the stream, or cannot be reached. */
static enum etcd_watch_state
etcd_watch_end(struct etcd_watch *watch, unsigned status)
{
	if (status == 401)
		etcd_forget_token(watch->etcd);
	if (web_endpoint(watch->etcd->web) == watch->endpoint)
		web_next_endpoint(watch->etcd->web);
	return ETCD_WATCH_ENDED;
}

enum etcd_watch_state
etcd_watch_read(struct etcd_watch *watch, etcd_event_fn *each, void *arg, struct text *reason)
{
	size_t at = 0;
	unsigned status;
	const char *end;

	while (watch->state == ETCD_WATCHING && at < watch->len &&
	       (end = memchr(watch->bytes + at, '\n', watch->len - at)) != NULL) {
		size_t len = (size_t)(end - (watch->bytes + at));

		if (len > 0)
			watch->state = etcd_watch_take_line(watch, watch->bytes + at, len, each,
							    arg, reason);
		at += len + 1;
	}
	if (at > 0) {
		memmove(watch->bytes, watch->bytes + at, watch->len - at);
		watch->len -= at;
	}
	if (watch->state == ETCD_WATCHING && !web_stream_is_open(watch->stream, &status, reason))
		watch->state = etcd_watch_end(watch, status);
	return watch->state;
}
