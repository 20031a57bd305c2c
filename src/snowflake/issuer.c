#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mail.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "snowflake/issuer.h"
#include "ticket/waiting.h"

#define LEASE_RETRY_MS 100 /* if nobody says that the lease has changed */

/* One of the two sources. */
struct issuer_side {
	struct issuer *issuer;
	enum snowflake_shape shape;
};

struct issuer {
	struct snowflake_generator *generator;
	struct issuer_listener listener;
	struct issuer_side runs;
	struct issuer_side groups;
	pthread_t thread;
	bool is_started;
	atomic_bool is_anyone_waiting;

	pthread_mutex_t mutex; /* guards the following */
	pthread_cond_t changed;
	bool is_woken;
	bool is_stopping;
	struct mail_list waiting;
	uint64_t out_since_us;		 /* the generator is out of numbers; 0: it is not */
	struct issuer_overflow overflow; /* of the present span: the ones that are over */
	uint64_t span_began_ms;		 /* 0: there is none */
	uint64_t span_began_issued;
};

struct issuer *
issuer_new(struct snowflake_generator *generator, const struct issuer_listener *listener)
{
	struct issuer *issuer = xcalloc(1, sizeof(*issuer));

	issuer->generator = generator;
	issuer->listener = *listener;
	issuer->runs = (struct issuer_side){issuer, SNOWFLAKE_RUN};
	issuer->groups = (struct issuer_side){issuer, SNOWFLAKE_GROUP};
	pthread_mutex_init(&issuer->mutex, NULL);
	clock_cond_init(&issuer->changed);
	TAILQ_INIT(&issuer->waiting);
	return issuer;
}

void
issuer_free(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	pthread_cond_destroy(&issuer->changed);
	pthread_mutex_destroy(&issuer->mutex);
	free(issuer);
}

/* --- overflows ----------------------------------------------------------------------------------- */

/* The first request must wait for a later millisecond. With the mutex. */
static void
issuer_note_out(struct issuer *issuer)
{
	uint64_t queued = metrics_get(METRIC_REQUESTS_WAITING);

	if (issuer->span_began_ms == 0) {
		issuer->span_began_ms = clock_ms();
		issuer->span_began_issued = issuer->listener.issued(issuer->listener.arg);
	}
	if (issuer->out_since_us == 0)
		issuer->out_since_us = clock_us();
	if (queued > issuer->overflow.most_queued)
		issuer->overflow.most_queued = queued;
}

/* The first request has its answer, or waits for something else. With the mutex. */
static void
issuer_note_in(struct issuer *issuer)
{
	uint64_t out_us;

	if (issuer->out_since_us == 0)
		return;
	out_us = clock_us() - issuer->out_since_us;
	issuer->out_since_us = 0;
	issuer->overflow.count++;
	issuer->overflow.out_us += out_us;
	if (out_us > issuer->overflow.longest_us)
		issuer->overflow.longest_us = out_us;
}

/* Return when the present span ends, by clock_ms(); UINT64_MAX: no overflow of it is over. With the mutex. */
static uint64_t
issuer_span_ends_ms(const struct issuer *issuer)
{
	return issuer->overflow.count > 0 ? issuer->span_began_ms + ISSUER_SPAN_MS : UINT64_MAX;
}

/* Report the span, and begin the next one if the generator is out of numbers. Called and returns with the mutex. */
static void
issuer_end_span(struct issuer *issuer)
{
	struct issuer_overflow overflow = issuer->overflow;
	uint64_t span_ms = clock_ms() - issuer->span_began_ms;

	overflow.issued = issuer->listener.issued(issuer->listener.arg) - issuer->span_began_issued;
	overflow.span_ms = span_ms > 0 ? span_ms : 1;
	issuer->overflow = (struct issuer_overflow){0};
	issuer->span_began_ms = 0;
	if (issuer->out_since_us > 0)
		issuer_note_out(issuer);
	pthread_mutex_unlock(&issuer->mutex);
	issuer->listener.overflowed(issuer->listener.arg, &overflow);
	pthread_mutex_lock(&issuer->mutex);
}

/* --- one reservation ----------------------------------------------------------------------------- */

