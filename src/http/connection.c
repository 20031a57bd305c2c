/*
 * DESIGN. The library makes its connections itself and tells us of one when its first
 * request is complete, too late for deadlines. So we make the bufferevent it asks for, and
 * adopt it in the same round of the loop, when the library has put its connection
 * into the bufferevent's callback argument. From then on the close callback keeps us right.
 *
 * `waiting` holds the connections that read or write, in the order of their deadlines:
 * as all deadlines are equally far away, moving one to the end keeps the order.
 *
 * What comes into the input is looked at before the library takes it apart (head.h). What lies
 * there already when a reply is done is the beginning of the next request.
 *
 * What appears in the output of a connection that is reading comes from the library: an
 * error about a request it could not read, as a page of HTML. It is replaced by ours before it
 * is sent (library_error.h), and the connection ends.
 */
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/head.h"
#include "http/library_error.h"
#include "http/response.h"
#include "loop/loop.h"
#include "metrics/metrics.h"

#define DEADLINE_MS	75000
#define MOST_HELD_BYTES (256u * 1024 * 1024)
#define MOST_UNREAD	65536 /* bytes of input: the library needs far fewer for any request */

enum connection_state { STATE_READING, STATE_HANDLING, STATE_WRITING };

struct connection {
	struct connections *owner;
	struct bufferevent *bufferevent;
	struct evhttp_connection *evcon; /* NULL until adopted */
	int fd;
	enum connection_state state;
	uint64_t deadline_ms;
	size_t held;		      /* bytes for its reply */
	struct head head;	      /* of the request that is being read or handled */
	TAILQ_ENTRY(connection) link; /* waiting or newborn; none while handling */
	struct event *registration;   /* NULL until adopted */
	bool was_woken;		      /* since its request began, while nothing is read */
	bool is_told;		      /* something is to be looked at when the library is done */
	TAILQ_ENTRY(connection) told_link;
};

TAILQ_HEAD(connection_list, connection);

struct connections {
	struct event_base *base;
	struct connection_watch watch;
	struct connection_list newborn;
	struct connection_list waiting;
	struct connection_list told;
	struct connection **by_fd; /* those adopted */
	size_t by_fd_size;
	size_t count;
	size_t busy;
	size_t held; /* bytes, over all connections */
	uint64_t last_active_ms;
	struct response_date date;
	struct event *adopt;   /* fired in the round that made a newborn */
	struct event *rewrite; /* fired in the round in which the library spoke, or took too much */
};

/* --- deadlines -------------------------------------------------------------------------------- */

static void
wait_until_deadline(struct connection *connection)
{
	connection->deadline_ms = clock_ms() + DEADLINE_MS;
	TAILQ_INSERT_TAIL(&connection->owner->waiting, connection, link);
}

void
connections_sweep(struct connections *connections)
{
	uint64_t now_ms = clock_ms();
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&connections->waiting)) != NULL &&
	       connection->deadline_ms <= now_ms)
		evhttp_connection_free(connection->evcon);
}

/* The library is at work on the connection just now: what it did is looked at when it is done. */
static void
rewrite_soon(struct connection *connection)
{
	if (connection->is_told)
		return;
	connection->is_told = true;
	TAILQ_INSERT_TAIL(&connection->owner->told, connection, told_link);
	event_active(connection->owner->rewrite, 0, 0);
}

/* --- what the client says -------------------------------------------------------------------- */

/* The bytes of the input from OFFSET on, which must not be its end. */
static void
scan_input(struct connection *connection, size_t offset)
{
	struct evbuffer *input = bufferevent_get_input(connection->bufferevent);
	struct evbuffer_ptr at;
	struct evbuffer_iovec part;

	evbuffer_ptr_set(input, &at, offset, EVBUFFER_PTR_SET);
	while (!connection->head.is_complete && evbuffer_peek(input, -1, &at, &part, 1) > 0) {
		head_scan(&connection->head, part.iov_base, part.iov_len);
		if (evbuffer_ptr_set(input, &at, part.iov_len, EVBUFFER_PTR_ADD) != 0)
			break;
	}
}

/* The library waits for the end of something, however long it gets: the line of a chunk, for one. */
static bool
is_overfull(const struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bufferevent);

	return connection->state == STATE_READING && evbuffer_get_length(input) > MOST_UNREAD;
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *arg)
{
	struct connection *connection = arg;

	if (change->n_added > 0 && !connection->head.is_complete)
		scan_input(connection, evbuffer_get_length(input) - change->n_added);
	if (is_overfull(connection))
		rewrite_soon(connection);
}

