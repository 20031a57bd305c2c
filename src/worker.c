#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mail.h"
#include "base/memory.h"
#include "events/recorder.h"
#include "grpc/server.h"
#include "http/handlers.h"
#include "http/server.h"
#include "loop/loop.h"
#include "segment/segment.h"
#include "worker.h"

#define OVERDUE_MARGIN_MS 1000	/* so that a session reaches its own time-outs before */
#define DEADLINE_MS	  75000 /* for a client to send a request, and to read its answer */

struct worker {
	struct worker_settings settings;
	pthread_t thread;
	struct event_base *base;
	struct mailbox *mailbox;
	struct allocator *allocator;
	struct front_stores stores;
	struct ticket_service service;
	struct http_server *http;
	struct event_recorder *recorder; /* NULL: no events are recorded */
	struct grpc_server *grpc;	 /* NULL: none */
	unsigned serving;		 /* servers that have not drained */
	struct event *flush;		 /* activated in the round in which requests arrived */
	struct event *expire;		 /* fires at the allocator's next deadline */

	/* Each piece of mail is in one mailbox at most. */
	struct mail announcement;
	struct mail drain_order;
	struct mail drained_note;
	struct mail records_kept;
	struct mail ping; /* goes to the worker, and returns to the main thread */
};

/* --- between the allocator and its source ------------------------------------------------------- */

static void
worker_open_reservation(struct mail *mail)
{
	struct reservation *reservation = reservation_of(mail);
	struct worker *worker = reservation->owner;

	allocator_deliver(worker->allocator, reservation);
}

/*
 * Post RESERVATION to its worker, which passes it to allocator_deliver(). Any thread. The reservation is
 * the worker's again when its mail is opened.
 */
static void
worker_post_answer(struct reservation *reservation)
{
	struct worker *worker = reservation->owner;

	reservation->mail.open = worker_open_reservation;
	mailbox_post(worker->mailbox, &reservation->mail);
}

static void
worker_wake(void *arg)
{
	struct worker *worker = arg;

	event_active(worker->flush, 0, 0);
}

/* A timer that is already set fires early enough, because later requests have later deadlines. */
static void
worker_set_expiry(struct worker *worker)
{
	uint64_t deadline_ms = allocator_next_deadline(worker->allocator);
	uint64_t now_ms;

	if (deadline_ms == UINT64_MAX || event_pending(worker->expire, EV_TIMEOUT, NULL))
		return;
	now_ms = clock_ms();
	loop_event_in(worker->expire, deadline_ms > now_ms ? (unsigned)(deadline_ms - now_ms) : 0);
}

static void
worker_on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	if (worker->recorder != NULL)
		event_recorder_flush(worker->recorder);
	allocator_flush(worker->allocator);
	worker_set_expiry(worker);
}

static void
worker_on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	allocator_expire(worker->allocator, clock_ms());
	worker_set_expiry(worker);
}

/* --- between the exporter of events and this loop ----------------------------------------------- */

static void
worker_open_records_kept(struct mail *mail)
{
	event_recorder_settle(CONTAINER_OF(mail, struct worker, records_kept)->recorder);
}

/* Records that answers wait for were kept, or lost. The exporter's thread; not again until they are settled. */
static void
worker_on_records_kept(void *arg)
{
	struct worker *worker = arg;

	worker->records_kept.open = worker_open_records_kept;
	mailbox_post(worker->mailbox, &worker->records_kept);
}

/* --- between the main thread and this one --------------------------------------------------- */

static void
worker_open_drained_note(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, drained_note);

	worker->settings.drained(worker->settings.arg);
}

static void
worker_on_drained(void *arg)
{
	struct worker *worker = arg;

	if (--worker->serving > 0)
		return;
	worker->drained_note.open = worker_open_drained_note;
	event_base_loopbreak(worker->base);
	mailbox_post(worker->settings.control, &worker->drained_note);
}

static void
worker_open_announcement(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, announcement);

	http_server_announce_drain(worker->http);
	if (worker->grpc != NULL)
		grpc_server_announce_drain(worker->grpc);
}

void
worker_announce_drain(struct worker *worker)
{
	worker->announcement.open = worker_open_announcement;
	mailbox_post(worker->mailbox, &worker->announcement);
}

static void
worker_open_drain_order(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, drain_order);

	http_server_drain(worker->http);
	if (worker->grpc != NULL)
		grpc_server_drain(worker->grpc);
}

void
worker_drain(struct worker *worker)
{
	worker->drain_order.open = worker_open_drain_order;
	mailbox_post(worker->mailbox, &worker->drain_order);
}

static void
worker_open_pong(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, ping);

	worker->settings.pong(worker->settings.arg);
}

static void
worker_open_ping(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, ping);

	mail->open = worker_open_pong;
	mailbox_post(worker->settings.control, mail);
}

void
worker_ping(struct worker *worker)
{
	worker->ping.open = worker_open_ping;
	mailbox_post(worker->mailbox, &worker->ping);
}

/* --- birth and death ------------------------------------------------------------------------- */

static size_t
worker_databases(void *arg, struct database_state *states)
{
	struct worker *worker = arg;

	if (worker->settings.config->is_snowflake)
		return snowflakes_states(worker->settings.snowflakes, states);
	return dispatch_states(worker->settings.dispatch, states);
}

static void
worker_add_status(void *arg, struct text *text)
{
	struct worker *worker = arg;

	text_add(text, ",");
	snowflakes_add_status(worker->settings.snowflakes, text);
}

/* The ids of databases are the server's own. Those of the stores have a member of their own. */
static void
worker_add_status_of_stores(void *arg, struct text *text)
{
	struct worker *worker = arg;

	text_add(text, ",\"snowflake\":{");
	snowflakes_add_status(worker->settings.snowflakes, text);
	text_add(text, "}");
}

