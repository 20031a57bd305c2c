/*
 * DESIGN. Closing a socket that holds unread bytes makes the kernel reset the connection, and a reset
 * overtakes the answer: a proxy that is still sending a body sees a failed server, and not the 413. So
 * a connection that the server ends is closed in three steps. First the answer is written. Then our half is
 * shut. Then all further bytes are read and discarded, until the client closes its half, has sent too
 * much, or has taken too long.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sys/socket.h>

#include "http/connection_state.h"

#define MOST_DISCARDED (16u * 1024 * 1024) /* bytes */

static void
on_gone(struct bufferevent *bufferevent, short what, void *arg)
{
	struct connection *connection = arg;

	(void)bufferevent;
	(void)what;
	evhttp_connection_free(connection->evcon);
}

static void
on_more(struct bufferevent *bufferevent, void *arg)
{
	struct connection *connection = arg;
	struct evbuffer *input = bufferevent_get_input(bufferevent);

	connection->discarded += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
	if (connection->discarded > MOST_DISCARDED)
		evhttp_connection_free(connection->evcon);
}

static void
linger(struct connection *connection)
{
	connection_enter(connection, STATE_LINGERING);
	shutdown(connection->fd, SHUT_WR);
	event_del(connection->registration);
	bufferevent_setcb(connection->bufferevent, on_more, NULL, on_gone, connection);
	bufferevent_enable(connection->bufferevent, EV_READ);
	on_more(connection->bufferevent, connection);
}

static void
on_written(struct bufferevent *bufferevent, void *arg)
{
	struct connection *connection = arg;

	connection_release(connection);
	if (connection->lingers || evbuffer_get_length(bufferevent_get_input(bufferevent)) > 0)
		linger(connection);
	else
		evhttp_connection_free(connection->evcon);
}

void
connection_end(struct connection *connection, bool lingers)
{
	struct bufferevent *bufferevent = connection->bufferevent;

	connection->lingers = lingers;
	connection_take_over(connection);
	bufferevent_setcb(bufferevent, NULL, on_written, on_gone, connection);
	connection_write_now(connection);
	if (evbuffer_get_length(bufferevent_get_output(bufferevent)) == 0)
		on_written(bufferevent, connection);
}