static void
begin_head(struct connection *connection)
{
	memset(&connection->head, 0, sizeof(connection->head));
	if (evbuffer_get_length(bufferevent_get_input(connection->bufferevent)) > 0)
		scan_input(connection, 0);
}

const char *
connection_refusal(const struct connection *connection)
{
	return connection->head.refusal;
}

/* --- what the library says ----------------------------------------------------------------- */

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *change, void *arg)
{
	struct connection *connection = arg;

	(void)output;
	if (connection->state == STATE_READING && change->n_added > 0)
		rewrite_soon(connection);
}

/* The status of the error that CONNECTION must end with; 0: it goes on. */
static int
code_of_end(const struct connection *connection, struct evbuffer *output)
{
	int code = library_error_code(output);

	return code == 0 && is_overfull(connection) ? 413 : code;
}

/*
 * The connection ends with an error, and with as much of it as the socket takes at once: the library
 * would go on behind a CONNECT, and read whatever comes while its error waits. The output's front is
 * the bufferevent's: it is frozen, but for the first reply.
 */
static void
rewrite(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);
	int code;

	evbuffer_unfreeze(output, 1);
	code = code_of_end(connection, output);
	if (code != 0) {
		library_error_replace(output, code, &connection->owner->date);
		evbuffer_write(output, connection->fd);
	}
	evbuffer_freeze(output, 1);
	if (code != 0)
		evhttp_connection_free(connection->evcon);
}

static void
on_rewrite(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->told)) != NULL) {
		TAILQ_REMOVE(&connections->told, connection, told_link);
		connection->is_told = false;
		rewrite(connection);
	}
}

/* --- memory -------------------------------------------------------------------------------------- */

bool
connection_hold(struct connection *connection, size_t bytes)
{
	if (bytes > MOST_HELD_BYTES - connection->owner->held)
		return false;
	connection->held = bytes;
	connection->owner->held += bytes;
	return true;
}

static void
release(struct connection *connection)
{
	connection->owner->held -= connection->held;
	connection->held = 0;
}

/* --- birth and death ------------------------------------------------------------------------- */

static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->owner = connections;
	connection->bufferevent = bufferevent_socket_new(base, -1, 0);
	if (connection->bufferevent == NULL)
		abort();
	evbuffer_add_cb(bufferevent_get_input(connection->bufferevent), on_input, connection);
	evbuffer_add_cb(bufferevent_get_output(connection->bufferevent), on_output, connection);
	TAILQ_INSERT_TAIL(&connections->newborn, connection, link);
	event_active(connections->adopt, 0, 0);
	connections->watch.opened(connections->watch.arg);
	return connection->bufferevent;
}

static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct connection *connection = arg;
	struct connections *connections = connection->owner;

	(void)evcon;
	assert(connection->state != STATE_HANDLING);
	TAILQ_REMOVE(&connections->waiting, connection, link);
	if (connection->is_told)
		TAILQ_REMOVE(&connections->told, connection, told_link);
	if (connection->state != STATE_READING)
		connections->busy--;
	release(connection);
	event_free(connection->registration);
	connections->by_fd[connection->fd] = NULL;
	connections->count--;
	metrics_subtract(METRIC_HTTP_CONNECTIONS, 1);
	free(connection);
	connections->watch.closed(connections->watch.arg);
}

/*
 * The library switches reading off for each request and on again after the reply, which costs
 * system calls. It does not while another event, this one, wants to read from the same socket. It has
 * nothing to do; but what comes while the library does not read must not wake it again and again. Once
 * it is woken by the request itself, behind the library.
 */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *connection = arg;

	(void)fd;
	(void)what;
	if ((bufferevent_get_enabled(connection->bufferevent) & EV_READ) != 0)
		return;
	if (connection->was_woken)
		event_del(connection->registration);
	connection->was_woken = true;
}

static void
remember_fd(struct connections *connections, struct connection *connection)
{
	size_t fd = (size_t)connection->fd;

	if (fd >= connections->by_fd_size) {
		size_t size = 2 * fd + 64;

		connections->by_fd =
			xrealloc(connections->by_fd, size * sizeof(*connections->by_fd));
		memset(connections->by_fd + connections->by_fd_size, 0,
		       (size - connections->by_fd_size) * sizeof(*connections->by_fd));
		connections->by_fd_size = size;
	}
	connections->by_fd[fd] = connection;
}

static void
adopt(struct connections *connections, struct connection *connection)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *evcon;

	bufferevent_getcb(connection->bufferevent, &on_read, &on_write, &on_event, &evcon);
	connection->evcon = evcon;
	connection->fd = bufferevent_getfd(connection->bufferevent);
	remember_fd(connections, connection);
	connection->registration = loop_event_new(connections->base, connection->fd,
						  EV_READ | EV_PERSIST, on_readable, connection);
	event_add(connection->registration, NULL);
	evhttp_connection_set_closecb(connection->evcon, on_close, connection);
	connections->count++;
	metrics_add(METRIC_HTTP_CONNECTIONS, 1);
	wait_until_deadline(connection);
}