static bool
worker_decode(void *arg, uint64_t id, struct text *json)
{
	struct worker *worker = arg;

	return snowflakes_decode(worker->settings.snowflakes, id, json);
}

static uint64_t
worker_reserved(void *arg, uint64_t *lasts_ms)
{
	struct worker *worker = arg;

	*lasts_ms = segment_lasts_ms(worker->settings.segment);
	return segment_held(worker->settings.segment);
}

static bool
worker_may_record(void *arg, struct text *problem)
{
	struct worker *worker = arg;

	return event_recorder_may_issue(worker->recorder, problem);
}

static void
worker_add_sinks(void *arg, struct text *json)
{
	struct worker *worker = arg;

	event_recorder_add_sinks(worker->recorder, json);
}

static struct allocator *
worker_make_allocator(struct worker *worker)
{
	const struct config *config = worker->settings.config;
	struct allocator_settings settings = {
		.pool_timeout_ms = config->pool_timeout_ms,
		.overdue_timeout_ms = config->query_timeout_ms + OVERDUE_MARGIN_MS,
		.limit = worker->settings.limit,
		.source = worker->settings.source,
		.answer = worker_post_answer,
		.wake = worker_wake,
		.arg = worker,
	};

	if (config->is_snowflake)
		settings.groups = snowflakes_groups(worker->settings.snowflakes);
	return allocator_new(&settings);
}

static void
worker_make_service(struct worker *worker)
{
	const struct config *config = worker->settings.config;

	worker->service = (struct ticket_service){
		.allocator = worker->allocator,
		.max_batch = (uint32_t)config->max_batch,
		.batch_format = config->batch_format,
		.databases = worker_databases,
		.stores = worker->stores,
		.reserved = worker->settings.segment != NULL ? worker_reserved : NULL,
		.events = worker->settings.events != NULL ? worker_may_record : NULL,
		.sinks = worker->settings.events != NULL ? worker_add_sinks : NULL,
		.decode = config->is_snowflake ? worker_decode : NULL,
		.arg = worker,
	};
	if (worker->settings.snowflakes != NULL)
		worker->service.add_status =
			config->is_snowflake ? worker_add_status : worker_add_status_of_stores;
}

static struct http_server *
worker_make_http(struct worker *worker, const struct worker_sockets *sockets)
{
	const struct config *config = worker->settings.config;
	struct http_settings settings = {
		.password = config->http_auth_password,
		.deadline_ms = DEADLINE_MS,
		.context = &worker->service,
		.is_counted = true,
		.connections = worker->settings.connections,
		.error_lines = worker->settings.error_lines,
		.recorder = worker->recorder,
		.drained = worker_on_drained,
		.arg = worker,
		.leaves_queue = worker->settings.leaves_queue,
	};

	return http_server_new(worker->base, &settings,
			       worker->stores.count > 0 ? &client_routes_with_sequences
							: &client_routes,
			       sockets->http, sockets->http_count);
}

static struct grpc_server *
worker_make_grpc(struct worker *worker, const struct worker_sockets *sockets)
{
	const struct config *config = worker->settings.config;
	struct grpc_settings settings = {
		.password = config->http_auth_password,
		.idle_ms = config->grpc_idle_timeout_ms,
		.patience_ms = DEADLINE_MS,
		.service = &worker->service,
		.tls = worker->settings.tls,
		.connections = worker->settings.connections,
		.error_lines = worker->settings.error_lines,
		.recorder = worker->recorder,
		.drained = worker_on_drained,
		.arg = worker,
	};

	return grpc_server_new(worker->base, &settings, sockets->grpc, sockets->grpc_count);
}

struct worker *
worker_new(const struct worker_settings *settings, const struct worker_sockets *sockets)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));

	worker->settings = *settings;
	worker->base = loop_base_new();
	worker->mailbox = mailbox_new(worker->base);
	worker->flush = loop_event_new(worker->base, -1, 0, worker_on_flush, worker);
	worker->expire = loop_event_new(worker->base, -1, 0, worker_on_expire, worker);
	worker->allocator = worker_make_allocator(worker);
	if (settings->named->has_sequences)
		named_add_store(settings->named, worker->allocator, &worker->stores);
	stores_add(settings->stores, worker->allocator, &worker->stores);
	worker_make_service(worker);
	if (settings->events != NULL)
		worker->recorder = events_new_recorder(settings->events, worker_on_records_kept,
						       worker_wake, worker);
	worker->http = worker_make_http(worker, sockets);
	worker->serving = 1;
	if (sockets->grpc_count > 0) {
		worker->grpc = worker_make_grpc(worker, sockets);
		worker->serving++;
	}
	return worker;
}

static void *
worker_thread_main(void *arg)
{
	struct worker *worker = arg;

	event_base_dispatch(worker->base);
	return NULL;
}

bool
worker_start(struct worker *worker)
{
	errno = pthread_create(&worker->thread, NULL, worker_thread_main, worker);
	return errno == 0;
}

void
worker_join(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
}

void
worker_free(struct worker *worker)
{
	mailbox_open_all(worker->mailbox); /* the answers of the pools during their stop */
	allocator_free(worker->allocator);
	grpc_server_free(worker->grpc);
	for (size_t i = 0; i < worker->stores.count; i++)
		front_free(worker->stores.all[i].front);
	http_server_free(worker->http);
	event_recorder_free(worker->recorder);
	event_free(worker->expire);
	event_free(worker->flush);
	mailbox_free(worker->mailbox);
	event_base_free(worker->base);
	free(worker);
}
