/*
 * DESIGN. A batch is in exactly one of three places:
 *
 *	gathering   being filled in this round of the loop; not yet submitted
 *	submitted   the pool's, in the order of their deadlines; may be withdrawn
 *	begun       the pool's; its deadline has passed, but a session is at work on it
 *
 * Questions for the newest base (count 0) gather apart from tickets, and only one of
 * those batches is out at a time: what comes meanwhile shares the next one, so that an
 * answer is never older than its question.
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "allocator/allocator.h"
#include "base/memory.h"
#include "metrics/metrics.h"

struct allocator {
	struct allocator_settings settings;
	struct batch_list gathering;	   /* tickets; the last one takes new requests */
	struct batch *gathering_questions; /* NULL: none */
	struct batch *asked;		   /* the questions that are out; NULL: none */
	struct batch_list submitted;
	struct batch_list begun;
	bool is_woken;
};

struct allocator *
allocator_new(const struct allocator_settings *settings)
{
	struct allocator *a = xcalloc(1, sizeof(*a));

	a->settings = *settings;
	TAILQ_INIT(&a->gathering);
	TAILQ_INIT(&a->submitted);
	TAILQ_INIT(&a->begun);
	return a;
}

static bool
enter_waiting(struct waiting_limit *limit)
{
	if (atomic_fetch_add(&limit->waiting, 1) < limit->most) {
		metrics_add(METRIC_REQUESTS_WAITING, 1);
		return true;
	}
	atomic_fetch_sub(&limit->waiting, 1);
	return false;
}

static void
leave_waiting(struct waiting_limit *limit, uint32_t requests)
{
	atomic_fetch_sub(&limit->waiting, requests);
	metrics_subtract(METRIC_REQUESTS_WAITING, requests);
}

static void
wake(struct allocator *a)
{
	if (a->is_woken)
		return;
	a->is_woken = true;
	a->settings.wake(a->settings.arg);
}

static struct batch *
batch_for(struct allocator *a, const struct ticket_request *request, uint64_t now_ms)
{
	uint64_t deadline_ms = now_ms + a->settings.pool_timeout_ms;
	struct batch *batch;

	if (request->count == 0) {
		if (a->gathering_questions == NULL)
			a->gathering_questions = batch_new(deadline_ms);
		return a->gathering_questions;
	}
	batch = TAILQ_LAST(&a->gathering, batch_list);
	if (batch == NULL || !batch_has_room(batch, request, RESERVATION_MOST_SHARED)) {
		batch = batch_new(deadline_ms);
		TAILQ_INSERT_TAIL(&a->gathering, batch, link);
	}
	return batch;
}

static bool
give_at_once(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	const struct ticket_space *space;
	struct ticket_range bases;

	if (a->settings.take == NULL || request->count == 0 ||
	    !a->settings.take(a->settings.arg, request->count, now_ms, &bases, &space))
		return false;
	ticket_request_give(request, &bases, space);
	return true;
}

void
allocator_request(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	if (give_at_once(a, request, now_ms))
		return;
	if (!enter_waiting(a->settings.limit)) {
		struct ticket_answer answer = {
			.status = TICKET_TOO_MANY_WAITING,
			.reason = "too many requests wait for the database (TICKR_MAX_WAITING)",
		};

		request->answer(request, &answer);
		return;
	}
	batch_add(batch_for(a, request, now_ms), request);
	wake(a);
}

/* Nearly always at the end: only questions that waited for an answer to others are late. */
static void
insert_by_deadline(struct batch_list *list, struct batch *batch)
{
	struct batch *before = TAILQ_LAST(list, batch_list);

	while (before != NULL && before->reservation.deadline_ms > batch->reservation.deadline_ms)
		before = TAILQ_PREV(before, batch_list, link);
	if (before != NULL)
		TAILQ_INSERT_AFTER(list, before, batch, link);
	else
		TAILQ_INSERT_HEAD(list, batch, link);
}

static void
submit(struct allocator *a, struct batch *batch)
{
	insert_by_deadline(&a->submitted, batch);
	a->settings.submit(a->settings.arg, &batch->reservation);
}

void
allocator_flush(struct allocator *a)
{
	struct batch *batch;

	a->is_woken = false;
	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		TAILQ_REMOVE(&a->gathering, batch, link);
		submit(a, batch);
	}
	if (a->gathering_questions != NULL && a->asked == NULL) {
		a->asked = a->gathering_questions;
		a->gathering_questions = NULL;
		submit(a, a->asked);
	}
}

/* BATCH is back for good, out of every list. */
static void
finish(struct allocator *a, struct batch *batch)
{
	leave_waiting(a->settings.limit, batch->request_count);
	if (batch != a->asked)
		return;
	a->asked = NULL;
	if (a->gathering_questions != NULL)
		wake(a);
}

void
allocator_deliver(struct allocator *a, struct reservation *reservation)
{
	struct batch *batch = CONTAINER_OF(reservation, struct batch, reservation);

	TAILQ_REMOVE(batch->is_begun ? &a->begun : &a->submitted, batch, link);
	finish(a, batch);
	batch_deal(batch);
}

static void
refuse(struct allocator *a, struct batch *batch, enum ticket_status status, const char *reason)
{
	finish(a, batch);
	batch_refuse(batch, status, reason);
}

static bool
is_due(const struct batch *batch, uint64_t now_ms)
{
	return batch != NULL && batch->reservation.deadline_ms <= now_ms;
}

void
allocator_expire(struct allocator *a, uint64_t now_ms)
{
	struct batch *batch;

	while (is_due(batch = TAILQ_FIRST(&a->submitted), now_ms)) {
		TAILQ_REMOVE(&a->submitted, batch, link);
		if (a->settings.withdraw(a->settings.arg, &batch->reservation)) {
			refuse(a, batch, TICKET_TIMED_OUT, batch->reservation.reason);
		} else {
			batch->is_begun = true;
			TAILQ_INSERT_TAIL(&a->begun, batch, link);
		}
	}
	if (is_due(a->gathering_questions, now_ms)) {
		batch = a->gathering_questions;
		a->gathering_questions = NULL;
		refuse(a, batch, TICKET_TIMED_OUT,
		       "the database has not yet answered an earlier question");
	}
}

uint64_t
allocator_next_deadline(const struct allocator *a)
{
	const struct batch *first = TAILQ_FIRST(&a->submitted);
	const struct batch *questions = a->gathering_questions;
	uint64_t deadline_ms = first != NULL ? first->reservation.deadline_ms : UINT64_MAX;

	if (questions != NULL && questions->reservation.deadline_ms < deadline_ms)
		deadline_ms = questions->reservation.deadline_ms;
	return deadline_ms;
}

void
allocator_free(struct allocator *a)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		TAILQ_REMOVE(&a->gathering, batch, link);
		refuse(a, batch, TICKET_DRAINING, STATUS_DRAINING);
	}
	if (a->gathering_questions != NULL)
		refuse(a, a->gathering_questions, TICKET_DRAINING, STATUS_DRAINING);
	a->gathering_questions = NULL;
	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL) {
		bool is_mine = a->settings.withdraw(a->settings.arg, &batch->reservation);

		assert(is_mine);
		TAILQ_REMOVE(&a->submitted, batch, link);
		refuse(a, batch, TICKET_DRAINING, STATUS_DRAINING);
	}
	assert(TAILQ_EMPTY(&a->begun));
	free(a);
}
