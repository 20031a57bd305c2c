/*
 * DESIGN. If we close a socket that holds unread bytes, the kernel resets the connection. The reset
 * overtakes the answer. A proxy that is still sending a body then sees a failed server instead of the 413.
 * So we end a connection in three steps. We write the answer. We close our half. Then we read and discard
 * all further bytes, until the client closes its half, has sent too many, or has taken too long.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sys/socket.h>

#include "http/connection_state.h"

#define MOST_DISCARDED (16u * 1024 * 1024) /* bytes */

static void
connection_end_on_gone(struct bufferevent *bufferevent, short what, void *arg)
{
	struct connection *connection = arg;

	(void)bufferevent;
	(void)what;
	evhttp_connection_free(connection->evcon);
}

static void
connection_end_on_more(struct bufferevent *bufferevent, void *arg)
{
	struct connection *connection = arg;
	struct evbuffer *input = bufferevent_get_input(bufferevent);

	connection->discarded += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
	if (connection->discarded > MOST_DISCARDED)
		evhttp_connection_free(connection->evcon);
}

static void
connection_end_linger(struct connection *connection)
{
	connection_enter(connection, STATE_LINGERING);
	shutdown(connection->fd, SHUT_WR);
	tricks_reading_stop(&connection->reading);
	bufferevent_setcb(connection->bufferevent, connection_end_on_more, NULL,
			  connection_end_on_gone, connection);
	bufferevent_enable(connection->bufferevent, EV_READ);
	connection_end_on_more(connection->bufferevent, connection);
}

static void
connection_end_on_written(struct bufferevent *bufferevent, void *arg)
{
	struct connection *connection = arg;

	connection_release(connection);
	if (connection->lingers || evbuffer_get_length(bufferevent_get_input(bufferevent)) > 0)
		connection_end_linger(connection);
	else
		evhttp_connection_free(connection->evcon);
}

void
connection_end(struct connection *connection, bool lingers)
{
	struct bufferevent *bufferevent = connection->bufferevent;

	connection->lingers = lingers;
	tricks_take_over(bufferevent, connection->evcon);
	bufferevent_setcb(bufferevent, NULL, connection_end_on_written, connection_end_on_gone,
			  connection);
	tricks_write_now(bufferevent);
	if (evbuffer_get_length(bufferevent_get_output(bufferevent)) == 0)
		connection_end_on_written(bufferevent, connection);
}
