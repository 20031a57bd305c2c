/*
 * DESIGN
 *
 * All transfers of a client are in one multi handle of libcurl: the request of web_send(), and the streams. Both
 * web_send() and web_wait() drive all of them. So one thread can keep a watch open and send requests, and web_wake()
 * has one place to wake, curl_multi_poll().
 *
 * The bytes that web_wake() sends to that place may end the wait of a request, which goes on. The flag IS_WOKEN keeps
 * the event for web_wait().
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "remote/web_transfer.h"

#define LONGEST_POLL_MS 60000

struct web_stream {
	struct web *web;
	const char *endpoint;
	struct web_transfer transfer;
	TAILQ_ENTRY(web_stream) link;
};
TAILQ_HEAD(web_streams, web_stream);

struct web {
	struct web_settings settings; /* owned copies */
	size_t present;		      /* endpoint */
	CURLM *multi;
	struct web_transfer request; /* of web_send() */
	struct web_streams streams;

	atomic_bool is_woken, is_stopped;
};

bool
web_is_built(void)
{
	return true;
}

bool
web_begin(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void
web_end(void)
{
	curl_global_cleanup();
}

/* --- endpoints ----------------------------------------------------------------------------------- */

const char *
web_endpoint(const struct web *web)
{
	return web->settings.endpoints[web->present];
}

void
web_next_endpoint(struct web *web)
{
	web->present = (web->present + 1) % web->settings.endpoints_count;
}

/* --- the client ---------------------------------------------------------------------------------- */

static char *
web_copy(const char *words)
{
	return words != NULL ? xstrdup(words) : NULL;
}

struct web *
web_new(const struct web_settings *settings)
{
	struct web *web = xcalloc(1, sizeof(*web));
	char **endpoints = xcalloc(settings->endpoints_count, sizeof(*endpoints));

	assert(settings->endpoints_count > 0);
	for (size_t i = 0; i < settings->endpoints_count; i++)
		endpoints[i] = xstrdup(settings->endpoints[i]);
	web->settings = (struct web_settings){
		.endpoints = (const char *const *)endpoints,
		.endpoints_count = settings->endpoints_count,
		.ca_file = web_copy(settings->ca_file),
		.cert_file = web_copy(settings->cert_file),
		.key_file = web_copy(settings->key_file),
	};
	TAILQ_INIT(&web->streams);
	web->multi = curl_multi_init();
	assert(web->multi != NULL);
	return web;
}

void
web_free(struct web *web)
{
	assert(TAILQ_EMPTY(&web->streams));
	web_transfer_destroy(&web->request);
	curl_multi_cleanup(web->multi);
	for (size_t i = 0; i < web->settings.endpoints_count; i++)
		free((void *)web->settings.endpoints[i]);
	free((void *)web->settings.endpoints);
	free((void *)web->settings.ca_file);
	free((void *)web->settings.cert_file);
	free((void *)web->settings.key_file);
	free(web);
}

static bool
web_is_stopped(struct web *web)
{
	return atomic_load(&web->is_stopped);
}

void
web_wake(struct web *web)
{
	atomic_store(&web->is_woken, true);
	curl_multi_wakeup(web->multi);
}

void
web_stop(struct web *web)
{
	atomic_store(&web->is_stopped, true);
	curl_multi_wakeup(web->multi);
}

/* --- driving the transfers ----------------------------------------------------------------------- */

static void
web_begin_transfer(struct web *web, struct web_transfer *transfer)
{
	CURLMcode code = curl_multi_add_handle(web->multi, transfer->easy);

	assert(code == CURLM_OK);
	(void)code;
}

/* Move all transfers as far as they go without waiting, and note which have ended. */
static void
web_perform(struct web *web)
{
	int running, left;
	CURLMcode code = curl_multi_perform(web->multi, &running);
	CURLMsg *message;

	assert(code == CURLM_OK);
	(void)code;
	while ((message = curl_multi_info_read(web->multi, &left)) != NULL) {
		struct web_transfer *transfer;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer->is_ended = true;
		transfer->is_received = true;
		transfer->code = message->data.result;
	}
}

/* Wait until something happens, or it is UNTIL_MS. */
static void
web_poll(struct web *web, uint64_t until_ms)
{
	uint64_t now = clock_ms(), left = until_ms > now ? until_ms - now : 0;

	curl_multi_poll(web->multi, NULL, 0, (int)(left < LONGEST_POLL_MS ? left : LONGEST_POLL_MS),
			NULL);
}

/* --- a request ----------------------------------------------------------------------------------- */

static void
web_take_answer(struct web *web, struct web_transfer *transfer, struct web_answer *answer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	*answer = (struct web_answer){
		.status = (unsigned)status,
		.body = transfer->body != NULL ? transfer->body : xcalloc(1, 1),
		.body_len = transfer->body_len,
		.headers =
			transfer->answer_headers != NULL ? transfer->answer_headers : xcalloc(1, 1),
		.endpoint = web_endpoint(web),
	};
	transfer->body = NULL;
	transfer->answer_headers = NULL;
}

static void
web_explain(const struct web_transfer *transfer, const char *endpoint, struct text *reason)
{
	if (transfer->is_too_large)
		text_addf(reason, "the answer of %s is longer than %zu bytes", endpoint,
			  transfer->most_answer);
	else if (!transfer->is_ended)
		text_addf(reason, "no answer from %s in time", endpoint);
	else
		text_addf(reason, "%s %s: %s",
			  transfer->is_sent ? "no answer from" : "cannot reach", endpoint,
			  transfer->error[0] != '\0' ? transfer->error
						     : curl_easy_strerror(transfer->code));
}

static enum web_result
web_finish(struct web *web, struct web_answer *answer, struct text *reason)
{
	struct web_transfer *transfer = &web->request;
	enum web_result result = transfer->is_sent ? WEB_UNKNOWN : WEB_NOT_SENT;

	if (transfer->is_ended)
		result = web_transfer_result(transfer);
	else if (web_is_stopped(web)) {
		text_add(reason, "the client is being stopped");
		return WEB_STOPPED;
	}
	if (result == WEB_ANSWERED) {
		web_take_answer(web, transfer, answer);
		return result;
	}
	web_explain(transfer, web_endpoint(web), reason);
	web_next_endpoint(web);
	return result;
}

enum web_result
web_send(struct web *web, const struct web_request *request, struct web_answer *answer,
	 struct text *reason)
{
	struct web_transfer *transfer = &web->request;
	enum web_result result;

	assert(request->deadline_ms > 0);
	web_transfer_prepare(transfer, &web->settings, web_endpoint(web), request);
	web_begin_transfer(web, transfer);
	for (;;) {
		web_perform(web);
		if (transfer->is_ended || web_is_stopped(web) || clock_ms() >= request->deadline_ms)
			break;
		web_poll(web, request->deadline_ms);
	}
	result = web_finish(web, answer, reason);
	curl_multi_remove_handle(web->multi, transfer->easy);
	web_transfer_clear(transfer);
	return result;
}

/* --- streams ------------------------------------------------------------------------------------ */

struct web_stream *
web_stream_open(struct web *web, const struct web_request *request, web_receive_fn *receive,
		void *arg)
{
	struct web_stream *stream = xcalloc(1, sizeof(*stream));

	stream->web = web;
	stream->endpoint = web_endpoint(web);
	stream->transfer.receive = receive;
	stream->transfer.arg = arg;
	web_transfer_prepare(&stream->transfer, &web->settings, stream->endpoint, request);
	web_begin_transfer(web, &stream->transfer);
	TAILQ_INSERT_TAIL(&web->streams, stream, link);
	return stream;
}

bool
web_stream_is_open(const struct web_stream *stream, unsigned *status, struct text *reason)
{
	const struct web_transfer *transfer = &stream->transfer;
	long code = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
	*status = (unsigned)code;
	if (!transfer->is_ended)
		return true;
	if (transfer->code == CURLE_OK || transfer->is_enough)
		text_addf(reason, "%s has ended the stream", stream->endpoint);
	else
		web_explain(transfer, stream->endpoint, reason);
	return false;
}

void
web_stream_close(struct web_stream *stream)
{
	TAILQ_REMOVE(&stream->web->streams, stream, link);
	curl_multi_remove_handle(stream->web->multi, stream->transfer.easy);
	web_transfer_destroy(&stream->transfer);
	free(stream);
}

/* Whether a stream received bytes or ended since the last call. */
static bool
web_has_received(struct web *web)
{
	struct web_stream *stream;
	bool has = false;

	TAILQ_FOREACH (stream, &web->streams, link) {
		has |= stream->transfer.is_received;
		stream->transfer.is_received = false;
	}
	return has;
}

void
web_wait(struct web *web, uint64_t until_ms)
{
	for (;;) {
		web_perform(web);
		if (atomic_exchange(&web->is_woken, false) || web_is_stopped(web) ||
		    web_has_received(web) || clock_ms() >= until_ms)
			return;
		web_poll(web, until_ms);
	}
}