static void
on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->newborn)) != NULL) {
		TAILQ_REMOVE(&connections->newborn, connection, link);
		adopt(connections, connection);
	}
}

struct connections *
connections_new(struct event_base *base, struct evhttp *http, const struct connection_watch *watch)
{
	struct connections *connections = xcalloc(1, sizeof(*connections));

	TAILQ_INIT(&connections->newborn);
	TAILQ_INIT(&connections->waiting);
	TAILQ_INIT(&connections->told);
	connections->base = base;
	connections->watch = *watch;
	connections->adopt = loop_event_new(base, -1, 0, on_adopt, connections);
	connections->rewrite = loop_event_new(base, -1, 0, on_rewrite, connections);
	evhttp_set_bevcb(http, on_accept, connections);
	return connections;
}

void
connections_free(struct connections *connections)
{
	assert(connections->count == 0);
	event_free(connections->adopt);
	event_free(connections->rewrite);
	free(connections->by_fd);
	free(connections);
}

/* --- a request's way ------------------------------------------------------------------------- */

struct connection *
connection_begin(struct connections *connections, struct evhttp_connection *evcon)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct connection *connection = connections->by_fd[fd];

	assert(connection->evcon == evcon && connection->state == STATE_READING);
	TAILQ_REMOVE(&connections->waiting, connection, link);
	connection->state = STATE_HANDLING;
	connection->was_woken = false;
	connections->busy++;
	connections->last_active_ms = clock_ms();
	return connection;
}

/* Its reply is with the kernel. */
static void
on_complete(struct evhttp_request *http, void *arg)
{
	struct connection *connection = arg;
	struct connections *connections = connection->owner;

	(void)http;
	TAILQ_REMOVE(&connections->waiting, connection, link);
	connection->state = STATE_READING;
	connections->busy--;
	release(connection);
	begin_head(connection);
	event_add(connection->registration, NULL);
	wait_until_deadline(connection);
	connections->last_active_ms = clock_ms();
}

/*
 * The library would wait for the loop to say that the socket takes bytes, which it nearly always
 * does: a round of the loop and two system calls for each reply. What the socket does
 * not take at once goes the library's way.
 */
static void
write_now(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);

	evbuffer_unfreeze(output, 1);
	evbuffer_write(output, connection->fd); /* an error comes again, and is met there */
	evbuffer_freeze(output, 1);
	if (evbuffer_get_length(output) > 0)
		bufferevent_enable(connection->bufferevent, EV_WRITE);
}

/*
 * The library decides for itself whether it closes the connection, and not as the reply says: it
 * reads the first word of one header only, closes behind the address of a proxy, and never does behind
 * CONNECT. So it is shown a request that leaves the decision to our header.
 */
static void
decide_end(struct evhttp_request *http, bool closes)
{
	http->type = EVHTTP_REQ_GET;
	http->minor = 1;
	http->flags &= ~EVHTTP_PROXY_REQUEST;
	if (closes)
		evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
}

/*
 * To the library this is the end of a reply that it has not seen begin, which it takes to be
 * complete when the output is empty, and else waits until it is. It must not think of chunks,
 * which is what a request came in.
 */
void
connection_reply(struct connection *connection, struct evhttp_request *http,
		 const struct text *head, bool closes)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);

	connection->state = STATE_WRITING;
	wait_until_deadline(connection);
	decide_end(http, closes);
	evhttp_request_set_on_complete_cb(http, on_complete, connection);
	evbuffer_add(output, head->start, head->len);
	evbuffer_add_buffer(output, evhttp_request_get_output_buffer(http));
	write_now(connection);
	http->chunked = 0;
	evhttp_send_reply_end(http);
}

size_t
connections_count(const struct connections *connections)
{
	return connections->count;
}

size_t
connections_busy(const struct connections *connections)
{
	return connections->busy;
}

void
connections_touch(struct connections *connections)
{
	connections->last_active_ms = clock_ms();
}

uint64_t
connections_last_active_ms(const struct connections *connections)
{
	return connections->last_active_ms;
}

void
connections_close_idle(struct connections *connections)
{
	struct connection *connection, *following;

	for (connection = TAILQ_FIRST(&connections->waiting); connection != NULL;
	     connection = following) {
		following = TAILQ_NEXT(connection, link);
		if (connection->state == STATE_READING)
			evhttp_connection_free(connection->evcon);
	}
}
