#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "control.h"
#include "http/reply.h"
#include "http/server.h"
#include "sequence_queue.h"

#define DEADLINE_MS   10000
#define DATABASE_SIZE 8192 /* of one in JSON */

struct control {
	struct dispatch *dispatch;  /* NULL: the server has no databases of its own */
	struct dispatch *sequences; /* NULL: there are none */
	struct http_server *http;
	struct sequence_queue *queue; /* carries out the commands on named sequences */
};

/* A database is drained when the sessions of its named sequences are closed, too. */
static size_t
control_states(struct control *control, struct database_state *states)
{
	struct database_state sequences[MOST_DATABASES];
	size_t count = control->dispatch != NULL ? dispatch_states(control->dispatch, states) : 0;

	if (control->sequences == NULL)
		return count;
	(void)dispatch_states(control->sequences, sequences);
	for (size_t i = 0; i < count; i++)
		if (states[i].condition == DATABASE_DRAINED &&
		    sequences[i].condition != DATABASE_DRAINED)
			states[i].condition = DATABASE_DRAINING;
	return count;
}

static void
control_add_database(struct exchange *exchange, const struct database_state *state)
{
	char memory[DATABASE_SIZE];
	struct text text = TEXT_OVER(memory);

	database_add_json(state, true, &text);
	evbuffer_add(reply_body(exchange), memory, text.len);
}

static void
control_list(struct exchange *exchange, const struct route_argument *arguments)
{
	struct control *control = exchange_context(exchange);
	struct evbuffer *body = reply_body(exchange);
	struct database_state states[MOST_DATABASES];
	size_t count = control_states(control, states);

	(void)arguments;
	evbuffer_add_printf(body, "{\"databases\":[");
	for (size_t i = 0; i < count; i++) {
		evbuffer_add_printf(body, i > 0 ? ",\n" : "");
		control_add_database(exchange, &states[i]);
	}
	evbuffer_add_printf(body, "]}");
	reply_json(exchange);
}

/* --- one database -------------------------------------------------------------------------------- */

/* Return whether NODE is the node number of STATE's database, its name, or its name without the port. */
static bool
control_is_meant(const struct database_state *state, const char *node)
{
	size_t len = strlen(node);
	uint64_t number;

	if (parse_number(node, len, UINT64_MAX, &number))
		return state->space->node_number == number;
	return strncmp(state->name, node, len) == 0 &&
	       (state->name[len] == '\0' ||
		(state->name[len] == ':' && strchr(state->name + len + 1, ':') == NULL));
}

/* Find the database of ARGUMENT. If it means none or several, answer the error and return false. */
static bool
control_find(struct exchange *exchange, const struct route_argument *argument, size_t *database)
{
	struct control *control = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];
	size_t count = control_states(control, states);
	char *encoded = xstrndup(argument->start, argument->len);
	char *node = evhttp_uridecode(encoded, 0, NULL);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!control_is_meant(&states[i], node))
			continue;
		*database = i;
		found++;
	}
	if (found != 1)
		reply_error(exchange, 404,
			    found == 0
				    ? "\"%s\" is not a database; GET /databases lists them"
				    : "\"%s\" names several databases: use the number of its node",
			    node);
	free(node);
	free(encoded);
	return found == 1;
}

/* Log the order that DATABASE got, and answer its new state. */
static void
control_reply_state(struct exchange *exchange, size_t database, bool is_drained)
{
	struct control *control = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];

	(void)control_states(control, states);
	log_info(is_drained ? "the operator drains a database" : "the operator resumes a database",
		 LOG_DATABASE(states[database].name));
	control_add_database(exchange, &states[database]);
	reply_json(exchange);
}

static void
control_drain(struct exchange *exchange, const struct route_argument *arguments)
{
	struct control *control = exchange_context(exchange);
	size_t database;

	if (!control_find(exchange, &arguments[0], &database))
		return;
	if (!dispatch_drain(control->dispatch, database)) {
		reply_error(exchange, 409,
			    "no other database is in service: without this one there would be no "
			    "tickets");
		return;
	}
	if (control->sequences != NULL)
		(void)!dispatch_drain(control->sequences, database);
	control_reply_state(exchange, database, true);
}

