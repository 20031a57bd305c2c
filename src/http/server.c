#include <errno.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "events/recorder.h"
#include "front/auth.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "http/library_error.h"
#include "http/reply.h"
#include "http/server.h"
#include "http/tricks.h"
#include "loop/loop.h"

#define TICK_MS	       250
#define DRAIN_STEP_MS  20
#define DRAIN_QUIET_MS 300 /* after so long without a request, open connections are idle */
#define MESSAGE_SIZE   1024

/* --- one request -------------------------------------------------------------------------------- */

/* Return a message about the fault in the framing of EXCHANGE; NULL: none. */
static const char *
server_refusal(const struct exchange *exchange)
{
	/*
	 * connection_input.c has noted this fault. If libevent delivers a pipelined request before the
	 * note is read, refuse it here.
	 */
	const char *refusal = connection_input_refusal(exchange->connection);
	int major, minor;

	tricks_version(exchange->http, &major, &minor);
	if (refusal == NULL)
		refusal = guard_refuses(evhttp_request_get_input_headers(exchange->http),
					evhttp_request_get_command(exchange->http), major, minor);
	if (refusal == NULL)
		refusal = guard_refuses_target(evhttp_request_get_uri(exchange->http));
	return refusal;
}

/*
 * Return whether the client may use the route. If not, answer. If no route has the path, the strictest
 * access applies, so a 404 tells a stranger nothing.
 */
static bool
server_admits(struct exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const char *password = server->settings.password;

	switch (exchange->route != NULL ? exchange->route->access : server->strictest) {
	case ROUTE_ANYBODY: return true;
	case ROUTE_CLIENT:
		if (password[0] == '\0' ||
		    auth_allows(exchange_header(exchange, "Authorization"), password))
			return true;
		reply_unauthorized(exchange);
		return false;
	case ROUTE_OPERATOR: break;
	}
	if (auth_is_operator(connection_fd(exchange->connection)))
		return true;
	reply_error(exchange, 403,
		    "only root and the user of this server may do this, over its "
		    "control socket");
	return false;
}

static void
server_reply_not_found(struct exchange *exchange)
{
	char memory[MESSAGE_SIZE];
	struct text paths = TEXT_OVER(memory);

	route_add_paths(exchange->server->table, &paths);
	reply_error(exchange, 404, "there is nothing here; try %s", memory);
}

/*
 * Return whether the request may ask for ids. If a required sink of events does not work, answer: ids that were
 * reserved and could not be recorded would be gaps.
 */
static bool
server_can_record(struct exchange *exchange)
{
	const struct event_recorder *recorder = exchange->server->settings.recorder;
	char memory[MESSAGE_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (recorder == NULL || !route_issues_ids(exchange->route) ||
	    event_recorder_may_issue(recorder, &problem))
		return true;
	reply_outcome(exchange, FRONT_UNAVAILABLE, memory);
	return false;
}

/* Handle a complete request. Until its reply, libevent neither reads nor frees the connection. */
static void
server_on_request(struct evhttp_request *http, void *arg)
{
	struct http_server *server = arg;
	struct exchange *exchange = exchange_new(server, http);
	struct route_argument arguments[ROUTE_MOST_PARAMETERS];
	const char *refusal = server_refusal(exchange);
	const char *path;

	if (refusal != NULL) {
		tricks_set_version(http, 1, 1); /* the request's may not exist */
		reply_bad_framing(exchange, refusal);
		return;
	}
	path = exchange_path(exchange);
	if (path != NULL)
		exchange->route = route_find(server->table, path, arguments);
	if (!server_admits(exchange))
		return;
	if (exchange->route == NULL)
		server_reply_not_found(exchange);
	else if ((exchange->route->methods & evhttp_request_get_command(http)) == 0)
		reply_method_not_allowed(exchange);
	else if (server_can_record(exchange))
		exchange->route->handle(exchange, arguments);
}

/* --- listening ---------------------------------------------------------------------------------- */

/*
 * Pause LISTENER. Otherwise the loop would report the connection that the system refused again and again.
 * ARG is an object of libevent, so this cannot find the server: server_on_tick() resumes all listeners.
 */
static void
server_on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	metrics_count_accept_failure(errno);
	evconnlistener_disable(listener);
}

/* Runs in the round of the loop that accepted the connection, before the next one is accepted. */
static void
server_on_opened(void *arg)
{
	struct http_server *server = arg;
	struct connection_limit *limit = server->settings.connections;

	if (server->settings.is_counted)
		metrics_add(METRIC_HTTP_CONNECTIONS, 1);
	if (limit == NULL || connection_limit_enter(limit))
		return;
	server->is_full = true;
	for (size_t i = 0; i < server->listener_count; i++)
		evconnlistener_disable(evhttp_bound_socket_get_listener(server->listeners[i]));
	if (!connection_limit_is_reached_now(limit, clock_ms()))
		return;
	metrics_add(METRIC_CONNECTIONS_LIMIT_REACHED, 1);
	log_warn("too many connections; new ones wait",
		 LOG_NUMBER("connections", atomic_load(&limit->open)),
		 LOG_NUMBER("limit", limit->most));
}

