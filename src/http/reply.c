#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/reply.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define MESSAGE_SIZE 1024

static void
add_header(struct exchange *exchange, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(exchange->http), name, value);
}

struct evbuffer *
reply_body(struct exchange *exchange)
{
	return evhttp_request_get_output_buffer(exchange->http);
}

/* With the length given the library need not format it again; a HEAD has the length and no body. */
static void
add_length(struct exchange *exchange)
{
	struct evbuffer *body = reply_body(exchange);
	char length[JSON_NUMBER_SIZE + 1];

	length[json_number(length, evbuffer_get_length(body))] = '\0';
	add_header(exchange, "Content-Length", length);
	if (evhttp_request_get_command(exchange->http) == EVHTTP_REQ_HEAD)
		evbuffer_drain(body, evbuffer_get_length(body));
}

static void
on_complete(struct evhttp_request *http, void *arg)
{
	(void)http;
	connection_done(arg);
}

static void
count(const struct exchange *exchange, int code)
{
	enum metric_route route = exchange->route != NULL ? exchange->route->metric : ROUTE_OTHER;

	metrics_count_request(route, code);
	metrics_observe(HISTOGRAM_REQUEST_SECONDS, clock_us() - exchange->began_us);
}

static void
send_reply(struct exchange *exchange, int code, const char *content_type)
{
	add_header(exchange, "Content-Type", content_type);
	if (exchange->request_id[0] != '\0')
		add_header(exchange, "X-Request-Id", exchange->request_id);
	if (exchange->server->is_draining)
		add_header(exchange, "Connection", "close");
	add_length(exchange);
	count(exchange, code);
	evhttp_request_set_on_complete_cb(exchange->http, on_complete, exchange->connection);
	evhttp_send_reply(exchange->http, code, NULL, NULL);
	connection_reply(exchange->connection);
	free(exchange);
}

void
reply_text(struct exchange *exchange, const char *content_type)
{
	send_reply(exchange, 200, content_type);
}

void
reply_json(struct exchange *exchange)
{
	send_reply(exchange, 200, "application/json");
}

void
reply_tickets(struct exchange *exchange, uint32_t tickets)
{
	metrics_add(METRIC_TICKETS_ISSUED, tickets);
	add_header(exchange, "Cache-Control", "no-store");
	reply_json(exchange);
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
	    !log_limit_allows(&exchange->server->error_lines, clock_ms(), &held_back))
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

void
reply_error(struct exchange *exchange, int code, const char *format, ...)
{
	char message_memory[MESSAGE_SIZE], body_memory[2 * MESSAGE_SIZE];
	struct text message = TEXT_OVER(message_memory);
	struct text body = TEXT_OVER(body_memory);
	va_list arguments;

	va_start(arguments, format);
	text_vaddf(&message, format, arguments);
	va_end(arguments);
	text_add(&body, "{\"error\":");
	json_add_string(&body, message_memory);
	text_add(&body, "}");

	log_reply(exchange, code, message_memory);
	evbuffer_drain(reply_body(exchange), evbuffer_get_length(reply_body(exchange)));
	evbuffer_add(reply_body(exchange), body_memory, body.len);
	send_reply(exchange, code, "application/json");
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
	case TICKET_DRAINING: return 503;
	case TICKET_STATUSES: break;
	}
	return 500;
}

void
reply_status(struct exchange *exchange, enum ticket_status status, const char *reason)
{
	int code = code_of(status);

	if (code == 503)
		add_header(exchange, "Retry-After", "1");
	add_header(exchange, "Cache-Control", "no-store");
	reply_error(exchange, code, "%s", reason);
}

void
reply_unready(struct exchange *exchange)
{
	add_header(exchange, "Retry-After", "1");
	evbuffer_add_printf(reply_body(exchange), "{\"error\":\"not ready\"}");
	send_reply(exchange, 503, "application/json");
}

void
reply_unauthorized(struct exchange *exchange)
{
	add_header(exchange, "WWW-Authenticate", "Basic realm=\"Restricted Area\"");
	reply_error(exchange, 401, "this server wants a password, by HTTP Basic authentication");
}

void
reply_method_not_allowed(struct exchange *exchange)
{
	add_header(exchange, "Allow", exchange->route->allow);
	reply_error(exchange, 405, "the method must be one of %s", exchange->route->allow);
}

void
reply_bad_framing(struct exchange *exchange, const char *reason)
{
	add_header(exchange, "Connection", "close");
	reply_error(exchange, 400, "%s", reason);
}
