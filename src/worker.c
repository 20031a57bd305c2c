#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mail.h"
#include "base/memory.h"
#include "http/server.h"
#include "loop/loop.h"
#include "segment/segment.h"
#include "worker.h"

#define BEGUN_MARGIN_MS	 1000 /* a session's own time-outs come first */
#define HTTP_DEADLINE_MS 75000

struct worker {
	struct worker_settings settings;
	pthread_t thread;
	struct event_base *base;
	struct mailbox *mailbox;
	struct allocator *allocator;
	struct http_server *http;
	struct event *flush;  /* fired in the round in which requests came */
	struct event *expire; /* at the allocator's next deadline */

	/* Each is in one mailbox at most. */
	struct mail announcement;
	struct mail drain_order;
	struct mail drained_note;
	struct mail ping; /* goes there and back */
};

/* --- between the allocator and its source ------------------------------------------------------- */

static void
open_reservation(struct mail *mail)
{
	struct reservation *reservation = reservation_of(mail);
	struct worker *worker = reservation->owner;

	allocator_deliver(worker->allocator, reservation);
}

/* Runs in a thread of a pool or of the dispatcher. */
static void
post_answer(struct reservation *reservation)
{
	struct worker *worker = reservation->owner;

	reservation->mail.open = open_reservation;
	mailbox_post(worker->mailbox, &reservation->mail);
}

static void
wake(void *arg)
{
	struct worker *worker = arg;

	event_active(worker->flush, 0, 0);
}

/* A timer that is set already fires early enough: later requests have later deadlines. */
static void
set_expiry(struct worker *worker)
{
	uint64_t deadline_ms = allocator_next_deadline(worker->allocator);
	uint64_t now_ms;

	if (deadline_ms == UINT64_MAX || event_pending(worker->expire, EV_TIMEOUT, NULL))
		return;
	now_ms = clock_ms();
	loop_event_in(worker->expire, deadline_ms > now_ms ? (unsigned)(deadline_ms - now_ms) : 0);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	allocator_flush(worker->allocator);
	set_expiry(worker);
}

static void
on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	allocator_expire(worker->allocator, clock_ms());
	set_expiry(worker);
}

/* --- between the main thread and this one --------------------------------------------------- */

static void
open_drained_note(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, drained_note);

	worker->settings.drained(worker->settings.arg);
}

static void
on_drained(void *arg)
{
	struct worker *worker = arg;

	worker->drained_note.open = open_drained_note;
	event_base_loopbreak(worker->base);
	mailbox_post(worker->settings.control, &worker->drained_note);
}

static void
open_announcement(struct mail *mail)
{
	http_server_announce_drain(CONTAINER_OF(mail, struct worker, announcement)->http);
}

void
worker_announce_drain(struct worker *worker)
{
	worker->announcement.open = open_announcement;
	mailbox_post(worker->mailbox, &worker->announcement);
}

static void
open_drain_order(struct mail *mail)
{
	http_server_drain(CONTAINER_OF(mail, struct worker, drain_order)->http);
}

void
worker_drain(struct worker *worker)
{
	worker->drain_order.open = open_drain_order;
	mailbox_post(worker->mailbox, &worker->drain_order);
}

static void
open_pong(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, ping);

	worker->settings.pong(worker->settings.arg);
}

static void
open_ping(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, ping);

	mail->open = open_pong;
	mailbox_post(worker->settings.control, mail);
}

void
worker_ping(struct worker *worker)
{
	worker->ping.open = open_ping;
	mailbox_post(worker->mailbox, &worker->ping);
}

/* --- birth and death ------------------------------------------------------------------------- */

static size_t
databases(void *arg, struct database_state *states)
{
	struct worker *worker = arg;

	return dispatch_states(worker->settings.dispatch, states);
}

static uint64_t
reserved(void *arg, uint64_t *lasts_ms)
{
	struct worker *worker = arg;

	*lasts_ms = segment_lasts_ms(worker->settings.segment);
	return segment_held(worker->settings.segment);
}

static struct allocator *
make_allocator(struct worker *worker)
{
	const struct config *config = worker->settings.config;
	struct allocator_settings settings = {
		.pool_timeout_ms = config->pool_timeout_ms,
		.begun_timeout_ms = config->query_timeout_ms + BEGUN_MARGIN_MS,
		.limit = worker->settings.limit,
		.source = worker->settings.source,
		.answer = post_answer,
		.wake = wake,
		.arg = worker,
	};

	return allocator_new(&settings);
}

static struct http_server *
make_http(struct worker *worker, const int *fds, size_t count)
{
	const struct config *config = worker->settings.config;
	struct http_settings settings = {
		.max_batch = (uint32_t)config->max_batch,
		.batch_format = config->batch_format,
		.password = config->http_auth_password,
		.connections = worker->settings.connections,
		.deadline_ms = HTTP_DEADLINE_MS,
		.databases = databases,
		.reserved = worker->settings.segment != NULL ? reserved : NULL,
		.drained = on_drained,
		.arg = worker,
		.error_lines = worker->settings.error_lines,
		.leaves_queue = worker->settings.leaves_queue,
	};

	return http_server_new(worker->base, &settings, worker->allocator, fds, count);
}

struct worker *
worker_new(const struct worker_settings *settings, const int *fds, size_t count)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));

	worker->settings = *settings;
	worker->base = loop_base_new();
	worker->mailbox = mailbox_new(worker->base);
	worker->flush = loop_event_new(worker->base, -1, 0, on_flush, worker);
	worker->expire = loop_event_new(worker->base, -1, 0, on_expire, worker);
	worker->allocator = make_allocator(worker);
	worker->http = make_http(worker, fds, count);
	return worker;
}

static void *
thread_main(void *arg)
{
	struct worker *worker = arg;

	event_base_dispatch(worker->base);
	return NULL;
}

bool
worker_start(struct worker *worker)
{
	errno = pthread_create(&worker->thread, NULL, thread_main, worker);
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
	mailbox_open_all(worker->mailbox); /* what the pool answered at its very end */
	allocator_free(worker->allocator);
	http_server_free(worker->http);
	event_free(worker->expire);
	event_free(worker->flush);
	mailbox_free(worker->mailbox);
	event_base_free(worker->base);
	free(worker);
}
