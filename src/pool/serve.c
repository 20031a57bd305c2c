#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "pool/counter.h"
#include "pool/serve.h"
#include "pool/serve_sequences.h"
#include "pool/trial.h"

#define BUSY_PAUSE_MS 20
#define OPEN_WAIT_MS  60000
#define BASES_PER_MS  100 /* even a slow database inserts so many */

void
serve_answer(struct mail_list *group, struct mail *mail, unsigned database,
	     enum ticket_status status)
{
	struct reservation *reservation = reservation_of(mail);

	TAILQ_REMOVE(group, mail, link);
	reservation->status = status;
	metrics_count_reservation(database, status);
	reservation->answer(reservation);
}

void
serve_fail(struct mail_list *group, unsigned database, enum ticket_status status,
	   const char *reason)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(group)) != NULL) {
		snprintf(reservation_of(mail)->reason, REASON_SIZE, "%s", reason);
		serve_answer(group, mail, database, status);
	}
}

/*
 * Reserve the bases of ORDER with one statement. While the database is too busy for it, retry until
 * DEADLINE_MS, which is that of the last reservation.
 */
static enum store_result
serve_reserve(struct keeper *keeper, const struct store_order *order, uint64_t deadline_ms,
	      struct ticket_range *bases, struct text *reason)
{
	unsigned database = keeper->health->database;
	uint64_t began_us = clock_us();
	enum store_result result;

	for (;;) {
		result = counter_reserve(keeper, order, bases, reason);
		if (result != STORE_BUSY || clock_ms() >= deadline_ms ||
		    !keeper_pause(keeper, BUSY_PAUSE_MS))
			break;
		metrics_add(METRIC_RETRIES + database, 1);
		text_clear(reason);
	}
	metrics_observe(HISTOGRAM_RESERVATION_SECONDS + database, clock_us() - began_us);
	if (result == STORE_OK)
		metrics_observe(HISTOGRAM_RESERVATION_TICKETS + database, order->count);
	return result;
}

/* Return how many bases GROUP wants, and its last deadline. */
static uint32_t
serve_sum_up(const struct mail_list *group, uint64_t *deadline_ms)
{
	struct mail *mail;
	uint64_t total = 0;

	*deadline_ms = 0;
	TAILQ_FOREACH (mail, group, link) {
		const struct reservation *reservation = reservation_of(mail);

		total += reservation->count;
		if (reservation->deadline_ms > *deadline_ms)
			*deadline_ms = reservation->deadline_ms;
	}
	assert(total <= UINT32_MAX);
	return (uint32_t)total;
}

/*
 * Answer the reservations of GROUP with their parts of BASES. Each returns through its answer function,
 * which is worker_post_answer() for the reservation of a worker.
 */
static void
serve_deal(const struct keeper *keeper, struct mail_list *group, struct ticket_range bases)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(group)) != NULL) {
		struct reservation *reservation = reservation_of(mail);

		reservation->bases = range_take(&bases, reservation->count);
		reservation->space = keeper->space;
		serve_answer(group, mail, keeper->health->database, TICKET_OK);
	}
}

/*
 * Put reservations of GROUP back into the queue, and fail the others. If IS_LIMITED, each gets one more
 * session. Otherwise sessions retry until its deadline. The bases of the lost session are abandoned.
 */
static void
serve_put_back(struct keeper *keeper, struct mail_list *group, bool is_limited, const char *reason)
{
	struct mail_list again = TAILQ_HEAD_INITIALIZER(again);
	unsigned database = keeper->health->database;
	struct mail *mail, *following;

	for (mail = TAILQ_FIRST(group); mail != NULL; mail = following) {
		following = TAILQ_NEXT(mail, link);
		if (is_limited && reservation_of(mail)->losses++ > 0)
			continue;
		TAILQ_REMOVE(group, mail, link);
		TAILQ_INSERT_TAIL(&again, mail, link);
	}
	metrics_add(METRIC_RETRIES + database, queue_put_back(keeper->queue, &again));
	TAILQ_CONCAT(group, &again, link);
	serve_fail(group, database, TICKET_DATABASE_FAILED, reason);
}

