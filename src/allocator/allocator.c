/*
 * DESIGN. A batch is in exactly one of four lists:
 *
 *	gathering   the loop fills it in this round, and has not submitted it yet
 *	submitted   the source or a session has it, and its deadline has not passed
 *	overdue     its deadline has passed, and the source could not return it
 *	given up    the same, and its requests were failed: its range becomes a gap
 *
 * Each list is in the order of the deadlines.
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "allocator/allocator.h"
#include "base/memory.h"
#include "metrics/metrics.h"

struct allocator {
	struct allocator_settings settings;
	struct batch_list gathering; /* the last one takes new requests */
	struct batch_list submitted;
	struct batch_list overdue;
	struct batch_list given_up;
	bool is_woken;
};

struct allocator *
allocator_new(const struct allocator_settings *settings)
{
	struct allocator *a = xcalloc(1, sizeof(*a));

	a->settings = *settings;
	TAILQ_INIT(&a->gathering);
	TAILQ_INIT(&a->submitted);
	TAILQ_INIT(&a->overdue);
	TAILQ_INIT(&a->given_up);
	return a;
}

static bool
allocator_enter_waiting(struct waiting_limit *limit)
{
	if (atomic_fetch_add(&limit->waiting, 1) < limit->most) {
		metrics_add(METRIC_REQUESTS_WAITING, 1);
		return true;
	}
	atomic_fetch_sub(&limit->waiting, 1);
	return false;
}

static void
allocator_leave_waiting(struct waiting_limit *limit, uint32_t requests)
{
	atomic_fetch_sub(&limit->waiting, requests);
	metrics_subtract(METRIC_REQUESTS_WAITING, requests);
}

/* Return the batch that REQUEST joins: the last one that gathers, or a new one. */
static struct batch *
allocator_batch_for(struct allocator *a, const struct ticket_request *request, uint64_t now_ms)
{
	struct batch *batch = TAILQ_LAST(&a->gathering, batch_list);

	if (batch != NULL && batch_has_room(batch, request, RESERVATION_MOST_SHARED))
		return batch;
	batch = batch_new(now_ms + a->settings.pool_timeout_ms);
	batch->reservation.answer = a->settings.answer;
	batch->reservation.owner = a->settings.arg;
	TAILQ_INSERT_TAIL(&a->gathering, batch, link);
	return batch;
}

/* Answer REQUEST and return true, if the source holds bases for it. */
static bool
allocator_answer_from_held(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	struct ticket_answer answer = {.status = TICKET_OK};
	struct ticket_piece taken;

	if (!source_take(&a->settings.source, NULL, request->count, now_ms, &taken))
		return false;
	answer.bases = taken.bases;
	answer.space = taken.space;
	request->answer(request, &answer);
	return true;
}

void
allocator_request(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	if (allocator_answer_from_held(a, request, now_ms))
		return;
	if (!allocator_enter_waiting(a->settings.limit)) {
		struct ticket_answer answer = {
			.status = TICKET_TOO_MANY_WAITING,
			.reason = "too many requests wait for the database (TICKR_MAX_WAITING)",
		};

		request->answer(request, &answer);
		return;
	}
	batch_add(allocator_batch_for(a, request, now_ms), request);
	if (!a->is_woken) /* allocator_flush() runs at the end of the round */
		a->settings.wake(a->settings.arg);
	a->is_woken = true;
}

void
allocator_flush(struct allocator *a)
{
	struct batch *batch;

	a->is_woken = false;
	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		bool is_submitted;

		TAILQ_REMOVE(&a->gathering, batch, link);
		TAILQ_INSERT_TAIL(&a->submitted, batch, link);
		is_submitted = source_submit(&a->settings.source, &batch->reservation);
		assert(is_submitted); /* only this thread withdraws it */
	}
}

/* Answer the requests of BATCH with STATUS, which is not TICKET_OK. BATCH stays the caller's. */
static void
allocator_fail(struct allocator *a, struct batch *batch, enum ticket_status status,
	       const char *reason)
{
	allocator_leave_waiting(a->settings.limit, batch->request_count);
	batch_fail(batch, status, reason);
}

static struct batch_list *
allocator_list_of(struct allocator *a, const struct batch *batch)
{
	switch (batch->place) {
	case BATCH_SUBMITTED: return &a->submitted;
	case BATCH_OVERDUE: return &a->overdue;
	case BATCH_GIVEN_UP: break;
	}
	return &a->given_up;
}

void
allocator_deliver(struct allocator *a, struct reservation *reservation)
{
	struct batch *batch = CONTAINER_OF(reservation, struct batch, reservation);

	reservation_return(reservation);
	TAILQ_REMOVE(allocator_list_of(a, batch), batch, link);
	if (batch->place != BATCH_GIVEN_UP) {
		allocator_leave_waiting(a->settings.limit, batch->request_count);
		batch_deal(batch);
	} else if (reservation->status == TICKET_OK) {
		metrics_add(METRIC_TICKETS_ABANDONED, reservation->count);
	}
	free(batch);
}

static uint64_t
allocator_give_up_at_ms(const struct allocator *a, const struct batch *batch)
{
	return batch->reservation.deadline_ms + a->settings.overdue_timeout_ms;
}

void
allocator_expire(struct allocator *a, uint64_t now_ms)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL &&
	       batch->reservation.deadline_ms <= now_ms) {
		TAILQ_REMOVE(&a->submitted, batch, link);
		if (source_withdraw(&a->settings.source, &batch->reservation)) {
			allocator_fail(a, batch, TICKET_TIMED_OUT, batch->reservation.reason);
			free(batch);
		} else {
			batch->place = BATCH_OVERDUE;
			TAILQ_INSERT_TAIL(&a->overdue, batch, link);
		}
	}
	/* If a session hangs, the source has the reservation. So its batch stays until the answer. */
	while ((batch = TAILQ_FIRST(&a->overdue)) != NULL &&
	       allocator_give_up_at_ms(a, batch) <= now_ms) {
		TAILQ_REMOVE(&a->overdue, batch, link);
		batch->place = BATCH_GIVEN_UP;
		TAILQ_INSERT_TAIL(&a->given_up, batch, link);
		allocator_fail(a, batch, TICKET_TIMED_OUT,
			       "the database does not answer; tickets that it may have reserved "
			       "for this request become a gap");
	}
}

uint64_t
allocator_next_deadline(const struct allocator *a)
{
	const struct batch *submitted = TAILQ_FIRST(&a->submitted);
	const struct batch *overdue = TAILQ_FIRST(&a->overdue);
	uint64_t deadline_ms = submitted != NULL ? submitted->reservation.deadline_ms : UINT64_MAX;

	if (overdue != NULL && allocator_give_up_at_ms(a, overdue) < deadline_ms)
		deadline_ms = allocator_give_up_at_ms(a, overdue);
	return deadline_ms;
}

void
allocator_free(struct allocator *a)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		TAILQ_REMOVE(&a->gathering, batch, link);
		allocator_fail(a, batch, TICKET_DRAINING, STATUS_DRAINING);
		free(batch);
	}
	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL) {
		bool is_mine = source_withdraw(&a->settings.source, &batch->reservation);

		assert(is_mine);
		TAILQ_REMOVE(&a->submitted, batch, link);
		allocator_fail(a, batch, TICKET_DRAINING, STATUS_DRAINING);
		free(batch);
	}
	assert(TAILQ_EMPTY(&a->overdue) && TAILQ_EMPTY(&a->given_up));
	free(a);
}
