#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "events/recorder.h"
#include "http/connection.h"
#include "http/reply.h"
#include "http/response.h"
#include "http/server.h"
#include "http/tricks.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define MESSAGE_SIZE 1024

static const char json_type[] = "application/json";

struct evbuffer *
reply_body(struct exchange *exchange)
{
	return evhttp_request_get_output_buffer(exchange->http);
}

/* Write the JSON straight into the buffer. */
void
reply_add_range(struct exchange *exchange, const struct ticket_range *ids)
{
	bool is_array = exchange->format == BATCH_FORMAT_ARRAY;
	size_t most = is_array ? json_tickets_size(ids->count) : JSON_GROUP_SIZE;
	struct evbuffer_iovec space;

	if (evbuffer_reserve_space(reply_body(exchange), (ev_ssize_t)most, &space, 1) != 1)
		abort();
	space.iov_len =
		is_array ? json_tickets(space.iov_base, ids) : json_group(space.iov_base, ids);
	evbuffer_commit_space(reply_body(exchange), &space, 1);
}

bool
reply_add_bases(struct exchange *exchange, const struct ticket_space *space,
		const struct ticket_range *bases)
{
	struct evbuffer_iovec memory;
	struct ticket_range tickets;

	if (exchange->format == BATCH_FORMAT_GROUP) {
		if (!space_tickets(space, bases, &tickets))
			return false;
		reply_add_range(exchange, &tickets);
		return true;
	}
	if (evbuffer_reserve_space(reply_body(exchange),
				   (ev_ssize_t)json_tickets_size(bases->count), &memory, 1) != 1)
		abort();
	memory.iov_len = json_bases(memory.iov_base, space, bases);
	evbuffer_commit_space(reply_body(exchange), &memory, 1);
	return memory.iov_len > 0;
}

/* Return whether OPTION is in LIST, which has words between commas and blanks. */
static bool
reply_has_word(const char *list, const char *option)
{
	static const char separators[] = ", \t";

	while (*(list += strspn(list, separators)) != '\0') {
		size_t len = strcspn(list, separators);

		if (len == strlen(option) && strncasecmp(list, option, len) == 0)
			return true;
		list += len;
	}
	return false;
}

/* Return whether a Connection header of the request has OPTION. */
static bool
reply_is_asked_for(const struct exchange *exchange, const char *option)
{
	const struct evkeyval *header;

	TAILQ_FOREACH (header, evhttp_request_get_input_headers(exchange->http), next)
		if (strcasecmp(header->key, "Connection") == 0 &&
		    reply_has_word(header->value, option))
			return true;
	return false;
}

/*
 * An HTTP/1.0 connection ends unless the client asks to keep it. An HTTP/1.1 connection stays unless the
 * client asks to close it. After a chunked body the server reads no further request, however sound the
 * body is: libevent and proxies differ about chunks too often.
 */
static enum connection_future
reply_future(const struct exchange *exchange, int minor)
{
	if (exchange->closes)
		return CONNECTION_LINGERS;
	if (reply_is_asked_for(exchange, "close") ||
	    (minor == 0 && !reply_is_asked_for(exchange, "keep-alive")))
		return CONNECTION_CLOSES;
	return http_server_is_draining(exchange->server) || tricks_is_chunked(exchange->http)
		       ? CONNECTION_LINGERS
		       : CONNECTION_STAYS;
}

static void
reply_on_kept(struct event_wait *wait, bool is_kept)
{
	struct exchange *exchange = CONTAINER_OF(wait, struct exchange, kept);

	if (is_kept)
		reply_json(exchange);
	else
		reply_outcome(exchange, FRONT_UNAVAILABLE, FRONT_NOT_KEPT);
}

/*
 * Record the request. Return false if its answer has to wait until the record is kept, or was refused because
 * there is no room for the record. Then the exchange may be gone.
 */
static bool
reply_record(struct exchange *exchange, int code, uint64_t now_us)
{
	struct event_recorder *recorder = exchange->server->settings.recorder;
	struct evhttp_connection *evcon = evhttp_request_get_connection(exchange->http);
	const struct front_issued *issued = &exchange->issued;
	bool waits = issued->ids.count > 0 && event_recorder_is_required(recorder);
	struct event_request request = {
		.protocol = EVENT_HTTP,
		.status = (unsigned)code,
		.words = exchange->words,
		.began_us = exchange->began_us,
		.taken_us = issued->taken_us,
		.now_us = now_us,
		.store = exchange->store != NULL ? exchange->store->name : "",
		.sequence = issued->sequence,
		.sequence_len = issued->sequence_len,
		.ids = issued->ids,
		.space = issued->space,
		.node = issued->node,
		.is_scrambled = issued->is_scrambled,
		.peer = evhttp_connection_get_addr(evcon),
		.forwarded_for = event_recorder_reads_proxies(recorder)
					 ? exchange_header(exchange, "X-Forwarded-For")
					 : NULL,
		.agent = exchange_header(exchange, "User-Agent"),
		.request_id = exchange->request_id,
	};

	exchange->is_recorded = true;
	exchange->kept.settled = reply_on_kept;
	if (event_recorder_write(recorder, &request, waits ? &exchange->kept : NULL))
		return !waits;
	if (waits)
		reply_outcome(exchange, FRONT_UNAVAILABLE, FRONT_NOT_KEPT);
	return !waits;
}

