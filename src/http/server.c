#include <errno.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/auth.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "http/library_error.h"
#include "http/reply.h"
#include "http/server.h"
#include "loop/loop.h"
#include "metrics/metrics.h"

#define TICK_MS	       250
#define DRAIN_STEP_MS  20
#define DRAIN_QUIET_MS 300 /* no request for this long: who is still connected wants nothing */
#define ALL_METHODS    0xffff

/* --- one request -------------------------------------------------------------------------------- */

/* Letters, digits and a little punctuation: safe to send back and to log. */
static void
take_request_id(struct exchange *exchange)
{
	const char *id = evhttp_find_header(evhttp_request_get_input_headers(exchange->http),
					    "X-Request-Id");
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.:+/=@";

	if (id == NULL || strlen(id) >= REQUEST_ID_SIZE || id[strspn(id, allowed)] != '\0')
		return;
	strcpy(exchange->request_id, id);
}

static struct exchange *
exchange_new(struct http_server *server, struct evhttp_request *http)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->server = server;
	exchange->http = http;
	exchange->began_us = clock_us();
	exchange->connection =
		connection_begin(server->connections, evhttp_request_get_connection(http),
				 exchange->began_us / 1000);
	take_request_id(exchange);
	return exchange;
}

static bool
is_allowed(const struct exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const char *header;

	if (server->settings.password[0] == '\0')
		return true;
	if (exchange->route != NULL && exchange->route->is_open)
		return true;
	header = evhttp_find_header(evhttp_request_get_input_headers(exchange->http),
				    "Authorization");
	return auth_allows(header, server->settings.password);
}

/*
 * The path of the request, NULL where it has none. The library takes what stands behind two slashes,
 * or behind any word and a colon, for a host: to whoever forwards requests by their paths it is none.
 */
static const char *
path_of(const struct evhttp_request *http)
{
	const char *target = evhttp_request_get_uri(http);
	bool is_path = target[0] == '/' && target[1] != '/';
	bool is_absolute =
		strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;

	return is_path || is_absolute ? evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http))
				      : NULL;
}

static void
on_request(struct evhttp_request *http, void *arg)
{
	struct exchange *exchange = exchange_new(arg, http);
	enum evhttp_cmd_type method = evhttp_request_get_command(http);
	const char *path = path_of(http);
	const char *argument = "";
	const char *refusal;

	refusal = connection_refusal(exchange->connection);
	if (refusal == NULL)
		refusal = guard_refuses(evhttp_request_get_input_headers(http), method, http->major,
					http->minor);
	if (refusal == NULL)
		refusal = guard_refuses_target(evhttp_request_get_uri(http));
	if (refusal != NULL) {
		http->major = http->minor = 1; /* the reply is in a version that exists */
		reply_bad_framing(exchange, refusal);
		return;
	}
	exchange->route = path != NULL ? route_find(path, &argument) : NULL;
	if (!is_allowed(exchange))
		reply_unauthorized(exchange);
	else if (exchange->route == NULL)
		reply_error(
			exchange, 404,
			"there is nothing here; try /tickets/create, /tickets/create/N, /status, "
			"/livez, /readyz or /metrics");
	else if ((exchange->route->methods & method) == 0)
		reply_method_not_allowed(exchange);
	else
		exchange->route->handle(exchange, argument);
}

/* --- listening ---------------------------------------------------------------------------------- */

/*
 * Without a pause the loop would ask for the same connection again and again. The library
 * gives this callback its own argument, not ours, so the next tick does the rest.
 */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	metrics_count_accept_failure(errno);
	evconnlistener_disable(listener);
}

/* Runs in the round of the loop that accepted the connection, before the next one is accepted. */
static void
on_opened(void *arg)
{
	struct http_server *server = arg;
	struct connection_limit *limit = server->settings.connections;

	if (connection_limit_enter(limit))
		return;
	server->is_full = true;
	for (size_t i = 0; i < server->listener_count; i++)
		evconnlistener_disable(evhttp_bound_socket_get_listener(server->listeners[i]));
	if (!connection_limit_is_reached_now(limit, clock_ms()))
		return;
	metrics_add(METRIC_CONNECTIONS_LIMIT_REACHED, 1);
	log_warn("too many connections; new ones wait", "connections=%" PRIu64 " limit=%" PRIu64,
		 atomic_load(&limit->open), limit->most);
}

static void
listen_again(struct http_server *server)
{
	if (!connection_limit_has_room(server->settings.connections))
		return;
	server->is_full = false;
	for (size_t i = 0; i < server->listener_count; i++)
		evconnlistener_enable(evhttp_bound_socket_get_listener(server->listeners[i]));
}

static void
on_closed(void *arg)
{
	struct http_server *server = arg;

	connection_limit_leave(server->settings.connections);
	if (server->is_full)
		listen_again(server);
}

