/*
 * DESIGN. Two callbacks see the bytes before libevent does.
 *
 * The first sees the bytes that arrive. It drops empty lines that precede a request. It refuses heads
 * that libevent would accept (head.h). It reads chunked bodies (chunks.h), because libevent rejects their
 * extensions. It then shows libevent an empty body.
 *
 * The second sees the bytes that libevent sends on its own: "100 Continue", or a page of HTML about a
 * request that libevent cannot read.
 *
 * Both run within libevent's work, so they only put the connection into the list `noted`. An event acts on
 * the notes in the same round of the loop, before anything more is read or written. It sends "100
 * Continue", or replaces libevent's error by ours (library_error.h) and ends the connection.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <string.h>

#include "http/connection_state.h"
#include "http/library_error.h"
#include "loop/loop.h"

#define MOST_UNREAD 65536 /* bytes of input: libevent needs far fewer for any request */

static void
connection_input_note(struct connection *connection)
{
	if (connection->is_noted)
		return;
	connection->is_noted = true;
	TAILQ_INSERT_TAIL(&connection->owner->noted, connection, noted_link);
	event_active(connection->owner->act, 0, 0);
}

/* Hide all further bytes of the request from libevent, and note an error. REASON as in struct connection. */
static void
connection_input_refuse(struct connection *connection, int code, const char *reason)
{
	connection->code = code;
	connection->reason = reason;
	connection->unsent = evbuffer_get_length(bufferevent_get_output(connection->bufferevent));
	tricks_take_over(connection->bufferevent, connection->evcon);
	connection_input_note(connection);
}

/* --- bytes of the client ----------------------------------------------------------------------- */

/*
 * Drop empty lines from the input, as RFC 9112 2.2 says. Return whether a request begins after them. A CR
 * alone may still become an empty line.
 */
static bool
connection_input_begin(struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bufferevent);
	char start[2];
	ev_ssize_t len;

	if (evbuffer_get_length(input) == 0)
		return false;
	while ((len = evbuffer_copyout(input, start, sizeof(start))) > 0) {
		if (start[0] == '\n') {
			evbuffer_drain(input, 1);
		} else if (start[0] != '\r' || (len == 2 && start[1] != '\n')) {
			connection->has_begun = true;
			return true;
		} else if (len == 1) {
			return false;
		} else {
			evbuffer_drain(input, 2);
		}
	}
	return false;
}

/* Scan the head in INPUT from OFFSET on. Return where the body begins; the end of INPUT, if it does not. */
static size_t
connection_input_scan_head(struct connection *connection, struct evbuffer *input, size_t offset)
{
	struct evbuffer_ptr at;
	struct evbuffer_iovec part;

	evbuffer_ptr_set(input, &at, offset, EVBUFFER_PTR_SET);
	while (!connection->head.is_complete && evbuffer_peek(input, -1, &at, &part, 1) > 0) {
		offset += head_scan(&connection->head, part.iov_base, part.iov_len);
		if (evbuffer_ptr_set(input, &at, part.iov_len, EVBUFFER_PTR_ADD) != 0)
			break;
	}
	return offset;
}

/* Remove the chunked body that is in INPUT from OFFSET on. When it is complete, put an empty one there. */
static void
connection_input_read_chunks(struct connection *connection, struct evbuffer *input, size_t offset)
{
	struct chunks *chunks = &connection->chunks;
	struct evbuffer *head = evbuffer_new();
	struct evbuffer_iovec part;

	connection->is_editing = true;
	evbuffer_remove_buffer(input, head, offset);
	while (chunks->code == 0 && !chunks->is_complete &&
	       evbuffer_peek(input, -1, NULL, &part, 1) > 0)
		evbuffer_drain(input, chunks_scan(chunks, part.iov_base, part.iov_len));
	if (chunks->is_complete)
		tricks_end_chunks(input);
	evbuffer_prepend_buffer(input, head);
	connection->is_editing = false;
	evbuffer_free(head);
	if (chunks->code != 0)
		connection_input_refuse(connection, chunks->code, chunks->reason);
}

/* Scan the bytes of the input from OFFSET on, which are new. */
static void
connection_input_scan(struct connection *connection, size_t offset)
{
	struct evbuffer *input = bufferevent_get_input(connection->bufferevent);
	struct head *head = &connection->head;

	if (!head->is_complete)
		offset = connection_input_scan_head(connection, input, offset);
	if (head->refusal != NULL)
		connection_input_refuse(connection, 400, head->refusal);
	else if (head->is_complete && head->has_transfer_encoding &&
		 !connection->chunks.is_complete)
		connection_input_read_chunks(connection, input, offset);
	else if (evbuffer_get_length(input) > MOST_UNREAD)
		connection_input_refuse(connection, 413, NULL);
}

/*
 * Refuse bytes that libevent must not see. libevent parses all others next. When the request is complete, it
 * calls server_on_request().
 */
static void
connection_input_on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *arg)
{
	struct connection *connection = arg;

	if (connection->state != STATE_READING || connection->is_editing || connection->code != 0 ||
	    change->n_added == 0)
		return;
	if (connection->has_begun) {
		connection_input_scan(connection, evbuffer_get_length(input) - change->n_added);
	} else if (connection_input_begin(connection)) {
		/* Again: the deadline of the request begins. */
		connection_enter(connection, STATE_READING);
		connection_input_scan(connection, 0);
	}
}

void
connection_input_next(struct connection *connection)
{
	memset(&connection->head, 0, sizeof(connection->head));
	memset(&connection->chunks, 0, sizeof(connection->chunks));
	connection->has_begun = false;
	if (connection_input_begin(connection))
		connection_input_scan(connection, 0);
}

const char *
connection_input_refusal(const struct connection *connection)
{
	return connection->head.refusal;
}

/* --- bytes of libevent ----------------------------------------------------------------------- */

/* Make a note of libevent's error, and keep libevent from sending it. */
static void
connection_input_on_output(struct evbuffer *output, const struct evbuffer_cb_info *change,
			   void *arg)
{
	struct connection *connection = arg;
	int code;

	(void)output;
	if (connection->state != STATE_READING || change->n_added == 0)
		return;
	code = tricks_hold_output(connection->bufferevent, change->orig_size);
	if (connection->code == 0) {
		connection->code = code;
		connection->unsent = change->orig_size;
	}
	connection_input_note(connection);
}

static void
connection_input_end_with_error(struct connection *connection)
{
	struct connections *owner = connection->owner;
	struct library_error error = {connection->code, connection->reason,
				      connection->head.is_head};
	struct evbuffer *answer = evbuffer_new();

	connection_enter(connection, STATE_ENDING);
	library_error_write(answer, &error, &owner->date);
	tricks_replace_output(connection->bufferevent, connection->unsent, answer);
	evbuffer_free(answer);
	owner->watch.refused(owner->watch.arg, error.code, error.reason);
	connection_end(connection, true);
}

static void
connection_input_on_act(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->noted)) != NULL) {
		TAILQ_REMOVE(&connections->noted, connection, noted_link);
		connection->is_noted = false;
		if (connection->state != STATE_READING)
			continue; /* the request is complete: its reply carries "100 Continue" */
		if (connection->code != 0)
			connection_input_end_with_error(connection);
		else
			tricks_write_now(connection->bufferevent);
	}
}

struct event *
connection_input_event(struct connections *connections)
{
	return loop_event_new(connections->base, -1, 0, connection_input_on_act, connections);
}

void
connection_input_watch(struct connection *connection)
{
	tricks_watch(connection->bufferevent, connection_input_on_input, connection_input_on_output,
		     connection);
}
