/*
 * DESIGN. libevent makes its connections itself and tells us of one when its first
 * request is complete, too late for deadlines. So we make the bufferevent it asks for, and
 * adopt it in the same round of the loop, when libevent has put its connection
 * into the bufferevent's callback argument. From then on the close callback keeps us right.
 *
 * libevent's callbacks free a connection when a write fails, when the client is gone, or when time is
 * up. While a request is handled the exchange points to the connection, so the bufferevent
 * has no callbacks then, and is neither read nor written.
 *
 * `waiting` and `lingering` hold connections in the order of their deadlines: as the deadlines of a
 * list are equally far away, moving one to the end keeps the order.
 */
#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/connection_state.h"
#include "loop/loop.h"
#include "metrics/metrics.h"

#define LINGER_MS	5000
#define MOST_HELD_BYTES (256u * 1024 * 1024)

/* --- states and deadlines -------------------------------------------------------------------- */

static struct connection_list *
list_of(const struct connection *connection)
{
	switch (connection->state) {
	case STATE_NEWBORN: return &connection->owner->newborn;
	case STATE_HANDLING: return NULL;
	case STATE_LINGERING: return &connection->owner->lingering;
	case STATE_READING:
	case STATE_WRITING:
	case STATE_ENDING: break;
	}
	return &connection->owner->waiting;
}

static bool
is_busy(const struct connection *connection)
{
	return connection->state == STATE_HANDLING || connection->state == STATE_WRITING ||
	       connection->state == STATE_ENDING;
}

static void
leave_state(struct connection *connection)
{
	struct connection_list *list = list_of(connection);

	if (list != NULL)
		TAILQ_REMOVE(list, connection, link);
	if (is_busy(connection))
		connection->owner->busy--;
}

static void
enter_state(struct connection *connection, enum connection_state state)
{
	struct connections *owner = connection->owner;
	struct connection_list *list;

	connection->state = state;
	connection->deadline_ms =
		owner->now_ms + (state == STATE_LINGERING ? LINGER_MS : owner->deadline_ms);
	list = list_of(connection);
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, connection, link);
	if (is_busy(connection))
		owner->busy++;
}

void
connection_enter(struct connection *connection, enum connection_state state)
{
	leave_state(connection);
	enter_state(connection, state);
}

static void
close_overdue(struct connection_list *list, uint64_t now_ms)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(list)) != NULL && connection->deadline_ms <= now_ms)
		evhttp_connection_free(connection->evcon);
}

void
connections_sweep(struct connections *connections)
{
	connections->now_ms = clock_ms();
	close_overdue(&connections->waiting, connections->now_ms);
	close_overdue(&connections->lingering, connections->now_ms);
}

/* --- whose callbacks ------------------------------------------------------------------------- */

void
connection_take_over(struct connection *connection)
{
	if ((bufferevent_get_enabled(connection->bufferevent) & (EV_READ | EV_WRITE)) != 0)
		bufferevent_disable(connection->bufferevent, EV_READ | EV_WRITE);
	bufferevent_setcb(connection->bufferevent, NULL, NULL, NULL, connection->evcon);
}

void
connection_give_back(struct connection *connection)
{
	struct connections *owner = connection->owner;

	bufferevent_setcb(connection->bufferevent, owner->library_read, owner->library_write,
			  owner->library_event, connection->evcon);
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

void
connection_release(struct connection *connection)
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
	connection_watch(connection);
	enter_state(connection, STATE_NEWBORN);
	connections->count++;
	metrics_add(METRIC_HTTP_CONNECTIONS, 1);
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
	leave_state(connection);
	if (connection->is_told)
		TAILQ_REMOVE(&connections->told, connection, told_link);
	connection_release(connection);
	event_free(connection->registration);
	connections->by_fd[connection->fd] = NULL;
	connections->count--;
	metrics_subtract(METRIC_HTTP_CONNECTIONS, 1);
	free(connection);
	connections->watch.closed(connections->watch.arg);
}

