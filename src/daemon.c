#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "build.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/notify.h"
#include "loop/sockets.h"
#include "metrics/metrics.h"
#include "pool/pool.h"
#include "store/drivers.h"
#include "worker.h"

#define REPORT_SIZE 2048

struct daemon {
	const struct config *config;
	const struct store *store;
	struct sockets sockets;
	struct pool *pool;
	struct waiting_limit limit;
	struct worker **workers;
	size_t worker_count;
	size_t started; /* workers whose threads run */
	size_t drained; /* workers that have nothing left to do */

	struct event_base *base; /* the main thread's: signals, the service manager, the drain */
	struct mailbox *mailbox;
	struct event *signals[3];
	struct event *drain_deadline;
	struct event *watchdog;
	uint64_t watchdog_ms;
	size_t pings_out;
	bool is_draining;
	uint64_t drain_deadline_ms;
};

/* --- the store --------------------------------------------------------------------------------- */

/* NULL, with a line in the log, when this tickrd was built without the store that is asked for. */
static const struct store *
find_store(const struct config *config)
{
	static const char *const names[] = {
		[DATABASE_ADAPTER_MYSQL] = "mysql",
		[DATABASE_ADAPTER_SQLITE] = "sqlite",
		[DATABASE_ADAPTER_MEMORY] = "memory",
	};
	const char *name = names[config->database_adapter];
	const struct store *store = driver_find(name);
	char memory[64];
	struct text built = TEXT_OVER(memory);

	if (store != NULL)
		return store;
	drivers_list(&built);
	log_error("this tickrd was built without the database that TICKR_DATABASE_ADAPTER names",
		  "adapter=%s built_with=\"%s\"", name, memory);
	return NULL;
}

static bool
store_begin(const struct store *store)
{
	if (store->begin())
		return true;
	log_error("the database's client library cannot start", "adapter=%s", store->name);
	return false;
}

static unsigned
sessions_of(const struct daemon *d)
{
	unsigned most = d->store->most_sessions;
	unsigned wanted = (unsigned)d->config->pool_size;

	return most > 0 && wanted > most ? most : wanted;
}

static struct store_settings
database_settings(const struct config *config)
{
	const struct database_address *address = &config->database;
	bool is_local_name = strcmp(address->host, "localhost") == 0;

	return (struct store_settings){
		.host = address->host,
		.port = address->port,
		.is_tcp = address->socket[0] == '\0' &&
			  (!is_local_name || config->database_port_is_given),
		.socket = address->socket,
		.user = config->database_username,
		.password = config->database_password,
		.database = config->database_name,
		.ssl_ca = config->ssl_ca,
		.ssl_cert = config->ssl_cert,
		.ssl_key = config->ssl_key,
		.ssl_verify = config->ssl_verify != 0,
		.connect_timeout_s = (unsigned)(config->connect_timeout_ms / 1000),
		.query_timeout_s = (unsigned)(config->query_timeout_ms / 1000),
		.space = config->space,
	};
}

/* --- stopping --------------------------------------------------------------------------------- */

/* Some thread will not end in time: leave without it. What it held becomes a gap. */
static void
leave_at_once(struct daemon *d, int status)
{
	sockets_close(&d->sockets); /* for the paths; the descriptors are the loops' */
	_exit(status);
}

static void
on_drain_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_warn("the drain time-out is over; requests in flight are dropped",
		 "requests_waiting=%" PRIu64 " connections=%" PRIu64,
		 metrics_get(METRIC_REQUESTS_WAITING), metrics_get(METRIC_HTTP_CONNECTIONS));
	leave_at_once(arg, 0);
}

static void
on_worker_drained(void *arg)
{
	struct daemon *d = arg;

	if (++d->drained == d->started)
		event_base_loopbreak(d->base);
}

