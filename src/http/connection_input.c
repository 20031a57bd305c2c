/*
 * DESIGN. Two callbacks see the bytes before libevent does. on_input() looks at each request before
 * libevent takes it apart: it drops empty lines that precede the request, refuses heads that libevent
 * would accept (head.h), and reads chunked bodies, of which libevent knows no extensions (chunks.h): to
 * libevent such a body is empty. on_output() sees the bytes that libevent sends of its own accord:
 * "100 Continue", or an error about a request that it cannot read, as a page of HTML.
 *
 * Both run in the middle of libevent's work, so that they only make a note. on_told() acts on it in
 * the same round of the loop, before anything more is read or written: it sends "100 Continue", or
 * our own error in place of libevent's (library_error.h), and ends the connection.
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
tell(struct connection *connection)
{
	if (connection->is_told)
		return;
	connection->is_told = true;
	TAILQ_INSERT_TAIL(&connection->owner->told, connection, told_link);
	event_active(connection->owner->tell, 0, 0);
}

/* libevent sees no byte of the request that is read, or no more of them. REASON as in struct connection. */
static void
refuse(struct connection *connection, int code, const char *reason)
{
	connection->code = code;
	connection->reason = reason;
	connection->unsent = evbuffer_get_length(bufferevent_get_output(connection->bufferevent));
	connection_take_over(connection);
	tell(connection);
}

/* --- bytes of the client ----------------------------------------------------------------------- */

/*
 * Whether a request begins: empty lines that precede it are dropped, as RFC 9112 2.2 says. False as
 * long as the input holds nothing more than the CR of such a line.
 */
static bool
begin(struct connection *connection)
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

/* Scan the head in INPUT from OFFSET on, and return where the body begins: the end, if it does not. */
static size_t
scan_head(struct connection *connection, struct evbuffer *input, size_t offset)
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

/* INPUT holds a chunked body and nothing else. Take as much of the body as there is. */
static void
take_chunks(struct chunks *chunks, struct evbuffer *input)
{
	struct evbuffer_iovec part;

	while (chunks->code == 0 && !chunks->is_complete &&
	       evbuffer_peek(input, -1, NULL, &part, 1) > 0)
		evbuffer_drain(input, chunks_scan(chunks, part.iov_base, part.iov_len));
}

/* A chunked body begins, or goes on, at OFFSET. libevent sees its end, and that it was empty. */
static void
read_chunks(struct connection *connection, struct evbuffer *input, size_t offset)
{
	struct evbuffer *head = evbuffer_new();

	connection->is_editing = true;
	evbuffer_remove_buffer(input, head, offset);
	take_chunks(&connection->chunks, input);
	if (connection->chunks.is_complete)
		evbuffer_prepend(input, "0\r\n\r\n", 5);
	evbuffer_prepend_buffer(input, head);
	connection->is_editing = false;
	evbuffer_free(head);
	if (connection->chunks.code != 0)
		refuse(connection, connection->chunks.code, connection->chunks.reason);
}

/* The bytes of the input from OFFSET on are new. */
static void
look_at(struct connection *connection, size_t offset)
{
	struct evbuffer *input = bufferevent_get_input(connection->bufferevent);
	struct head *head = &connection->head;

	if (!head->is_complete)
		offset = scan_head(connection, input, offset);
	if (head->refusal != NULL)
		refuse(connection, 400, head->refusal);
	else if (head->is_complete && head->has_transfer_encoding &&
		 !connection->chunks.is_complete)
		read_chunks(connection, input, offset);
	else if (evbuffer_get_length(input) > MOST_UNREAD)
		refuse(connection, 413, NULL);
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *arg)
{
	struct connection *connection = arg;

	if (connection->state != STATE_READING || connection->is_editing || connection->code != 0 ||
	    change->n_added == 0)
		return;
	if (connection->has_begun) {
		look_at(connection, evbuffer_get_length(input) - change->n_added);
	} else if (begin(connection)) {
		connection_enter(connection, STATE_READING);
		look_at(connection, 0);
	}
}

void
connection_read_on(struct connection *connection)
{
	memset(&connection->head, 0, sizeof(connection->head));
	memset(&connection->chunks, 0, sizeof(connection->chunks));
	connection->has_begun = false;
	if (begin(connection))
		look_at(connection, 0);
}

const char *
connection_refusal(const struct connection *connection)
{
	return connection->head.refusal;
}

/* --- bytes of libevent ----------------------------------------------------------------------- */

/*
 * libevent's error must not be sent before it is replaced. Disabling takes the event for writing out of
 * this round of the loop, if it is in it, and libevent's enabling puts it into the next one. The
 * bufferevent keeps the front of the output frozen, which forbids reading from it too.
 */
static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *change, void *arg)
{
	struct connection *connection = arg;

	if (connection->state != STATE_READING || change->n_added == 0)
		return;
	bufferevent_disable(connection->bufferevent, EV_WRITE);
	if (connection->code == 0) {
		evbuffer_unfreeze(output, 1);
		connection->code = library_error_code(output, change->orig_size);
		evbuffer_freeze(output, 1);
		connection->unsent = change->orig_size;
	}
	tell(connection);
}

static void
end_with_error(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);
	struct library_error error = {connection->code, connection->reason,
				      connection->head.is_head};

	connection_enter(connection, STATE_ENDING);
	evbuffer_unfreeze(output, 1);
	library_error_replace(output, connection->unsent, &error, &connection->owner->date);
	evbuffer_freeze(output, 1);
	connection_end(connection, true);
}

static void
on_told(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->told)) != NULL) {
		TAILQ_REMOVE(&connections->told, connection, told_link);
		connection->is_told = false;
		if (connection->state != STATE_READING)
			continue; /* its request was complete: the reply carries "100 Continue" */
		if (connection->code != 0)
			end_with_error(connection);
		else
			connection_write_now(connection);
	}
}

struct event *
connection_tell_event(struct connections *connections)
{
	return loop_event_new(connections->base, -1, 0, on_told, connections);
}

void
connection_watch(struct connection *connection)
{
	evbuffer_add_cb(bufferevent_get_input(connection->bufferevent), on_input, connection);
	evbuffer_add_cb(bufferevent_get_output(connection->bufferevent), on_output, connection);
}