/* Whether the request is an event that has no record yet. */
static bool
reply_is_event(const struct exchange *exchange)
{
	return exchange->server->settings.recorder != NULL && exchange->route != NULL &&
	       route_issues_ids(exchange->route) && !exchange->is_recorded;
}

/* HEADERS: further ones, each with its end of line. */
static void
reply_send(struct exchange *exchange, int code, const char *content_type, const char *headers)
{
	struct http_server *server = exchange->server;
	struct evbuffer *body = reply_body(exchange);
	char memory[RESPONSE_HEAD_SIZE];
	struct text head = TEXT_OVER(memory);
	struct response response = {
		.code = code,
		.content_type = content_type,
		.headers = headers,
		.request_id = exchange->request_id,
	};
	enum connection_future future;
	uint64_t now_us = clock_us();
	int major;

	if (reply_is_event(exchange) && !reply_record(exchange, code, now_us))
		return;
	if (code == 200)
		front_note_issued(&exchange->issued);
	tricks_version(exchange->http, &major, &response.minor);
	future = reply_future(exchange, response.minor);
	if (future != CONNECTION_STAYS)
		response.connection = "close";
	else if (response.minor == 0)
		response.connection = "keep-alive";
	if (server->settings.ends_lines)
		evbuffer_add(body, "\n", 1);
	response.content_length = evbuffer_get_length(body);
	response_write_head(&head, &response, &server->date);
	if (evhttp_request_get_command(exchange->http) == EVHTTP_REQ_HEAD)
		evbuffer_drain(body, evbuffer_get_length(body));
	if (server->settings.is_counted) {
		metrics_count_request(
			exchange->route != NULL ? exchange->route->metric : ROUTE_OTHER, code);
		metrics_observe(HISTOGRAM_REQUEST_SECONDS, now_us - exchange->began_us);
	}
	connection_reply(exchange->connection, exchange->http, &head, future, now_us / 1000);
	free(exchange);
}

void
reply_text(struct exchange *exchange, const char *content_type)
{
	reply_send(exchange, 200, content_type, "");
}

void
reply_json(struct exchange *exchange)
{
	reply_send(exchange, 200, json_type, "");
}

/* Log the server's errors for the operator, and mistakes of clients at the debug level only. */
static void
reply_log(struct exchange *exchange, int code, const char *message)
{
	uint64_t held_back = 0;

	if (code < 500)
		log_debug("a request was refused", LOG_NUMBER("code", code),
			  LOG_TEXT("reason", message),
			  LOG_TEXT("request_id", exchange->request_id));
	else if (log_limit_allows(exchange->server->settings.error_lines, clock_ms(), &held_back))
		log_error("a request failed", LOG_NUMBER("code", code), LOG_TEXT("reason", message),
			  LOG_TEXT("request_id", exchange->request_id),
			  LOG_NUMBER("not_logged_before", held_back));
}

static void
reply_refuse(struct exchange *exchange, int code, const char *headers, const char *message)
{
	char memory[JSON_ERROR_SIZE(MESSAGE_SIZE)];
	struct text body = TEXT_OVER(memory);

	json_add_error(&body, message);
	exchange->words = message;
	reply_log(exchange, code, message);
	evbuffer_drain(reply_body(exchange), evbuffer_get_length(reply_body(exchange)));
	evbuffer_add(reply_body(exchange), memory, body.len);
	reply_send(exchange, code, json_type, headers);
}

void
reply_error(struct exchange *exchange, int code, const char *format, ...)
{
	char memory[MESSAGE_SIZE];
	struct text message = TEXT_OVER(memory);
	va_list arguments;

	va_start(arguments, format);
	text_vaddf(&message, format, arguments);
	va_end(arguments);
	reply_refuse(exchange, code, "", memory);
}

void
reply_outcome(struct exchange *exchange, enum front_outcome outcome, const char *reason)
{
	reply_refuse(exchange, front_outcome_http(outcome),
		     front_outcome_may_retry(outcome) ? "Retry-After: 1\r\n" : "", reason);
}

void
reply_status(struct exchange *exchange, enum ticket_status status, const char *reason)
{
	reply_outcome(exchange, front_outcome_of_status(status), reason);
}

void
reply_unready(struct exchange *exchange)
{
	evbuffer_add_printf(reply_body(exchange), "{\"error\":\"not ready\"}");
	reply_send(exchange, 503, json_type, "Retry-After: 1\r\n");
}

void
reply_unauthorized(struct exchange *exchange)
{
	reply_refuse(exchange, 401, "WWW-Authenticate: Basic realm=\"Restricted Area\"\r\n",
		     "this server needs a password: send it by HTTP Basic authentication");
}

void
reply_method_not_allowed(struct exchange *exchange)
{
	char methods_memory[64], message_memory[128], header_memory[128];
	struct text methods = TEXT_OVER(methods_memory);
	struct text message = TEXT_OVER(message_memory);
	struct text header = TEXT_OVER(header_memory);

	route_add_methods(exchange->route, &methods);
	text_addf(&message, "the method must be %s%s",
		  strchr(methods_memory, ',') != NULL ? "one of " : "", methods_memory);
	text_addf(&header, "Allow: %s\r\n", methods_memory);
	reply_refuse(exchange, 405, header_memory, message_memory);
}

void
reply_bad_framing(struct exchange *exchange, const char *reason)
{
	exchange->closes = true;
	reply_refuse(exchange, 400, "", reason);
}