/* Try RESERVATION. Return false if it must wait, for *WAIT_MS at most. Otherwise it has its answer. */
static bool
issuer_try(struct issuer *issuer, struct reservation *reservation, uint64_t *wait_ms)
{
	const struct issuer_side *side = reservation->carrier;
	struct text reason = TEXT_OVER(reservation->reason);
	struct snowflake_run run;

	switch (generator_take(issuer->generator, reservation->count, side->shape, &run)) {
	case SNOWFLAKE_TAKEN:
		reservation->status = TICKET_OK;
		reservation->bases = (struct ticket_range){run.first, 1, reservation->count};
		reservation->space = run.space;
		return true;
	case SNOWFLAKE_WAIT:
		issuer_note_out(issuer);
		*wait_ms = run.wait_ms;
		return false;
	case SNOWFLAKE_NO_LEASE:
		issuer_note_in(issuer);
		*wait_ms = LEASE_RETRY_MS;
		return false;
	case SNOWFLAKE_DRIFT:
		text_addf(&reason,
			  "the clock of this server is %" PRIu64
			  " ms behind the time of its newest ids, so it issues none",
			  run.drift_ms);
		reservation->status = TICKET_DATABASE_REFUSED;
		return true;
	case SNOWFLAKE_TOO_MANY:
		text_addf(&reason, "%s has at most %" PRIu32 " Snowflake ids: ask for fewer",
			  side->shape == SNOWFLAKE_GROUP
				  ? "a group, which lies within one millisecond,"
				  : "an answer",
			  run.most);
		reservation->status = TICKET_TOO_MANY;
		return true;
	case SNOWFLAKE_END: break;
	}
	text_add(&reason, SNOWFLAKE_EXHAUSTED);
	reservation->status = TICKET_EXHAUSTED;
	return true;
}

/* --- the sources --------------------------------------------------------------------------------- */

static bool
issuer_take(void *self, struct sequence *sequence, uint32_t count, uint64_t now_ms,
	    struct ticket_piece *taken)
{
	const struct issuer_side *side = self;
	struct issuer *issuer = side->issuer;
	struct snowflake_run run;

	(void)sequence;
	(void)now_ms;
	if (atomic_load_explicit(&issuer->is_anyone_waiting, memory_order_relaxed) ||
	    generator_take(issuer->generator, count, side->shape, &run) != SNOWFLAKE_TAKEN)
		return false;
	taken->bases = (struct ticket_range){run.first, 1, count};
	taken->space = run.space;
	return true;
}

/* Move the reservations at the front of the queue that have their answer into ANSWERED. Return how long to wait. */
static uint64_t
issuer_try_all(struct issuer *issuer, struct mail_list *answered)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&issuer->waiting)) != NULL) {
		uint64_t wait_ms;

		if (!issuer_try(issuer, reservation_of(mail), &wait_ms))
			return wait_ms;
		issuer_note_in(issuer);
		reservation_take(reservation_of(mail));
		TAILQ_REMOVE(&issuer->waiting, mail, link);
		TAILQ_INSERT_TAIL(answered, mail, link);
	}
	atomic_store(&issuer->is_anyone_waiting, false);
	return UINT64_MAX;
}

static bool
issuer_submit(void *self, struct reservation *reservation)
{
	struct issuer_side *side = self;
	struct issuer *issuer = side->issuer;
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);

	reservation->carrier = side;
	pthread_mutex_lock(&issuer->mutex);
	if (!reservation_queue(reservation)) {
		pthread_mutex_unlock(&issuer->mutex);
		return false;
	}
	TAILQ_INSERT_TAIL(&issuer->waiting, &reservation->mail, link);
	if (issuer->is_stopping) {
		waiting_fail_one(&issuer->waiting, &reservation->mail, TICKET_DRAINING,
				 STATUS_DRAINING, &answered);
	} else if (TAILQ_FIRST(&issuer->waiting) != &reservation->mail ||
		   issuer_try_all(issuer, &answered) != UINT64_MAX) {
		atomic_store(&issuer->is_anyone_waiting, true);
		issuer->is_woken = true;
		pthread_cond_signal(&issuer->changed);
		metrics_add(METRIC_SNOWFLAKE_WAITS, 1);
	}
	pthread_mutex_unlock(&issuer->mutex);
	waiting_answer(&answered);
	return true;
}

static void
issuer_explain(void *self, struct text *reason)
{
	struct issuer *issuer = ((struct issuer_side *)self)->issuer;

	issuer->listener.explain(issuer->listener.arg, reason);
}

