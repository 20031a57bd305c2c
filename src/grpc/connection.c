#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "grpc/call.h"
#include "grpc/connection.h"
#include "grpc/session.h"
#include "loop/loop.h"

#define KEEPALIVE_S	60 /* after so much silence the kernel asks whether the client lives */
#define KEEPALIVE_TRIES 6

/* --- the socket ---------------------------------------------------------------------------------- */

static void
connection_wait_to_write(struct grpc_connection *connection, bool waits)
{
	if (waits)
		event_add(connection->writable, NULL);
	else
		event_del(connection->writable);
}

/* As read(2); -1 with EAGAIN: the loop will say when to try again. */
static ssize_t
connection_read(struct grpc_connection *connection, void *to, size_t size)
{
	bool wants_write = false;
	ssize_t n;

	if (connection->secured == NULL)
		return recv(connection->fd, to, size, 0);
	n = grpc_secured_read(connection->secured, to, size, &wants_write);
	if (wants_write)
		connection_wait_to_write(connection, true);
	return n;
}

/* Write as much as the socket takes. Return the number of bytes; -1: the connection is broken. */
static ssize_t
connection_write(struct grpc_connection *connection, const unsigned char *from, size_t size)
{
	size_t done = 0;
	bool wants_write;

	while (done < size) {
		ssize_t n = connection->secured == NULL
				    ? send(connection->fd, from + done, size - done, MSG_NOSIGNAL)
				    : grpc_secured_write(connection->secured, from + done,
							 size - done, &wants_write);

		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Keep LEN bytes that the socket did not take. Until it does, nothing is read. */
static void
connection_keep(struct grpc_connection *connection, const unsigned char *bytes, size_t len)
{
	connection->left = xmalloc(len);
	memcpy(connection->left, bytes, len);
	connection->left_start = 0;
	connection->left_len = len;
	connection->stuck_ms = clock_ms();
	event_del(connection->readable);
	connection_wait_to_write(connection, true);
}

/* Write the bytes that were kept. Return whether none is left. False too: *IS_BROKEN. */
static bool
connection_write_left(struct grpc_connection *connection, bool *is_broken)
{
	ssize_t n;

	if (connection->left == NULL)
		return true;
	n = connection_write(connection, connection->left + connection->left_start,
			     connection->left_len - connection->left_start);
	*is_broken = n < 0;
	if (n > 0) {
		connection->left_start += (size_t)n;
		connection->stuck_ms = clock_ms();
	}
	if (*is_broken || connection->left_start < connection->left_len)
		return false;
	free(connection->left);
	connection->left = NULL;
	connection_wait_to_write(connection, false);
	event_add(connection->readable, NULL);
	return true;
}

/* Collect the bytes that nghttp2 has to write, up to one chunk. Return their number; -1: nghttp2 has failed. */
static ssize_t
connection_gather(struct grpc_connection *connection)
{
	unsigned char *output = connection->server->output;
	size_t len = 0;

	/* No piece is larger than a frame of 16384 bytes and its head. */
	while (len + 16384 + 64 <= GRPC_CHUNK) {
		const uint8_t *piece;
		ssize_t n = nghttp2_session_mem_send(connection->session, &piece);

		if (n < 0 || (size_t)n > GRPC_CHUNK - len)
			return -1;
		if (n == 0)
			break;
		memcpy(output + len, piece, (size_t)n);
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool
connection_is_ready(const struct grpc_connection *connection)
{
	return connection->secured == NULL || grpc_secured_is_ready(connection->secured);
}

/* Return whether the connection goes on. */
static bool
connection_write_all(struct grpc_connection *connection)
{
	bool is_broken = false;
	ssize_t len, done;

	if (!connection_is_ready(connection))
		return true;
	if (!connection_write_left(connection, &is_broken))
		return !is_broken;
	while ((len = connection_gather(connection)) > 0) {
		done = connection_write(connection, connection->server->output, (size_t)len);
		if (done < 0)
			return false;
		if (done < len) {
			connection_keep(connection, connection->server->output + done,
					(size_t)(len - done));
			return true;
		}
	}
	return len == 0 && (nghttp2_session_want_read(connection->session) != 0 ||
			    nghttp2_session_want_write(connection->session) != 0);
}

void
grpc_connection_flush(struct grpc_connection *connection)
{
	if (connection->is_dirty)
		LIST_REMOVE(connection, dirty_link);
	connection->is_dirty = false;
	if (!connection_write_all(connection))
		grpc_connection_free(connection);
}

static void
connection_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_connection *connection = arg;

	(void)fd;
	(void)what;
	if (connection->left == NULL) { /* only TLS waited for it */
		connection_wait_to_write(connection, false);
		event_active(connection->readable, EV_READ, 0);
	}
	grpc_connection_flush(connection);
}

/*
 * Read GRPC_CHUNK bytes at most, so that a client that never stops sending stops no other. TLS returns a record of up to
 * 16384 bytes at a time.
 */
static void
connection_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_connection *connection = arg;
	struct grpc_server *server = connection->server;
	size_t total = 0;
	ssize_t n;

	(void)fd;
	(void)what;
	do {
		n = connection_read(connection, server->input, sizeof(server->input));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0 ||
		    nghttp2_session_mem_recv(connection->session, server->input, (size_t)n) < 0) {
			/* Send a GOAWAY with the reason, if nghttp2 has one and the socket takes it. */
			if (n > 0)
				(void)connection_write_all(connection);
			grpc_connection_free(connection);
			return;
		}
		total += (size_t)n;
	} while (connection->secured != NULL && total < GRPC_CHUNK);
	grpc_server_note_dirty(server, connection);
}

/* --- birth and death ------------------------------------------------------------------------------ */

static void
connection_keep_alive(int fd)
{
	int on = 1, idle = KEEPALIVE_S, interval = KEEPALIVE_S / KEEPALIVE_TRIES,
	    tries = KEEPALIVE_TRIES;

	/* They fail on Unix sockets, whose kernel knows that the other end is gone. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
}

void
grpc_connection_open(struct grpc_server *server, int fd)
{
	struct grpc_connection *connection = xcalloc(1, sizeof(*connection));

	connection->server = server;
	connection->fd = fd;
	connection->active_ms = clock_ms();
	connection_keep_alive(fd);
	if (server->settings.tls != NULL)
		connection->secured = grpc_secured_new(server->settings.tls, fd);
	connection->readable = loop_event_new(server->base, fd, EV_READ | EV_PERSIST,
					      connection_on_readable, connection);
	connection->writable = loop_event_new(server->base, fd, EV_WRITE | EV_PERSIST,
					      connection_on_writable, connection);
	event_add(connection->readable, NULL);
	connection->session = session_new(connection);
	LIST_INSERT_HEAD(&server->connections, connection, link);
	grpc_server_note_dirty(server, connection);
	if (server->is_draining)
		grpc_connection_end(connection); /* with TLS, it frees the connection */
}

void
grpc_connection_free(struct grpc_connection *connection)
{
	struct grpc_server *server = connection->server;
	struct grpc_call *call, *next;

	for (call = LIST_FIRST(&connection->calls); call != NULL; call = next) {
		next = LIST_NEXT(call, link);
		call_orphan(call);
	}
	if (connection->is_dirty)
		LIST_REMOVE(connection, dirty_link);
	LIST_REMOVE(connection, link);
	nghttp2_session_del(connection->session);
	event_free(connection->readable);
	event_free(connection->writable);
	if (connection->secured != NULL)
		grpc_secured_free(connection->secured);
	close(connection->fd);
	free(connection->left);
	free(connection);
	grpc_server_note_closed(server);
}

/* --- the end ------------------------------------------------------------------------------------ */

/* End the calls that a drain would wait for without end: watches, and streams of requests. */
static void
connection_end_streams(struct grpc_connection *connection)
{
	struct grpc_call *call;

	LIST_FOREACH(call, &connection->calls, link)
	if (call->phase != CALL_ENDED && call->head.method != NULL &&
	    (call->is_watching || call->head.method->has_stream))
		call_fail(call, GRPC_UNAVAILABLE, STATUS_DRAINING);
}

void
grpc_connection_end(struct grpc_connection *connection)
{
	nghttp2_session *session = connection->session;

	if (!connection_is_ready(connection)) {
		grpc_connection_free(connection);
		return;
	}
	if (connection->phase == CONNECTION_OPEN) {
		/* Calls that are on their way are served: the client has not heard of the end yet. */
		connection->phase = CONNECTION_ENDING;
		(void)nghttp2_submit_shutdown_notice(session);
	} else if (connection->phase == CONNECTION_ENDING) {
		connection->phase = CONNECTION_OVER;
		(void)nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
					    nghttp2_session_get_last_proc_stream_id(session),
					    NGHTTP2_NO_ERROR, NULL, 0);
		connection_end_streams(connection);
	}
	grpc_server_note_dirty(connection->server, connection);
}

void
grpc_connection_sweep(struct grpc_connection *connection, uint64_t now_ms)
{
	const struct grpc_settings *settings = &connection->server->settings;
	struct grpc_call *call, *next;

	if (connection->left != NULL && now_ms - connection->stuck_ms >= settings->patience_ms) {
		grpc_connection_free(connection);
		return;
	}
	for (call = LIST_FIRST(&connection->calls); call != NULL; call = next) {
		next = LIST_NEXT(call, link);
		call_sweep(call, now_ms);
	}
	if (connection->call_count > 0 || now_ms - connection->active_ms < settings->idle_ms)
		return;
	if (connection->phase == CONNECTION_OVER)
		grpc_connection_free(connection);
	else
		grpc_connection_end(connection);
}
