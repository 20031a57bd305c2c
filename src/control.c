#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/parse.h"
#include "control.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define MOST_BYTES    8192 /* of headers, and of a body that nobody reads */
#define TIMEOUT_S     10
#define MESSAGE_SIZE  512
#define DATABASE_SIZE 8192 /* of one in JSON */
#define ALL_METHODS   0xffff
#define PREFIX	      "/databases"

struct control {
	struct dispatch *dispatch;
	struct evhttp *http;
};

/* --- answers ------------------------------------------------------------------------------------- */

static void
answer(struct evhttp_request *http, int code)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(http);

	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_send_reply(http, code, NULL, NULL);
}

static void answer_error(struct evhttp_request *http, int code, const char *format, ...)
	PRINTF_LIKE(3, 4);

static void
answer_error(struct evhttp_request *http, int code, const char *format, ...)
{
	char message_memory[MESSAGE_SIZE];
	char memory[JSON_ERROR_SIZE(MESSAGE_SIZE)];
	struct text message = TEXT_OVER(message_memory), body = TEXT_OVER(memory);
	va_list arguments;

	va_start(arguments, format);
	text_vaddf(&message, format, arguments);
	va_end(arguments);
	json_add_error(&body, message_memory);
	evbuffer_add_printf(evhttp_request_get_output_buffer(http), "%s\n", memory);
	answer(http, code);
}

static void
add_database(struct evhttp_request *http, const struct database_state *state)
{
	char memory[DATABASE_SIZE];
	struct text text = TEXT_OVER(memory);

	database_add_json(state, true, &text);
	evbuffer_add(evhttp_request_get_output_buffer(http), memory, text.len);
}

static void
list(struct control *control, struct evhttp_request *http)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(http);
	struct database_state states[MOST_DATABASES];
	size_t count = dispatch_states(control->dispatch, states);

	evbuffer_add_printf(body, "{\"databases\":[");
	for (size_t i = 0; i < count; i++) {
		evbuffer_add_printf(body, i > 0 ? ",\n" : "");
		add_database(http, &states[i]);
	}
	evbuffer_add_printf(body, "]}\n");
	answer(http, 200);
}

/* --- which database ------------------------------------------------------------------------------ */

/* Its node number, what it is called, or that without the port. */
static bool
is_meant(const struct database_state *state, const char *which)
{
	size_t len = strlen(which);
	uint64_t node;

	if (parse_number(which, len, UINT64_MAX, &node))
		return state->space->node_number == node;
	return strncmp(state->name, which, len) == 0 &&
	       (state->name[len] == '\0' ||
		(state->name[len] == ':' && strchr(state->name + len + 1, ':') == NULL));
}

/* False, with the error answered, when WHICH is none or several. */
static bool
find(struct control *control, struct evhttp_request *http, const char *which, size_t *database)
{
	struct database_state states[MOST_DATABASES];
	size_t count = dispatch_states(control->dispatch, states);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_meant(&states[i], which))
			continue;
		*database = i;
		found++;
	}
	if (found == 1)
		return true;
	answer_error(http, 404,
		     found == 0 ? "\"%s\" is no database; GET " PREFIX " lists them"
				: "\"%s\" may be several databases: give the number of its node",
		     which);
	return false;
}

/* --- orders -------------------------------------------------------------------------------------- */

static void
order(struct control *control, struct evhttp_request *http, const char *which, bool drains)
{
	struct database_state states[MOST_DATABASES];
	size_t database;

	if (!find(control, http, which, &database))
		return;
	if (!drains)
		dispatch_resume(control->dispatch, database);
	else if (!dispatch_drain(control->dispatch, database)) {
		answer_error(http, 409,
			     "no other database is in service: without this one there would be no "
			     "tickets");
		return;
	}
	(void)dispatch_states(control->dispatch, states);
	log_info(drains ? "the operator takes a database out"
			: "the operator gives a database back",
		 "database=\"%s\"", states[database].name);
	add_database(http, &states[database]);
	evbuffer_add_printf(evhttp_request_get_output_buffer(http), "\n");
	answer(http, 200);
}

/* --- routes -------------------------------------------------------------------------------------- */

static void
answer_nothing_here(struct evhttp_request *http)
{
	answer_error(http, 404,
		     "there is nothing here; try GET " PREFIX ", POST " PREFIX
		     "/NODE/drain or POST " PREFIX "/NODE/resume");
}

static void
answer_wrong_method(struct evhttp_request *http, const char *allowed)
{
	evhttp_add_header(evhttp_request_get_output_headers(http), "Allow", allowed);
	answer_error(http, 405, "the method must be %s", allowed);
}

/* ARGUMENT is WHICH/drain or WHICH/resume; WHICH may have slashes. */
static void
read_order(struct control *control, struct evhttp_request *http, const char *argument)
{
	char *which = evhttp_uridecode(argument, 0, NULL);
	char *verb = which != NULL ? strrchr(which, '/') : NULL;

	if (verb != NULL)
		*verb++ = '\0';
	if (verb == NULL || (strcmp(verb, "drain") != 0 && strcmp(verb, "resume") != 0))
		answer_nothing_here(http);
	else if (evhttp_request_get_command(http) != EVHTTP_REQ_POST)
		answer_wrong_method(http, "POST");
	else
		order(control, http, which, strcmp(verb, "drain") == 0);
	free(which);
}

static void
on_request(struct evhttp_request *http, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http));

	if (path != NULL && strncmp(path, PREFIX "/", strlen(PREFIX "/")) == 0)
		read_order(arg, http, path + strlen(PREFIX "/"));
	else if (path == NULL || strcmp(path, PREFIX) != 0)
		answer_nothing_here(http);
	else if (evhttp_request_get_command(http) != EVHTTP_REQ_GET)
		answer_wrong_method(http, "GET");
	else
		list(arg, http);
}

/* --- birth and death ----------------------------------------------------------------------------- */

static void
accept_again(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* Without a pause the loop would ask for the same connection again and again. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	static const struct timeval pause = {.tv_usec = 250 * 1000};

	(void)arg;
	metrics_count_accept_failure(errno);
	evconnlistener_disable(listener);
	event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, accept_again, listener,
			&pause);
}

struct control *
control_new(struct event_base *base, struct dispatch *dispatch, int fd)
{
	struct control *control = xcalloc(1, sizeof(*control));
	struct evconnlistener *listener = evconnlistener_new(
		base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

	control->dispatch = dispatch;
	control->http = evhttp_new(base);
	if (listener == NULL || control->http == NULL)
		abort();
	evconnlistener_set_error_cb(listener, on_accept_error);
	evhttp_set_max_headers_size(control->http, MOST_BYTES);
	evhttp_set_max_body_size(control->http, MOST_BYTES);
	evhttp_set_default_content_type(control->http, NULL);
	evhttp_set_allowed_methods(control->http, ALL_METHODS);
	evhttp_set_timeout(control->http, TIMEOUT_S);
	evhttp_set_gencb(control->http, on_request, control);
	evhttp_bind_listener(control->http, listener);
	return control;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	evhttp_free(control->http); /* nothing is pending: each request is answered at once */
	free(control);
}