static bool
issuer_withdraw(void *self, struct reservation *reservation)
{
	struct issuer *issuer = ((struct issuer_side *)self)->issuer;
	struct text reason = TEXT_OVER(reservation->reason);
	bool was_queued;

	pthread_mutex_lock(&issuer->mutex);
	was_queued = reservation_withdraw(reservation);
	if (was_queued && TAILQ_FIRST(&issuer->waiting) == &reservation->mail)
		issuer_note_in(issuer);
	if (was_queued)
		TAILQ_REMOVE(&issuer->waiting, &reservation->mail, link);
	pthread_mutex_unlock(&issuer->mutex);
	if (was_queued)
		issuer_explain(self, &reason);
	return was_queued;
}

static struct source
issuer_source(struct issuer_side *side)
{
	return (struct source){
		.submit = issuer_submit,
		.withdraw = issuer_withdraw,
		.explain = issuer_explain,
		.take = issuer_take,
		.self = side,
	};
}

struct source
issuer_runs(struct issuer *issuer)
{
	return issuer_source(&issuer->runs);
}

struct source
issuer_groups(struct issuer *issuer)
{
	return issuer_source(&issuer->groups);
}

/* --- the thread ---------------------------------------------------------------------------------- */

/* Wait until UNTIL_MS, or until the thread is woken. UINT64_MAX: only that. With the mutex. */
static void
issuer_wait(struct issuer *issuer, uint64_t until_ms)
{
	struct timespec until = clock_moment(until_ms);

	if (until_ms == UINT64_MAX)
		pthread_cond_wait(&issuer->changed, &issuer->mutex);
	else
		pthread_cond_timedwait(&issuer->changed, &issuer->mutex, &until);
}

/* Wait until the next try, and make it, or report a span. Called and returns with the mutex. */
static void
issuer_turn(struct issuer *issuer, uint64_t *again_ms)
{
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t span_ends_ms = issuer_span_ends_ms(issuer);
	uint64_t wait_ms;

	issuer_wait(issuer, span_ends_ms < *again_ms ? span_ends_ms : *again_ms);
	if (clock_ms() >= issuer_span_ends_ms(issuer))
		issuer_end_span(issuer);
	if (!issuer->is_woken && clock_ms() < *again_ms)
		return; /* woken for no reason, or for the span */
	issuer->is_woken = false;
	wait_ms = issuer_try_all(issuer, &answered);
	*again_ms = wait_ms == UINT64_MAX ? UINT64_MAX : clock_ms() + wait_ms;
	pthread_mutex_unlock(&issuer->mutex);
	waiting_answer(&answered);
	pthread_mutex_lock(&issuer->mutex);
}

static void *
issuer_run(void *arg)
{
	struct issuer *issuer = arg;
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t again_ms = UINT64_MAX;

	pthread_mutex_lock(&issuer->mutex);
	while (!issuer->is_stopping) {
		if (issuer->is_woken) /* while this thread was answering */
			again_ms = 0;
		issuer_turn(issuer, &again_ms);
	}
	issuer_note_in(issuer);
	if (issuer->overflow.count > 0)
		issuer_end_span(issuer);
	waiting_fail(&issuer->waiting, UINT64_MAX, TICKET_DRAINING, STATUS_DRAINING, &answered);
	pthread_mutex_unlock(&issuer->mutex);
	waiting_answer(&answered);
	return NULL;
}

bool
issuer_start(struct issuer *issuer)
{
	errno = pthread_create(&issuer->thread, NULL, issuer_run, issuer);
	issuer->is_started = errno == 0;
	return issuer->is_started;
}

void
issuer_wake(struct issuer *issuer)
{
	pthread_mutex_lock(&issuer->mutex);
	issuer->is_woken = true;
	pthread_cond_signal(&issuer->changed);
	pthread_mutex_unlock(&issuer->mutex);
}

void
issuer_stop(struct issuer *issuer)
{
	if (!issuer->is_started)
		return;
	pthread_mutex_lock(&issuer->mutex);
	issuer->is_stopping = true;
	pthread_cond_signal(&issuer->changed);
	pthread_mutex_unlock(&issuer->mutex);
	pthread_join(issuer->thread, NULL);
	issuer->is_started = false;
}
