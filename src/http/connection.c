/*
 * DESIGN. libevent makes its connections itself, and tells of one when its first request is complete. That
 * is too late for deadlines. So we make the bufferevent, and adopt the connection in the same round of the
 * loop. From then on the close callback keeps our count right.
 *
 * libevent's callbacks free a connection when a write fails, when the client has closed, or after a
 * time-out. While a request is handled, an exchange points to the connection. So its bufferevent has no
 * callbacks then, and is neither read nor written. tricks.h lists all uses of libevent that this needs.
 *
 * `waiting` and `lingering` hold connections in the order of their deadlines. All deadlines of a list are
 * equally long, so a connection that moves to the end keeps the order.
 */
#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/connection_state.h"
#include "loop/loop.h"

#define LINGER_MS	5000
#define MOST_HELD_BYTES (256u * 1024 * 1024)

/* --- states and deadlines -------------------------------------------------------------------- */

static struct connection_list *
connection_list_of(const struct connection *connection)
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
connection_is_busy(const struct connection *connection)
{
	return connection->state == STATE_HANDLING || connection->state == STATE_WRITING ||
	       connection->state == STATE_ENDING;
}

static void
connection_leave_state(struct connection *connection)
{
	struct connection_list *list = connection_list_of(connection);

	if (list != NULL)
		TAILQ_REMOVE(list, connection, link);
	if (connection_is_busy(connection))
		connection->owner->busy--;
}

static void
connection_enter_state(struct connection *connection, enum connection_state state)
{
	struct connections *owner = connection->owner;
	struct connection_list *list;

	connection->state = state;
	connection->deadline_ms =
		owner->now_ms + (state == STATE_LINGERING ? LINGER_MS : owner->deadline_ms);
	list = connection_list_of(connection);
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, connection, link);
	if (connection_is_busy(connection))
		owner->busy++;
}

void
connection_enter(struct connection *connection, enum connection_state state)
{
	connection_leave_state(connection);
	connection_enter_state(connection, state);
}

static void
connection_close_overdue(struct connection_list *list, uint64_t now_ms)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(list)) != NULL && connection->deadline_ms <= now_ms)
		evhttp_connection_free(connection->evcon);
}

void
connections_sweep(struct connections *connections)
{
	connections->now_ms = clock_ms();
	connection_close_overdue(&connections->waiting, connections->now_ms);
	connection_close_overdue(&connections->lingering, connections->now_ms);
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
connection_on_accept(struct event_base *base, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->owner = connections;
	connection->bufferevent = bufferevent_socket_new(base, -1, 0);
	if (connection->bufferevent == NULL)
		abort();
	connection_input_watch(connection);
	connection_enter_state(connection, STATE_NEWBORN);
	connections->count++;
	event_active(connections->adopt, 0, 0);
	connections->watch.opened(connections->watch.arg);
	return connection->bufferevent;
}

static void
connection_on_close(struct evhttp_connection *evcon, void *arg)
{
	struct connection *connection = arg;
	struct connections *connections = connection->owner;

	(void)evcon;
	assert(connection->state != STATE_HANDLING);
	connection_leave_state(connection);
	if (connection->is_noted)
		TAILQ_REMOVE(&connections->noted, connection, noted_link);
	connection_release(connection);
	tricks_reading_free(&connection->reading);
	connections->by_fd[connection->fd] = NULL;
	connections->count--;
	free(connection);
	connections->watch.closed(connections->watch.arg);
}

static void
connection_remember_fd(struct connections *connections, struct connection *connection)
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
connection_on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *connection;

	(void)fd;
	(void)what;
	while ((connection = TAILQ_FIRST(&connections->newborn)) != NULL) {
		connection->evcon = tricks_adopt(connection->bufferevent, &connections->callbacks);
		connection->fd = bufferevent_getfd(connection->bufferevent);
		connection_remember_fd(connections, connection);
		tricks_reading_begin(&connection->reading, connection->bufferevent);
		evhttp_connection_set_closecb(connection->evcon, connection_on_close, connection);
		connection_enter(connection, STATE_READING);
		connections->last_active_ms = connections->now_ms;
	}
}

struct connections *
connections_new(struct event_base *base, struct evhttp *http, const struct connection_watch *watch,
		uint64_t deadline_ms)
{
	struct connections *connections = xcalloc(1, sizeof(*connections));

	TAILQ_INIT(&connections->newborn);
	TAILQ_INIT(&connections->waiting);
	TAILQ_INIT(&connections->lingering);
	TAILQ_INIT(&connections->noted);
	connections->base = base;
	connections->watch = *watch;
	connections->deadline_ms = deadline_ms;
	connections->now_ms = clock_ms();
	connections->adopt = loop_event_new(base, -1, 0, connection_on_adopt, connections);
	connections->act = connection_input_event(connections);
	evhttp_set_bevcb(http, connection_on_accept, connections);
	return connections;
}

void
connections_free(struct connections *connections)
{
	assert(connections->count == 0);
	event_free(connections->adopt);
	event_free(connections->act);
	free(connections->by_fd);
	free(connections);
}

/* --- requests and replies ------------------------------------------------------------------------- */

struct connection *
connection_begin(struct connections *connections, struct evhttp_connection *evcon, uint64_t now_ms)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct connection *connection = connections->by_fd[fd];

	assert(connection->evcon == evcon && connection->state == STATE_READING);
	connection_enter(connection, STATE_HANDLING);
	tricks_take_over(connection->bufferevent, evcon);
	tricks_reading_request(&connection->reading);
	connections->last_active_ms = connections->now_ms = now_ms;
	return connection;
}

int
connection_fd(const struct connection *connection)
{
	return connection->fd;
}

/* The kernel has the reply. */
static void
connection_on_complete(struct evhttp_request *http, void *arg)
{
	struct connection *connection = arg;

	(void)http;
	connection_enter(connection, STATE_READING);
	connection_release(connection);
	connection_input_next(connection);
	tricks_reading_resume(&connection->reading);
	connection->owner->last_active_ms = connection->owner->now_ms;
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
		tricks_give_back(connection->bufferevent, connection->evcon,
				 &connection->owner->callbacks);
		tricks_write_reply(http, connection->bufferevent, connection_on_complete,
				   connection);
		return;
	}
	/* Headers are memory, and the connection may linger. */
	evhttp_clear_headers(evhttp_request_get_input_headers(http));
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
connection_close_idle(struct connection_list *list)
{
	struct connection *connection, *following;

	for (connection = TAILQ_FIRST(list); connection != NULL; connection = following) {
		following = TAILQ_NEXT(connection, link);
		if (!connection_is_busy(connection))
			evhttp_connection_free(connection->evcon);
	}
}

void
connections_close_idle(struct connections *connections)
{
	connection_close_idle(&connections->waiting);
	connection_close_idle(&connections->lingering);
}