static void
on_stop_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	if (d->is_draining) {
		log_warn("stopping at once: a second signal came", "signal=%d", (int)number);
		leave_at_once(d, 1);
	}
	d->is_draining = true;
	d->drain_deadline_ms = clock_ms() + d->config->drain_timeout_ms;
	log_info("stopping: answering what is in flight", "signal=%d timeout_seconds=%g",
		 (int)number, (double)d->config->drain_timeout_ms / 1000);
	notify_send("STOPPING=1");
	loop_event_in(d->drain_deadline, (unsigned)d->config->drain_timeout_ms);
	sockets_stop(&d->sockets);
	for (size_t i = 0; i < d->started; i++)
		worker_drain(d->workers[i]);
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)arg;
	log_info("SIGHUP is ignored: settings are read at the start only", NULL);
}

/* --- the service manager's watchdog -------------------------------------------------------- */

static void
on_pong(void *arg)
{
	struct daemon *d = arg;

	if (--d->pings_out == 0)
		notify_send("WATCHDOG=1");
}

/* The manager hears from us only when every loop has answered since the last time. */
static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	loop_event_in(d->watchdog, (unsigned)(d->watchdog_ms / 3));
	if (d->is_draining) {
		notify_send("WATCHDOG=1"); /* the drain has a deadline of its own */
		return;
	}
	if (d->pings_out > 0)
		return;
	d->pings_out = d->started;
	for (size_t i = 0; i < d->started; i++)
		worker_ping(d->workers[i]);
}

/* --- starting --------------------------------------------------------------------------------- */

/*
 * What an operator must mend stops the start; a database that is merely away does not.
 */
static bool
database_is_acceptable(const struct store *store, const struct store_settings *settings)
{
	char memory[512], quoted_memory[1024];
	struct text reason = TEXT_OVER(memory), quoted = TEXT_OVER(quoted_memory);
	struct store_session *session;
	enum store_result result = store->open(settings, &session, &reason);

	if (result == STORE_OK) {
		store->close(session);
		return true;
	}
	text_add_quoted(&quoted, memory, sizeof(memory));
	if (result == STORE_REFUSED) {
		log_error("this database cannot be served from", "reason=%s", quoted_memory);
		return false;
	}
	log_warn("the database is down; serving 503 until it is there", "reason=%s", quoted_memory);
	return true;
}

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool
open_sockets(struct daemon *d)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	if (sockets_open(&d->sockets, d->config->http_threads, d->config->listen_addresses,
			 d->config->listen_count, &problem))
		return true;
	log_error("cannot listen", "reason=\"%s\"", memory);
	return false;
}

static void
make_workers(struct daemon *d)
{
	struct worker_settings settings = {
		.config = d->config,
		.pool = d->pool,
		.limit = &d->limit,
		.control = d->mailbox,
		.drained = on_worker_drained,
		.pong = on_pong,
		.arg = d,
	};

	d->worker_count = d->config->http_threads;
	d->workers = xcalloc(d->worker_count, sizeof(struct worker *));
	for (size_t i = 0; i < d->worker_count; i++)
		d->workers[i] = worker_new(&settings, sockets_of_loop(&d->sockets, i),
					   d->sockets.addresses);
	sockets_give_away(&d->sockets);
}

static void
build(struct daemon *d)
{
	struct pool_settings pool = {
		.store = d->store,
		.database = database_settings(d->config),
		.sessions = sessions_of(d),
	};

	d->limit.most = (uint32_t)d->config->max_waiting;
	d->base = loop_base_new();
	d->mailbox = mailbox_new(d->base);
	d->signals[0] = evsignal_new(d->base, SIGTERM, on_stop_signal, d);
	d->signals[1] = evsignal_new(d->base, SIGINT, on_stop_signal, d);
	d->signals[2] = evsignal_new(d->base, SIGHUP, on_hangup, d);
	d->drain_deadline = loop_event_new(d->base, -1, 0, on_drain_deadline, d);
	d->watchdog = loop_event_new(d->base, -1, 0, on_watchdog, d);
	d->pool = pool_new(&pool);
	make_workers(d);
}

