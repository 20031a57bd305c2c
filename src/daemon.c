#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ahead.h"
#include "audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control.h"
#include "daemon.h"
#include "databases.h"
#include "dispatch/dispatch.h"
#include "events.h"
#include "listeners.h"
#include "loop/descriptors.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/notify.h"
#include "looks.h"
#include "metrics/metrics.h"
#include "named.h"
#include "signals.h"
#include "snowflakes.h"
#include "stores.h"
#include "watchdog.h"
#include "workers.h"

#define KNOWN_WAIT_MS	  1000 /* at the start, for the first check of each database */
#define LOOK_MS		  250
#define OTHER_DESCRIPTORS 16 /* the operator's connections, the service manager, libraries */

struct daemon {
	const struct config *config;
	const struct store *store;
	struct listeners listeners;
	struct control *control;		   /* NULL: there is no socket for the operator */
	struct looks *looks;			   /* of the databases, at the start */
	struct state_file *states[MOST_DATABASES]; /* NULL: there is none */
	struct dispatch *dispatch;		   /* NULL: there is no database */
	struct snowflakes *snowflakes;		   /* of the server, or of its stores; NULL: none */
	struct state_file *sequence_states[MOST_DATABASES];
	struct dispatch *sequences; /* the source of numbers of named sequences; NULL: none */
	struct ahead ahead;
	struct named named;    /* without sequences, unless the settings ask for them */
	struct events *events; /* NULL: none are recorded */
	struct audit *audit;   /* NULL: there is none */
	struct stores *stores; /* of TICKR_SEQUENCERS_FILE */
	struct waiting_limit limit;
	struct connection_limit connections;
	struct log_limit error_lines;
	struct workers workers;

	struct event_base
		*base; /* the main thread's: the service manager, the drain, the operator */
	struct mailbox *mailbox;
	struct signals *signals;
	struct event *drain_delay;
	struct event *drain_deadline;
	struct notifier *manager;
	struct watchdog *watchdog;
	struct event *look; /* at the databases, for events */
	uint64_t drain_deadline_ms;
};

/* --- stopping --------------------------------------------------------------------------------- */

/* End the process without waiting for any thread. Tickets that a thread holds become a gap. Any thread. */
static void
daemon_leave(void *arg, int status)
{
	struct daemon *d = arg;

	listeners_remove_paths(&d->listeners);
	log_flush();
	_exit(status);
}

static void
daemon_on_drain_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_warn("drain timed out; dropped requests in flight",
		 LOG_NUMBER("requests_waiting", metrics_get(METRIC_REQUESTS_WAITING)),
		 LOG_NUMBER("connections", metrics_get(METRIC_HTTP_CONNECTIONS)));
	daemon_leave(arg, 0);
}

static void
daemon_on_drained(void *arg)
{
	struct daemon *d = arg;

	event_base_loopbreak(d->base);
}

static void
daemon_on_drain_delay(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	listeners_stop(&d->listeners);
	workers_drain(&d->workers);
}

static void
daemon_on_stop(void *arg, const char *signal)
{
	struct daemon *d = arg;
	/*
	 * Connections to inherited sockets wait for the next server, so no balancer sees that this one
	 * stops.
	 */
	uint64_t delay_ms = d->listeners.http.are_inherited ? 0 : d->config->drain_delay_ms;
	uint64_t longest_ms = delay_ms + d->config->drain_timeout_ms;

	watchdog_stop(d->watchdog);
	d->drain_deadline_ms = clock_ms() + longest_ms;
	log_info("stopping: answering requests in flight", LOG_WORD("signal", signal),
		 LOG_SECONDS("delay_seconds", delay_ms),
		 LOG_SECONDS("timeout_seconds", d->config->drain_timeout_ms));
	notifier_tell(d->manager, "STOPPING=1");
	loop_event_in(d->drain_deadline, (unsigned)longest_ms);
	workers_announce_drain(&d->workers);
	if (delay_ms > 0)
		loop_event_in(d->drain_delay, (unsigned)delay_ms);
	else
		daemon_on_drain_delay(-1, 0, d);
}