static const char *
words_of(enum accept_failure reason)
{
	switch (reason) {
	case ACCEPT_FAILURE_OPEN_FILES: return "this process has too many open files";
	case ACCEPT_FAILURE_SYSTEM_FILES: return "this machine has too many open files";
	case ACCEPT_FAILURE_MEMORY: return "the kernel has no memory for a connection";
	case ACCEPT_FAILURE_OTHER:
	case ACCEPT_FAILURES: break;
	}
	return "the system gave another reason";
}

/* Whether the system refused a connection of any loop since this server last asked, and why. */
static bool
has_failed(struct http_server *server, enum accept_failure *reason)
{
	bool has = false;

	for (unsigned i = 0; i < ACCEPT_FAILURES; i++) {
		uint64_t failures = metrics_get(METRIC_ACCEPT_FAILURES + i);

		if (failures != server->accept_failures[i]) {
			*reason = (enum accept_failure)i;
			has = true;
		}
		server->accept_failures[i] = failures;
	}
	return has;
}

/* One line when connections begin to wait, and one when they do so no longer. */
static void
log_changes(struct http_server *server)
{
	struct connection_limit *limit = server->settings.connections;
	enum accept_failure reason;
	uint64_t now_ms = clock_ms(), since_ms;

	if (has_failed(server, &reason) && connection_limit_fails_now(limit, now_ms))
		log_error("cannot accept connections", "reason=\"%s\" connections=%" PRIu64,
			  words_of(reason), atomic_load(&limit->open));
	if (connection_limit_recovers_now(limit, now_ms, &since_ms) ||
	    connection_limit_is_over_now(limit, &since_ms))
		log_info("connections are accepted again",
			 "connections=%" PRIu64 " seconds=%" PRIu64, atomic_load(&limit->open),
			 (now_ms - since_ms) / 1000);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	listen_again(server);
	log_changes(server);
	connections_sweep(server->connections);
	loop_event_in(server->tick, TICK_MS);
}

static void
listen_on(struct http_server *server, int fd)
{
	struct evconnlistener *listener = evconnlistener_new(
		server->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

	if (listener == NULL)
		abort();
	evconnlistener_set_error_cb(listener, on_accept_error);
	server->listeners[server->listener_count++] = evhttp_bind_listener(server->http, listener);
}

static void
stop_listening(struct http_server *server)
{
	while (server->listener_count > 0)
		evhttp_del_accept_socket(server->http, server->listeners[--server->listener_count]);
}

/* --- draining ----------------------------------------------------------------------------------- */

/*
 * First the connections that the kernel has already made are accepted (they are in this round
 * of the loop), then we listen no more. They count from the accept on, so that the drain waits
 * until they are adopted. Connections are closed when all have been quiet for a while.
 */
static void
on_drain_step(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	uint64_t quiet_ms;

	(void)fd;
	(void)what;
	stop_listening(server);
	connections_sweep(server->connections);
	quiet_ms = clock_ms() - connections_last_active_ms(server->connections);
	if (connections_busy(server->connections) == 0 && quiet_ms >= DRAIN_QUIET_MS)
		connections_close_idle(server->connections);
	if (connections_count(server->connections) == 0)
		server->settings.drained(server->settings.arg);
	else
		loop_event_in(server->drain_step, DRAIN_STEP_MS);
}

void
http_server_announce_drain(struct http_server *server)
{
	server->is_draining = true;
}

void
http_server_drain(struct http_server *server)
{
	server->is_draining = true;
	if (server->settings.leaves_queue)
		stop_listening(server);
	connections_touch(server->connections);
	loop_event_in(server->drain_step, 0);
}

/* --- birth and death ------------------------------------------------------------------------- */

struct http_server *
http_server_new(struct event_base *base, const struct http_settings *settings,
		struct allocator *allocator, const int *fds, size_t count)
{
	struct http_server *server = xcalloc(1, sizeof(*server));
	struct connection_watch watch = {.opened = on_opened, .closed = on_closed, .arg = server};

	server->settings = *settings;
	server->base = base;
	server->allocator = allocator;
	server->http = evhttp_new(base);
	if (server->http == NULL)
		abort();
	evhttp_set_max_headers_size(server->http, MOST_HEADER_BYTES);
	evhttp_set_max_body_size(server->http, MOST_BODY_BYTES);
	evhttp_set_default_content_type(server->http, NULL);
	evhttp_set_allowed_methods(server->http, ALL_METHODS);
	evhttp_set_gencb(server->http, on_request, server);
	server->connections = connections_new(base, server->http, &watch, settings->deadline_ms);
	server->tick = loop_event_new(base, -1, 0, on_tick, server);
	loop_event_in(server->tick, TICK_MS);
	server->drain_step = loop_event_new(base, -1, 0, on_drain_step, server);
	server->listeners = xcalloc(count, sizeof(*server->listeners));
	for (size_t i = 0; i < count; i++)
		listen_on(server, fds[i]);
	return server;
}

void
http_server_free(struct http_server *server)
{
	stop_listening(server);
	evhttp_free(server->http);
	connections_free(server->connections);
	event_free(server->tick);
	event_free(server->drain_step);
	free(server->listeners);
	free(server);
}