/* Signals are the main thread's: the threads started here inherit that they are blocked. */
static bool
start_threads(struct daemon *d)
{
	sigset_t all, before;
	bool is_started;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	is_started = pool_start(d->pool);
	while (is_started && d->started < d->worker_count) {
		is_started = worker_start(d->workers[d->started]);
		d->started += is_started;
	}
	if (!is_started)
		log_error("the system gives no thread", "reason=\"%s\"", strerror(errno));
	for (size_t i = 0; i < ARRAY_LENGTH(d->signals); i++)
		event_add(d->signals[i], NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return is_started;
}

static void
announce(struct daemon *d)
{
	for (size_t i = 0; i < d->sockets.addresses; i++) {
		char memory[160];
		struct text address = TEXT_OVER(memory);

		listen_address_describe(&d->sockets.bound[i], &address);
		log_info("listening", "address=%s inherited=%s", memory,
			 d->sockets.are_inherited ? "yes" : "no");
	}
	log_info("tickrd serves",
		 "version=%s max_nodes=%" PRIu64 " node_number=%" PRIu64 " starting_offset=%" PRIu64
		 " http_threads=%" PRIu64 " adapter=%s sessions=%u",
		 PACKAGE_VERSION, d->config->max_nodes, d->config->node_number,
		 d->config->starting_offset, d->config->http_threads, d->store->name,
		 sessions_of(d));
	notify_send("READY=1");
	d->watchdog_ms = notify_watchdog_ms();
	if (d->watchdog_ms > 0)
		on_watchdog(-1, 0, d);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static void
tear_down(struct daemon *d)
{
	for (size_t i = 0; i < d->started; i++)
		worker_join(d->workers[i]);
	if (!pool_stop(d->pool, d->drain_deadline_ms)) {
		log_warn("a database session did not end within the drain time-out", NULL);
		leave_at_once(d, 0);
	}
	for (size_t i = 0; i < d->worker_count; i++)
		worker_free(d->workers[i]);
	free(d->workers);
	pool_free(d->pool);
	for (size_t i = 0; i < ARRAY_LENGTH(d->signals); i++)
		event_free(d->signals[i]);
	event_free(d->drain_deadline);
	event_free(d->watchdog);
	mailbox_free(d->mailbox);
	event_base_free(d->base);
}

static int
serve(struct daemon *d)
{
	struct store_settings database = database_settings(d->config);
	int status = EXIT_SYSTEM;

	if (!database_is_acceptable(d->store, &database))
		return EXIT_CONFIG;
	if (open_sockets(d)) {
		build(d);
		if (!start_threads(d))
			leave_at_once(d, EXIT_SYSTEM);
		announce(d);
		event_base_dispatch(d->base);
		tear_down(d);
		log_info("stopped", NULL);
		status = 0;
	}
	sockets_close(&d->sockets);
	return status;
}

int
daemon_run(const struct config *config)
{
	struct daemon d = {.config = config, .store = find_store(config)};
	int status;

	log_begin((enum log_level)config->log_level);
	if (d.store == NULL)
		return EXIT_CONFIG;
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	metrics_begin();
	loop_library_begin();
	if (!store_begin(d.store))
		return EXIT_SYSTEM;
	status = serve(&d);
	d.store->end();
	loop_library_end();
	return status;
}

int
daemon_create_database(const struct config *config, const struct command_line *line)
{
	struct store_settings settings = database_settings(config);
	const struct store *store = find_store(config);
	char memory[REPORT_SIZE];
	struct text report = TEXT_OVER(memory);
	uint64_t newest = SPACE_FIRST_BASE - 1;
	enum store_create_result result;

	if (line->has_last_ticket)
		newest = space_base_up_to(&config->space, line->last_ticket);
	log_begin((enum log_level)config->log_level);
	if (store == NULL)
		return EXIT_CONFIG;
	if (!store_begin(store))
		return EXIT_SYSTEM;
	result = store->create(&settings, newest, &report);
	store->end();
	fputs(memory, result == STORE_NOT_CREATED ? stderr : stdout);
	switch (result) {
	case STORE_CREATED: puts("the database is ready: start tickrd"); return 0;
	case STORE_EXISTED: puts("nothing was missing"); return line->if_not_exists ? 0 : 1;
	case STORE_NOT_CREATED: break;
	}
	return 1;
}

int
daemon_check_config(const struct config *config)
{
	if (find_store(config) == NULL)
		return EXIT_CONFIG;
	return puts("the settings are good") < 0;
}