static void
control_resume(struct exchange *exchange, const struct route_argument *arguments)
{
	struct control *control = exchange_context(exchange);
	size_t database;

	if (!control_find(exchange, &arguments[0], &database))
		return;
	dispatch_resume(control->dispatch, database);
	if (control->sequences != NULL)
		dispatch_resume(control->sequences, database);
	control_reply_state(exchange, database, false);
}

/* --- named sequences ----------------------------------------------------------------------------- */

static void
control_take(struct exchange *exchange, enum sequence_task task, const struct route_argument *name)
{
	struct control *control = exchange_context(exchange);

	sequence_queue_take(control->queue, exchange, task, name);
}

static void
control_sequence_list(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	control_take(exchange, SEQUENCE_LIST, NULL);
}

static void
control_sequence_show(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_SHOW, &arguments[0]);
}

static void
control_sequence_create(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_CREATE, &arguments[0]);
}

static void
control_sequence_advance(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_ADVANCE, &arguments[0]);
}

static void
control_sequence_retire(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_RETIRE, &arguments[0]);
}

static void
control_sequence_decode(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_DECODE, &arguments[0]);
}

static void
control_instances(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	control_take(exchange, SEQUENCE_INSTANCES, NULL);
}

static void
control_instance_fold(struct exchange *exchange, const struct route_argument *arguments)
{
	control_take(exchange, SEQUENCE_FOLD, &arguments[0]);
}

#define TRIED (EVHTTP_REQ_GET | EVHTTP_REQ_POST) /* a GET only tells what a POST would do */

static const struct route control_routes[] = {
	{"/databases", EVHTTP_REQ_GET, ROUTE_OPERATOR, control_list, ROUTE_OTHER},
	{"/databases/NODE/drain", EVHTTP_REQ_POST, ROUTE_OPERATOR, control_drain, ROUTE_OTHER},
	{"/databases/NODE/resume", EVHTTP_REQ_POST, ROUTE_OPERATOR, control_resume, ROUTE_OTHER},
	{"/sequences", EVHTTP_REQ_GET, ROUTE_OPERATOR, control_sequence_list, ROUTE_OTHER},
	{"/sequences/NAME/create", TRIED, ROUTE_OPERATOR, control_sequence_create, ROUTE_OTHER},
	{"/sequences/NAME/advance", TRIED, ROUTE_OPERATOR, control_sequence_advance, ROUTE_OTHER},
	{"/sequences/NAME/retire", TRIED, ROUTE_OPERATOR, control_sequence_retire, ROUTE_OTHER},
	{"/sequences/NAME/decode", EVHTTP_REQ_GET, ROUTE_OPERATOR, control_sequence_decode,
	 ROUTE_OTHER},
	{"/sequences/NAME", EVHTTP_REQ_GET, ROUTE_OPERATOR, control_sequence_show, ROUTE_OTHER},
	{"/instances", EVHTTP_REQ_GET, ROUTE_OPERATOR, control_instances, ROUTE_OTHER},
	{"/instances/ID/fold", TRIED, ROUTE_OPERATOR, control_instance_fold, ROUTE_OTHER},
};

static const struct route_table control_table = {control_routes, ARRAY_LENGTH(control_routes)};

/* --- birth and death ----------------------------------------------------------------------------- */

struct control *
control_new(struct event_base *base, const struct control_settings *given, int fd)
{
	struct control *control = xcalloc(1, sizeof(*control));
	struct http_settings settings = {
		.password = "",
		.deadline_ms = DEADLINE_MS,
		.context = control,
		.ends_lines = true,
		.error_lines = given->error_lines,
	};

	control->dispatch = given->dispatch;
	control->sequences = given->sequences;
	control->queue = sequence_queue_new(given->config, given->mailbox);
	control->http = http_server_new(base, &settings, &control_table, &fd, 1);
	return control;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	sequence_queue_free(control->queue); /* it answers the last requests in flight */
	http_server_free(control->http);
	free(control);
}