/* --- events ----------------------------------------------------------------------------------- */

/* Record changes of the databases, and set the gauges that go to ClickHouse with all metrics. */
static void
daemon_look_at_databases(struct daemon *d)
{
	struct database_state states[MOST_DATABASES];
	size_t count = d->config->is_snowflake ? snowflakes_states(d->snowflakes, states)
					       : dispatch_states(d->dispatch, states);

	events_look(d->events, states, count);
	metrics_set_databases(states, count);
	ahead_update_metrics(&d->ahead);
}

static void
daemon_on_look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	daemon_look_at_databases(d);
	loop_event_in(d->look, LOOK_MS);
}

/* --- starting --------------------------------------------------------------------------------- */

/*
 * Limit the connections, so that the server keeps its own descriptors. Call it after all rooms were
 * built.
 */
static void
daemon_limit_connections(struct daemon *d)
{
	uint64_t limit = descriptors_raise_limit();
	uint64_t in_use = descriptors_in_use();
	uint64_t reserve =
		stores_descriptors(d->config) + d->config->http_threads + OTHER_DESCRIPTORS +
		(d->snowflakes != NULL ? SNOWFLAKES_DESCRIPTORS : 0) +
		(d->config->is_snowflake ? 0 : databases_descriptors(d->config, d->store));
	bool is_short;

	d->connections.most = descriptors_for_connections(limit, in_use, reserve, &is_short);
	metrics_set(METRIC_CONNECTIONS_LIMIT, d->connections.most);
	if (is_short)
		log_warn("the limit of open files is too low", LOG_NUMBER("limit", limit),
			 LOG_NUMBER("needed", in_use + reserve + LEAST_CONNECTIONS),
			 LOG_NUMBER("connections", d->connections.most));
}

static void
daemon_make_control(struct daemon *d)
{
	struct control_settings settings = {d->config, d->dispatch, d->sequences, d->mailbox,
					    &d->error_lines};

	if (d->config->control_socket[0] == '\0')
		return;
	d->control = control_new(d->base, &settings, *sockets_of_loop(&d->listeners.control, 0));
	sockets_give_away(&d->listeners.control);
}

static void
daemon_make_workers(struct daemon *d)
{
	struct worker_settings settings = {
		.config = d->config,
		.dispatch = d->dispatch,
		.segment = d->ahead.segment,
		.snowflakes = d->snowflakes,
		.source = d->config->is_snowflake ? snowflakes_runs(d->snowflakes)
						  : ahead_source(&d->ahead),
		.named = &d->named,
		.stores = d->stores,
		.limit = &d->limit,
		.connections = &d->connections,
		.error_lines = &d->error_lines,
		.events = d->events,
		.leaves_queue = d->listeners.http.are_inherited,
		.control = d->mailbox,
		.drained = daemon_on_drained,
		.pong = watchdog_feed,
		.tls = d->listeners.tls,
		.arg = d,
	};

	workers_make(&d->workers, settings, &d->listeners);
}

/* Make the main loop. From here on, a stop is an order to that loop, which runs soon. */
static void
daemon_take_orders(struct daemon *d)
{
	struct signal_orders orders = {
		.stop = daemon_on_stop,
		.leave = daemon_leave,
		.arg = d,
		.longest_stop_ms = d->config->drain_delay_ms + d->config->drain_timeout_ms,
		.watchdog_ms = notify_watchdog_ms(),
	};

	d->base = loop_base_new();
	d->mailbox = mailbox_new(d->base);
	d->drain_delay = loop_event_new(d->base, -1, 0, daemon_on_drain_delay, d);
	d->drain_deadline = loop_event_new(d->base, -1, 0, daemon_on_drain_deadline, d);
	d->manager = notifier_new(d->base);
	d->watchdog = watchdog_new(d->base, &d->workers, orders.watchdog_ms);
	d->look = loop_event_new(d->base, -1, 0, daemon_on_look, d);
	orders.mailbox = d->mailbox;
	signals_serve(d->signals, &orders);
}