/*
 * libevent switches reading off for each request and on again after the reply, which costs
 * system calls. It does not while another event, this one, wants to read from the same socket. It has
 * nothing to do; but bytes that come while libevent does not read must not wake it again and again. The
 * request itself wakes it one time, after libevent.
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
	void *evcon;

	bufferevent_getcb(connection->bufferevent, &connections->library_read,
			  &connections->library_write, &connections->library_event, &evcon);
	connection->evcon = evcon;
	connection->fd = bufferevent_getfd(connection->bufferevent);
	remember_fd(connections, connection);
	connection->registration = loop_event_new(connections->base, connection->fd,
						  EV_READ | EV_PERSIST, on_readable, connection);
	event_add(connection->registration, NULL);
	evhttp_connection_set_closecb(connection->evcon, on_close, connection);
	connection_enter(connection, STATE_READING);
	connections->last_active_ms = connections->now_ms;
}

static void
on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->newborn)) != NULL)
		adopt(connections, connection);
}

struct connections *
connections_new(struct event_base *base, struct evhttp *http, const struct connection_watch *watch,
		uint64_t deadline_ms)
{
	struct connections *connections = xcalloc(1, sizeof(*connections));

	TAILQ_INIT(&connections->newborn);
	TAILQ_INIT(&connections->waiting);
	TAILQ_INIT(&connections->lingering);
	TAILQ_INIT(&connections->told);
	connections->base = base;
	connections->watch = *watch;
	connections->deadline_ms = deadline_ms;
	connections->now_ms = clock_ms();
	connections->adopt = loop_event_new(base, -1, 0, on_adopt, connections);
	connections->tell = connection_tell_event(connections);
	evhttp_set_bevcb(http, on_accept, connections);
	return connections;
}

void
connections_free(struct connections *connections)
{
	assert(connections->count == 0);
	event_free(connections->adopt);
	event_free(connections->tell);
	free(connections->by_fd);
	free(connections);
}

/* --- a request's way ------------------------------------------------------------------------- */

struct connection *
connection_begin(struct connections *connections, struct evhttp_connection *evcon, uint64_t now_ms)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct connection *connection = connections->by_fd[fd];

	assert(connection->evcon == evcon && connection->state == STATE_READING);
	connection_enter(connection, STATE_HANDLING);
	connection_take_over(connection);
	connection->was_woken = false;
	connections->last_active_ms = connections->now_ms = now_ms;
	return connection;
}

/* Its reply is with the kernel. */
static void
on_complete(struct evhttp_request *http, void *arg)
{
	struct connection *connection = arg;

	(void)http;
	connection_enter(connection, STATE_READING);
	connection_release(connection);
	connection_read_on(connection);
	event_add(connection->registration, NULL);
	connection->owner->last_active_ms = connection->owner->now_ms;
}

void
connection_write_now(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);

	if (evbuffer_get_length(output) == 0)
		return;
	evbuffer_unfreeze(output, 1);
	evbuffer_write(output, connection->fd); /* an error comes again, and is met there */
	evbuffer_freeze(output, 1);
	if (evbuffer_get_length(output) > 0)
		bufferevent_enable(connection->bufferevent, EV_WRITE);
}

/*
 * libevent decides for itself whether it closes the connection, and not as the reply says: it
 * reads the first word of one header only, closes after the address of a proxy, and never does after
 * CONNECT. So it is shown a request after which a connection stays.
 *
 * To libevent this is the end of a reply that it has not seen begin, which it takes to be
 * complete when the output is empty, and else waits until it is.
 */
static void
write_and_read_on(struct connection *connection, struct evhttp_request *http)
{
	http->type = EVHTTP_REQ_GET;
	http->minor = 1;
	http->flags &= ~EVHTTP_PROXY_REQUEST;
	evhttp_request_set_on_complete_cb(http, on_complete, connection);
	connection_give_back(connection);
	connection_write_now(connection);
	evhttp_send_reply_end(http);
}

void
connection_reply(struct connection *connection, struct evhttp_request *http,
		 const struct text *head, enum connection_future future, uint64_t now_ms)
{
	struct evbuffer *output = bufferevent_get_output(connection->bufferevent);

	connection->owner->now_ms = now_ms;
	connection_enter(connection, future == CONNECTION_STAYS ? STATE_WRITING : STATE_ENDING);
	evbuffer_add(output, head->start, head->len);
	evbuffer_add_buffer(output, evhttp_request_get_output_buffer(http));
	if (future == CONNECTION_STAYS) {
		write_and_read_on(connection, http);
		return;
	}
	evhttp_clear_headers(evhttp_request_get_input_headers(http)); /* it may stay for a while */
	connection_end(connection, future == CONNECTION_LINGERS);
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
	connections->last_active_ms = connections->now_ms = clock_ms();
}

uint64_t
connections_last_active_ms(const struct connections *connections)
{
	return connections->last_active_ms;
}

static void
close_idle(struct connection_list *list)
{
	struct connection *connection, *following;

	for (connection = TAILQ_FIRST(list); connection != NULL; connection = following) {
		following = TAILQ_NEXT(connection, link);
		if (!is_busy(connection))
			evhttp_connection_free(connection->evcon);
	}
}

void
connections_close_idle(struct connections *connections)
{
	close_idle(&connections->waiting);
	close_idle(&connections->lingering);
}
