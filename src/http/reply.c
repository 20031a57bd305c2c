#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/reply.h"
#include "http/response.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define MESSAGE_SIZE 1024

static const char json_type[] = "application/json";

struct evbuffer *
reply_body(struct exchange *exchange)
{
	return evhttp_request_get_output_buffer(exchange->http);
}

static void
count(const struct exchange *exchange, int code, uint64_t now_us)
{
	enum metric_route route = exchange->route != NULL ? exchange->route->metric : ROUTE_OTHER;

	metrics_count_request(route, code);
	metrics_observe(HISTOGRAM_REQUEST_SECONDS, now_us - exchange->began_us);
}

/* Whether OPTION is in LIST: words between commas and blanks. */
static bool
has_word(const char *list, const char *option)
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

/* Whether one of the Connection headers has OPTION. */
static bool
asks_for(const struct exchange *exchange, const char *option)
{
	const struct evkeyval *header;

	TAILQ_FOREACH (header, evhttp_request_get_input_headers(exchange->http), next)
		if (strcasecmp(header->key, "Connection") == 0 && has_word(header->value, option))
			return true;
	return false;
}

/* HTTP/1.0 asks for the connection to be kept, HTTP/1.1 for it to be closed. */
static bool
asks_for_end(const struct exchange *exchange)
{
	return asks_for(exchange, "close") ||
	       (exchange->http->minor == 0 && !asks_for(exchange, "keep-alive"));
}

/*
 * Nothing is read after chunks, however well they are read: libevent and proxies differ about them too
 * often.
 */
static enum connection_future
future_of(const struct exchange *exchange)
{
	if (exchange->closes)
		return CONNECTION_LINGERS;
	if (asks_for_end(exchange))
		return CONNECTION_CLOSES;
	return exchange->server->is_draining || exchange->http->chunked ? CONNECTION_LINGERS
									: CONNECTION_STAYS;
}

static const char *
connection_header(const struct exchange *exchange, enum connection_future future)
{
	if (future != CONNECTION_STAYS)
		return "close";
	return exchange->http->minor == 0 ? "keep-alive" : NULL;
}

/* HEADERS: more of them, each with its end of line. */
static void
send_reply(struct exchange *exchange, int code, const char *content_type, const char *headers)
{
	struct http_server *server = exchange->server;
	struct evbuffer *body = reply_body(exchange);
	char memory[RESPONSE_HEAD_SIZE];
	struct text head = TEXT_OVER(memory);
	enum connection_future future = future_of(exchange);
	uint64_t now_us = clock_us();
	struct response response;

	response = (struct response){
		.minor = exchange->http->minor,
		.code = code,
		.content_type = content_type,
		.headers = headers,
		.request_id = exchange->request_id,
		.connection = connection_header(exchange, future),
		.content_length = evbuffer_get_length(body),
	};
	response_write_head(&head, &response, &server->date);
	if (evhttp_request_get_command(exchange->http) == EVHTTP_REQ_HEAD)
		evbuffer_drain(body, evbuffer_get_length(body));
	count(exchange, code, now_us);
	connection_reply(exchange->connection, exchange->http, &head, future, now_us / 1000);
	free(exchange);
}

void
reply_text(struct exchange *exchange, const char *content_type)
{
	send_reply(exchange, 200, content_type, "");
}

void
reply_json(struct exchange *exchange)
{
	send_reply(exchange, 200, json_type, "");
}

void
reply_tickets(struct exchange *exchange, uint32_t tickets)
{
	metrics_add(METRIC_TICKETS_ISSUED, tickets);
	send_reply(exchange, 200, json_type, "");
}

/* Errors of ours are the operator's to see; what clients do wrong is theirs. */
static void
log_reply(struct exchange *exchange, int code, const char *message)
{
	char memory[MESSAGE_SIZE];
	struct text quoted = TEXT_OVER(memory);
	uint64_t held_back = 0;

	if (code < 500 && !log_shows(LOG_LEVEL_DEBUG))
		return;
	if (code >= 500 &&
	    !log_limit_allows(exchange->server->settings.error_lines, clock_ms(), &held_back))
		return;
	text_add_quoted(&quoted, message, MESSAGE_SIZE / 2);
	text_add(&quoted, " request_id=");
	text_add_quoted(&quoted, exchange->request_id, REQUEST_ID_SIZE);
	if (code < 500)
		log_debug("a request was refused", "code=%d reason=%s", code, memory);
	else
		log_error("a request failed", "code=%d reason=%s not_logged_before=%" PRIu64, code,
			  memory, held_back);
}

static void
refuse(struct exchange *exchange, int code, const char *headers, const char *message)
{
	char memory[JSON_ERROR_SIZE(MESSAGE_SIZE)];
	struct text body = TEXT_OVER(memory);

	json_add_error(&body, message);
	log_reply(exchange, code, message);
	evbuffer_drain(reply_body(exchange), evbuffer_get_length(reply_body(exchange)));
	evbuffer_add(reply_body(exchange), memory, body.len);
	send_reply(exchange, code, json_type, headers);
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
	refuse(exchange, code, "", memory);
}

/* The one place where the end of a request for tickets becomes an HTTP status. */
static int
code_of(enum ticket_status status)
{
	switch (status) {
	case TICKET_OK: return 200;
	case TICKET_EXHAUSTED: return 500;
	case TICKET_TIMED_OUT:
	case TICKET_TOO_MANY_WAITING:
	case TICKET_DATABASE_FAILED:
	case TICKET_DATABASE_REFUSED:
	case TICKET_TOO_LARGE:
	case TICKET_DRAINING: return 503;
	case TICKET_STATUSES: break;
	}
	return 500;
}

void
reply_status(struct exchange *exchange, enum ticket_status status, const char *reason)
{
	int code = code_of(status);

	refuse(exchange, code, code == 503 ? "Retry-After: 1\r\n" : "", reason);
}

void
reply_unready(struct exchange *exchange)
{
	evbuffer_add_printf(reply_body(exchange), "{\"error\":\"not ready\"}");
	send_reply(exchange, 503, json_type, "Retry-After: 1\r\n");
}

void
reply_unauthorized(struct exchange *exchange)
{
	refuse(exchange, 401, "WWW-Authenticate: Basic realm=\"Restricted Area\"\r\n",
	       "this server wants a password, by HTTP Basic authentication");
}

void
reply_method_not_allowed(struct exchange *exchange)
{
	char message_memory[128], header_memory[128];
	struct text message = TEXT_OVER(message_memory);
	struct text header = TEXT_OVER(header_memory);

	text_addf(&message, "the method must be one of %s", exchange->route->allow);
	text_addf(&header, "Allow: %s\r\n", exchange->route->allow);
	refuse(exchange, 405, header_memory, message_memory);
}

void
reply_bad_framing(struct exchange *exchange, const char *reason)
{
	exchange->closes = true;
	refuse(exchange, 400, "", reason);
}