/* Make the pools of named sequences, and what serves from them. The pools hear of nothing before they start. */
static bool
daemon_make_sequences(struct daemon *d)
{
	const struct config *config = d->config;
	const struct pool_listener listener = {named_note, &d->named};
	const struct pool_policies policies = {named_policy_changed, &d->named};
	struct named_settings settings = named_settings_of(config, d->base, d->mailbox);

	settings.store = FRONT_STORE_OWN;
	settings.prefix = "";
	settings.names =
		config->sequences == CONFIG_SEQUENCES_ANY ? FRONT_NAMES_ANY : FRONT_NAMES_DECLARED;
	settings.databases = config->database_count;
	d->sequences =
		databases_sequences(config, d->store, d->sequence_states, &listener, &policies);
	return d->sequences == NULL || named_init(&d->named, &settings, d->sequences);
}

static bool
daemon_build_databases(struct daemon *d)
{
	const struct pool_listener listener = {ahead_note, &d->ahead};

	d->dispatch = databases_dispatch(d->config, d->store, d->states, &listener);
	if (!daemon_make_sequences(d))
		return false;
	ahead_init(&d->ahead, d->config, d->dispatch, d->base);
	return true;
}

static bool
daemon_build(struct daemon *d)
{
	d->limit.most = (uint32_t)d->config->max_waiting;
	if (d->audit != NULL && d->snowflakes != NULL)
		audit_set_epoch(d->audit, snowflakes_epoch_ms, d->snowflakes);
	d->events = events_new(d->config, d->audit);
	if (d->snowflakes != NULL)
		snowflakes_record(d->snowflakes, d->events);
	if (!d->config->is_snowflake && !daemon_build_databases(d))
		return false;
	daemon_make_control(d);
	daemon_make_workers(d);
	daemon_limit_connections(d);
	return true;
}

/* Start the threads of the pools. False, with errno: the system cannot create one. */
static bool
daemon_start_pools(struct daemon *d)
{
	if (!dispatch_start(d->dispatch) || (d->sequences != NULL && !dispatch_start(d->sequences)))
		return false;
	dispatch_wait_known(d->dispatch, KNOWN_WAIT_MS);
	ahead_start(&d->ahead);
	if (d->sequences != NULL) {
		dispatch_wait_known(d->sequences, KNOWN_WAIT_MS);
		named_start(&d->named);
	}
	return true;
}

static bool
daemon_start_threads(struct daemon *d)
{
	bool is_started =
		(d->config->is_snowflake || daemon_start_pools(d)) && stores_start(d->stores);

	if (is_started && d->events != NULL)
		is_started = audit_start(d->audit) && events_start(d->events);
	is_started = is_started && workers_start(&d->workers);
	if (!is_started)
		log_error("cannot create a thread", LOG_TEXT("reason", strerror(errno)));
	return is_started;
}

static void
daemon_announce(struct daemon *d)
{
	listeners_announce(&d->listeners);
	snowflakes_set_port(d->snowflakes, listeners_port(&d->listeners));
	if (d->config->is_snowflake)
		snowflakes_announce(d->config);
	else
		databases_announce(d->config, d->store);
	notifier_tell(d->manager, "READY=1");
	watchdog_start(d->watchdog);
}

/* --- serving ------------------------------------------------------------------------------------- */

/* Stop the sources of all numbers. Return false if a session has not ended. */
static bool
daemon_stop_pools(struct daemon *d)
{
	bool have_ended = stores_stop(d->stores, d->drain_deadline_ms);

	if (d->snowflakes != NULL)
		snowflakes_stop(d->snowflakes, d->drain_deadline_ms);
	if (d->config->is_snowflake)
		return have_ended;
	if (d->sequences != NULL)
		have_ended = dispatch_stop(d->sequences, d->drain_deadline_ms) && have_ended;
	return dispatch_stop(d->dispatch, d->drain_deadline_ms) && have_ended;
}