void
serve_note_failure(struct keeper *keeper, struct mail_list *group, enum store_result result,
		   const char *reason)
{
	unsigned database = keeper->health->database;

	if (result != STORE_BUSY)
		keeper_close(keeper);
	if (result == STORE_TOO_LARGE) { /* the database is still sound */
		serve_fail(group, database, TICKET_TOO_LARGE, reason);
		return;
	}
	health_note_trouble(keeper->health, result, true, reason);
	switch (result) {
	case STORE_LOST:
		queue_note_loss(keeper->queue, keeper->generation);
		serve_put_back(keeper, group, true, reason);
		break;
	case STORE_UNREADY: /* other sessions take the group immediately; this one pauses */
		queue_note_loss(keeper->queue, keeper->generation);
		serve_put_back(keeper, group, false, reason);
		(void)keeper_pause(keeper, BUSY_PAUSE_MS);
		break;
	case STORE_EXHAUSTED: serve_fail(group, database, TICKET_EXHAUSTED, reason); break;
	case STORE_REFUSED: serve_fail(group, database, TICKET_DATABASE_REFUSED, reason); break;
	case STORE_BUSY:
	case STORE_FAILED:
	case STORE_TOO_LARGE:
	case STORE_OK: serve_fail(group, database, TICKET_DATABASE_FAILED, reason); break;
	}
}

bool
serve_statement(struct keeper *keeper, struct mail_list *group, const struct store_order *order,
		uint64_t deadline_ms, struct ticket_range *bases)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	uint64_t newest;
	bool is_in_range;
	enum store_result result;

	if (keeper->store->fits != NULL &&
	    !keeper->store->fits(keeper->session, order->count, &reason)) {
		serve_fail(group, keeper->health->database, TICKET_TOO_LARGE, memory);
		return false;
	}
	result = counter_may_reserve(keeper, &reason);
	if (result == STORE_REFUSED) { /* no statement was sent, so the session stays */
		serve_fail(group, keeper->health->database, TICKET_DATABASE_REFUSED, memory);
		return false;
	}
	if (result != STORE_OK) { /* the next session may be at another of several masters */
		serve_note_failure(keeper, group, result, memory);
		return false;
	}
	result = serve_reserve(keeper, order, deadline_ms, bases, &reason);
	if (result != STORE_OK) {
		if (result != STORE_TOO_LARGE)
			health_note_doubt(keeper->health);
		serve_note_failure(keeper, group, result, memory);
		return false;
	}
	is_in_range = range_last(bases, &newest);
	assert(is_in_range); /* counter_reserve() has checked it */
	health_note_reserved(keeper->health, newest);
	return true;
}

static void
serve_group(struct keeper *keeper, struct mail_list *group)
{
	struct store_order order = {.count = 0};
	struct ticket_range bases = {0};
	uint64_t deadline_ms;

	order.count = serve_sum_up(group, &deadline_ms);
	if (serve_statement(keeper, group, &order, deadline_ms, &bases))
		serve_deal(keeper, group, bases);
}

/*
 * Note that the session works on GROUP. pool_view() reads busy_since_ms, to notice a statement that hangs.
 * A large statement may take longer, so its time begins later.
 */
static void
serve_note_busy(struct keeper *keeper, const struct mail_list *group)
{
	uint64_t deadline_ms;
	uint64_t work_ms = serve_sum_up(group, &deadline_ms) / BASES_PER_MS;

	metrics_add(METRIC_SESSIONS_BUSY + keeper->health->database, 1);
	atomic_store_explicit(&keeper->busy_since_ms, clock_ms() + work_ms, memory_order_relaxed);
}

static void
serve_note_idle(struct keeper *keeper)
{
	atomic_store_explicit(&keeper->busy_since_ms, 0, memory_order_relaxed);
	metrics_subtract(METRIC_SESSIONS_BUSY + keeper->health->database, 1);
}

void
serve_reservations(struct keeper *keeper)
{
	/* If the queue stops, the loop ends. If the first session hangs while it opens, wait no longer. */
	(void)!queue_wait_open(keeper->queue, OPEN_WAIT_MS);
	for (;;) {
		struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
		uint64_t newest;
		uint32_t most;

		keeper_move_on(keeper);
		/* A drain makes sessions stale, so a thread with a session need not check for one. */
		if (keeper->session == NULL && !keeper_wait_for_resume(keeper))
			return;
		if (!keeper_open(keeper)) {
			if (!keeper_pause(keeper, 0))
				return;
			continue;
		}
		most = keeper->store->most_per_statement(keeper->session);
		switch (queue_take(keeper->queue, &keeper->taker, keeper->generation, most,
				   &group)) {
		case QUEUE_STOPPING: return;
		case QUEUE_STALE: keeper_close(keeper); break;
		case QUEUE_IDLE: (void)trial_look(keeper, &newest); break;
		case QUEUE_TAKEN:
			serve_note_busy(keeper, &group);
			if (keeper->group != NULL)
				serve_sequences(keeper, &group);
			else
				serve_group(keeper, &group);
			serve_note_idle(keeper);
			break;
		}
	}
}
