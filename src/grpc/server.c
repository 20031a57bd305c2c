#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "grpc/call.h"
#include "grpc/connection.h"
#include "grpc/handlers.h"
#include "grpc/server.h"
#include "loop/loop.h"
#include "metrics/metrics.h"

#define TICK_MS		250
#define DRAIN_STEP_MS	20
#define DRAIN_NOTICE_MS 300 /* between the notice of the end, and the end of each connection */

/* --- connections ---------------------------------------------------------------------------------- */

static void
grpc_server_set_listening(struct grpc_server *server, bool is_listening)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (is_listening)
			evconnlistener_enable(server->listeners[i]);
		else
			evconnlistener_disable(server->listeners[i]);
}

static void
grpc_server_listen_again(struct grpc_server *server)
{
	const struct connection_limit *limit = server->settings.connections;

	if (limit != NULL && !connection_limit_has_room(limit))
		return;
	server->is_full = false;
	grpc_server_set_listening(server, true);
}

static void
grpc_server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct grpc_server *server = arg;
	struct connection_limit *limit = server->settings.connections;

	(void)listener;
	(void)address;
	(void)len;
	server->connection_count++;
	metrics_add(METRIC_GRPC_CONNECTIONS, 1);
	grpc_connection_open(server, fd);
	if (limit == NULL || connection_limit_enter(limit))
		return;
	server->is_full = true;
	grpc_server_set_listening(server, false);
	if (connection_limit_is_reached_now(limit, clock_ms()))
		metrics_add(METRIC_CONNECTIONS_LIMIT_REACHED, 1);
}

/* Pause the listener, which would report the same failure again and again. The next tick resumes it. */
static void
grpc_server_on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	metrics_count_accept_failure(errno);
	evconnlistener_disable(listener);
}

void
grpc_server_note_closed(struct grpc_server *server)
{
	server->connection_count--;
	metrics_subtract(METRIC_GRPC_CONNECTIONS, 1);
	if (server->settings.connections != NULL)
		connection_limit_leave(server->settings.connections);
	if (server->is_full)
		grpc_server_listen_again(server);
}

void
grpc_server_note_dirty(struct grpc_server *server, struct grpc_connection *connection)
{
	if (connection->is_dirty)
		return;
	if (LIST_EMPTY(&server->dirty))
		event_active(server->flush, 0, 0);
	connection->is_dirty = true;
	LIST_INSERT_HEAD(&server->dirty, connection, dirty_link);
}

static void
grpc_server_on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_server *server = arg;

	(void)fd;
	(void)what;
	while (!LIST_EMPTY(&server->dirty))
		grpc_connection_flush(LIST_FIRST(&server->dirty));
}

static void
grpc_server_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_server *server = arg;
	struct grpc_connection *connection, *next;
	uint64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	grpc_server_listen_again(server);
	health_tell(server);
	for (connection = LIST_FIRST(&server->connections); connection != NULL; connection = next) {
		next = LIST_NEXT(connection, link);
		grpc_connection_sweep(connection, now_ms);
	}
	loop_event_in(server->tick, TICK_MS);
}

/* --- draining ------------------------------------------------------------------------------------- */

static void
grpc_server_stop_listening(struct grpc_server *server)
{
	while (server->listener_count > 0)
		evconnlistener_free(server->listeners[--server->listener_count]);
}

static void
grpc_server_end_connections(struct grpc_server *server, enum connection_phase phase)
{
	struct grpc_connection *connection, *next;

	for (connection = LIST_FIRST(&server->connections); connection != NULL; connection = next) {
		next = LIST_NEXT(connection, link);
		if (connection->phase == phase)
			grpc_connection_end(connection);
	}
}

/* The first step runs in a later round than the order, so that connections in the queue were accepted. */
static void
grpc_server_on_drain_step(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_server *server = arg;

	(void)fd;
	(void)what;
	grpc_server_stop_listening(server);
	grpc_server_end_connections(server, CONNECTION_OPEN);
	if (clock_ms() - server->drain_began_ms >= DRAIN_NOTICE_MS)
		grpc_server_end_connections(server, CONNECTION_ENDING);
	if (server->connection_count == 0)
		server->settings.drained(server->settings.arg);
	else
		loop_event_in(server->drain_step, DRAIN_STEP_MS);
}

void
grpc_server_announce_drain(struct grpc_server *server)
{
	server->is_drain_announced = true;
	health_tell(server);
}

void
grpc_server_drain(struct grpc_server *server)
{
	server->is_drain_announced = true;
	server->is_draining = true;
	server->drain_began_ms = clock_ms();
	loop_event_in(server->drain_step, 0);
}

/* --- birth and death ------------------------------------------------------------------------------ */

static void
grpc_server_listen_on(struct grpc_server *server, int fd)
{
	struct evconnlistener *listener =
		evconnlistener_new(server->base, grpc_server_on_accept, server,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

	if (listener == NULL)
		abort();
	evconnlistener_set_error_cb(listener, grpc_server_on_accept_error);
	server->listeners[server->listener_count++] = listener;
}

struct grpc_server *
grpc_server_new(struct event_base *base, const struct grpc_settings *settings, const int *fds,
		size_t count)
{
	struct grpc_server *server = xcalloc(1, sizeof(*server));

	server->settings = *settings;
	server->base = base;
	server->flush = loop_event_new(base, -1, 0, grpc_server_on_flush, server);
	server->tick = loop_event_new(base, -1, 0, grpc_server_on_tick, server);
	loop_event_in(server->tick, TICK_MS);
	server->drain_step = loop_event_new(base, -1, 0, grpc_server_on_drain_step, server);
	server->listeners = xcalloc(count, sizeof(*server->listeners));
	for (size_t i = 0; i < count; i++)
		grpc_server_listen_on(server, fds[i]);
	return server;
}

void
grpc_server_free(struct grpc_server *server)
{
	if (server == NULL)
		return;
	grpc_server_stop_listening(server);
	while (!LIST_EMPTY(&server->connections))
		grpc_connection_free(LIST_FIRST(&server->connections));
	event_free(server->flush);
	event_free(server->tick);
	event_free(server->drain_step);
	free(server->listeners);
	free(server);
}