static void
daemon_tear_down(struct daemon *d)
{
	workers_join(&d->workers);
	snowflakes_stop_issuing(d->snowflakes);
	if (d->events != NULL)
		daemon_look_at_databases(d);
	events_stop(d->events, d->drain_deadline_ms);
	audit_stop(d->audit, d->drain_deadline_ms);
	ahead_stop(&d->ahead);
	named_stop(&d->named);
	if (!daemon_stop_pools(d)) {
		/* A session hangs in a statement until the deadline, or while it opens. */
		log_info("stopped", LOG_WORD("sessions_left", "yes"));
		daemon_leave(d, 0);
	}
	ahead_settle(&d->ahead);
	control_free(d->control);
	workers_free(&d->workers);
	events_free(d->events);
	audit_free(d->audit);
	dispatch_free(d->dispatch);
	named_free(&d->named);
	stores_free(d->stores);
	snowflakes_free(d->snowflakes);
	dispatch_free(d->sequences);
	event_free(d->drain_delay);
	event_free(d->drain_deadline);
	notifier_free(d->manager);
	watchdog_free(d->watchdog);
	event_free(d->look);
	ahead_free(&d->ahead);
	mailbox_free(d->mailbox);
	event_base_free(d->base);
}

static bool
daemon_open_audit(struct daemon *d)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	d->audit = audit_open(d->config, &problem);
	if (problem.len > 0)
		log_error("cannot open the audit folder", LOG_TEXT("reason", memory));
	return problem.len == 0;
}

/* Open the files that only one server may have. */
static bool
daemon_open_files(struct daemon *d)
{
	if (!databases_open_states(d->config, d->states))
		return false;
	if (databases_open_sequence_states(d->config, d->sequence_states)) {
		if (daemon_open_audit(d))
			return true;
		databases_close_states(d->sequence_states);
	}
	databases_close_states(d->states);
	return false;
}

/* Check the databases, or claim a worker id. False: the start is refused, and the log says why. */
static bool
daemon_look(struct daemon *d)
{
	if (d->config->is_snowflake)
		return daemon_open_audit(d) && snowflakes_open(d->config, &d->snowflakes);
	d->looks = looks_new(d->config, d->store);
	return looks_are_acceptable(d->looks) && daemon_open_files(d);
}

static int
daemon_serve(struct daemon *d)
{
	if (!daemon_look(d))
		return EX_CONFIG;
	daemon_take_orders(d);
	if (d->snowflakes == NULL && !snowflakes_open(d->config, &d->snowflakes))
		daemon_leave(d, EX_CONFIG);
	d->stores = stores_new(d->config, d->snowflakes, d->base, d->mailbox);
	if (d->stores == NULL || !stores_look(d->stores))
		daemon_leave(d, EX_CONFIG);
	if (!listeners_open(&d->listeners, d->config) || !daemon_build(d) ||
	    !daemon_start_threads(d))
		daemon_leave(d, EX_OSERR);
	daemon_announce(d);
	if (d->events != NULL)
		daemon_on_look(-1, 0, d);
	event_base_dispatch(d->base);
	daemon_tear_down(d);
	log_info("stopped");
	listeners_close(&d->listeners);
	databases_close_states(d->sequence_states);
	databases_close_states(d->states);
	return 0;
}

static int
daemon_run_store(struct daemon *d)
{
	int status;

	if (!databases_begin(d->store))
		return EX_OSERR;
	status = daemon_serve(d);
	if (!looks_free(d->looks))
		daemon_leave(d, status); /* a look hangs in the client library */
	d->store->end();
	return status;
}

int
daemon_run(const struct config *config, struct signals *signals)
{
	struct daemon d = {.config = config, .signals = signals};
	int status = EX_CONFIG;

	log_start_thread();
	signal(SIGPIPE, SIG_IGN);
	(void)descriptors_raise_limit();
	metrics_begin();
	loop_library_begin();
	if (config->is_snowflake)
		status = daemon_serve(&d);
	else if ((d.store = databases_store(config)) != NULL)
		status = daemon_run_store(&d);
	loop_library_end();
	signals_free(signals);
	return status;
}