static void
server_listen_again(struct http_server *server)
{
	const struct connection_limit *limit = server->settings.connections;

	if (limit != NULL && !connection_limit_has_room(limit))
		return;
	server->is_full = false;
	for (size_t i = 0; i < server->listener_count; i++)
		evconnlistener_enable(evhttp_bound_socket_get_listener(server->listeners[i]));
}

static void
server_on_closed(void *arg)
{
	struct http_server *server = arg;

	if (server->settings.is_counted)
		metrics_subtract(METRIC_HTTP_CONNECTIONS, 1);
	if (server->settings.connections != NULL)
		connection_limit_leave(server->settings.connections);
	if (server->is_full)
		server_listen_again(server);
}

static void
server_on_refused(void *arg, int code, const char *reason)
{
	struct http_server *server = arg;

	if (server->settings.is_counted)
		metrics_count_request(ROUTE_OTHER, code);
	log_debug("a request was refused", LOG_NUMBER("code", code), LOG_TEXT("reason", reason));
}

static const char *
server_words_of(enum accept_failure reason)
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

/* Return whether the system has refused a connection of any loop since the last call, and why. */
static bool
server_has_failed(struct http_server *server, enum accept_failure *reason)
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

/* Log one line when connections begin to wait, and one when they no longer do. */
static void
server_log_changes(struct http_server *server)
{
	struct connection_limit *limit = server->settings.connections;
	enum accept_failure reason;
	uint64_t now_ms = clock_ms(), since_ms;

	if (server_has_failed(server, &reason) && connection_limit_fails_now(limit, now_ms))
		log_error("cannot accept connections", LOG_TEXT("reason", server_words_of(reason)),
			  LOG_NUMBER("connections", atomic_load(&limit->open)));
	if (connection_limit_recovers_now(limit, now_ms, &since_ms) ||
	    connection_limit_is_over_now(limit, &since_ms))
		log_info("connections are accepted again",
			 LOG_NUMBER("connections", atomic_load(&limit->open)),
			 LOG_NUMBER("seconds", (now_ms - since_ms) / 1000));
}

static void
server_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	server_listen_again(server);
	if (server->settings.connections != NULL)
		server_log_changes(server);
	connections_sweep(server->connections);
	loop_event_in(server->tick, TICK_MS);
}

static void
server_listen_on(struct http_server *server, int fd)
{
	struct evconnlistener *listener = evconnlistener_new(
		server->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

	if (listener == NULL)
		abort();
	evconnlistener_set_error_cb(listener, server_on_accept_error);
	server->listeners[server->listener_count++] = evhttp_bind_listener(server->http, listener);
}

static void
server_stop_listening(struct http_server *server)
{
	while (server->listener_count > 0)
		evhttp_del_accept_socket(server->http, server->listeners[--server->listener_count]);
}

/* --- draining ----------------------------------------------------------------------------------- */

/*
 * The first step runs in a later round than the order. So the server has accepted all connections that
 * the kernel had made before that round, and now stops listening. It counts them from the accept on, and
 * waits for their requests. It closes connections when all have been quiet for a while.
 */
static void
server_on_drain_step(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	uint64_t quiet_ms;

	(void)fd;
	(void)what;
	server_stop_listening(server);
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
		server_stop_listening(server);
	connections_touch(server->connections);
	loop_event_in(server->drain_step, 0);
}

bool
http_server_is_draining(const struct http_server *server)
{
	return server->is_draining;
}

/* --- birth and death ------------------------------------------------------------------------- */

struct http_server *
http_server_new(struct event_base *base, const struct http_settings *settings,
		const struct route_table *table, const int *fds, size_t count)
{
	struct http_server *server = xcalloc(1, sizeof(*server));
	struct connection_watch watch = {.opened = server_on_opened,
					 .closed = server_on_closed,
					 .refused = server_on_refused,
					 .arg = server};

	server->settings = *settings;
	server->table = table;
	server->strictest = route_strictest(table);
	server->base = base;
	server->http = tricks_http_new(base, MOST_HEADER_BYTES, MOST_BODY_BYTES);
	evhttp_set_gencb(server->http, server_on_request, server);
	server->connections = connections_new(base, server->http, &watch, settings->deadline_ms);
	server->tick = loop_event_new(base, -1, 0, server_on_tick, server);
	loop_event_in(server->tick, TICK_MS);
	server->drain_step = loop_event_new(base, -1, 0, server_on_drain_step, server);
	server->listeners = xcalloc(count, sizeof(*server->listeners));
	for (size_t i = 0; i < count; i++)
		server_listen_on(server, fds[i]);
	return server;
}

void
http_server_free(struct http_server *server)
{
	server_stop_listening(server);
	evhttp_free(server->http);
	connections_free(server->connections);
	event_free(server->tick);
	event_free(server->drain_step);
	free(server->listeners);
	free(server);
}
