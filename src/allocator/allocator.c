/*
 * DESIGN. A batch is in exactly one of four places:
 *
 *	gathering   being filled in this round of the loop; not yet submitted
 *	submitted   the pool's, in the order of their deadlines; may be withdrawn
 *	begun       the pool's; its deadline has passed, but a session is at work on it
 *	given up    the same, and its requests were answered: its range becomes a gap
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
	struct batch_list begun;
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
	TAILQ_INIT(&a->begun);
	TAILQ_INIT(&a->given_up);
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
	struct batch *batch = TAILQ_LAST(&a->gathering, batch_list);

	if (batch == NULL || !batch_has_room(batch, request, RESERVATION_MOST_SHARED)) {
		batch = batch_new(deadline_ms);
		batch->reservation.answer = a->settings.answer;
		batch->reservation.owner = a->settings.arg;
		TAILQ_INSERT_TAIL(&a->gathering, batch, link);
	}
	return batch;
}

static bool
give_at_once(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	struct ticket_piece taken;
	struct ticket_answer answer = {.status = TICKET_OK};

	if (!source_take(&a->settings.source, request->count, now_ms, &taken))
		return false;
	answer.bases = taken.bases;
	answer.space = taken.space;
	request->answer(request, &answer);
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

void
allocator_flush(struct allocator *a)
{
	struct batch *batch;
	bool is_submitted;

	a->is_woken = false;
	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		TAILQ_REMOVE(&a->gathering, batch, link);
		TAILQ_INSERT_TAIL(&a->submitted, batch, link);
		is_submitted = source_submit(&a->settings.source, &batch->reservation);
		assert(is_submitted); /* only this thread withdraws it */
	}
}

/* Answer the requests of BATCH with STATUS, which is not TICKET_OK. */
static void
refuse(struct allocator *a, struct batch *batch, enum ticket_status status, const char *reason)
{
	leave_waiting(a->settings.limit, batch->request_count);
	batch_refuse(batch, status, reason);
}

static struct batch_list *
list_of(struct allocator *a, const struct batch *batch)
{
	switch (batch->place) {
	case BATCH_SUBMITTED: return &a->submitted;
	case BATCH_BEGUN: return &a->begun;
	case BATCH_GIVEN_UP: break;
	}
	return &a->given_up;
}

void
allocator_deliver(struct allocator *a, struct reservation *reservation)
{
	struct batch *batch = CONTAINER_OF(reservation, struct batch, reservation);

	reservation_return(reservation);
	TAILQ_REMOVE(list_of(a, batch), batch, link);
	if (batch->place == BATCH_GIVEN_UP && reservation->status == TICKET_OK)
		metrics_add(METRIC_TICKETS_ABANDONED, reservation->count);
	if (batch->place != BATCH_GIVEN_UP) {
		leave_waiting(a->settings.limit, batch->request_count);
		batch_deal(batch);
	}
	free(batch);
}

/* The deadline of BATCH has passed: take it back, or wait for the session that is at work on it. */
static void
expire_submitted(struct allocator *a, struct batch *batch)
{
	TAILQ_REMOVE(&a->submitted, batch, link);
	if (source_withdraw(&a->settings.source, &batch->reservation)) {
		refuse(a, batch, TICKET_TIMED_OUT, batch->reservation.reason);
		free(batch);
		return;
	}
	batch->place = BATCH_BEGUN;
	TAILQ_INSERT_TAIL(&a->begun, batch, link);
}

/* The session hangs: nobody waits for it any longer. The reservation stays until it comes back. */
static void
give_up(struct allocator *a, struct batch *batch)
{
	TAILQ_REMOVE(&a->begun, batch, link);
	batch->place = BATCH_GIVEN_UP;
	TAILQ_INSERT_TAIL(&a->given_up, batch, link);
	refuse(a, batch, TICKET_TIMED_OUT,
	       "the database has begun with this and does not answer; the tickets that it may have "
	       "reserved become a gap");
}

static uint64_t
give_up_at_ms(const struct allocator *a, const struct batch *batch)
{
	return batch->reservation.deadline_ms + a->settings.begun_timeout_ms;
}

void
allocator_expire(struct allocator *a, uint64_t now_ms)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL &&
	       batch->reservation.deadline_ms <= now_ms)
		expire_submitted(a, batch);
	while ((batch = TAILQ_FIRST(&a->begun)) != NULL && give_up_at_ms(a, batch) <= now_ms)
		give_up(a, batch);
}

uint64_t
allocator_next_deadline(const struct allocator *a)
{
	const struct batch *submitted = TAILQ_FIRST(&a->submitted);
	const struct batch *begun = TAILQ_FIRST(&a->begun);
	uint64_t deadline_ms = submitted != NULL ? submitted->reservation.deadline_ms : UINT64_MAX;

	if (begun != NULL && give_up_at_ms(a, begun) < deadline_ms)
		deadline_ms = give_up_at_ms(a, begun);
	return deadline_ms;
}

void
allocator_free(struct allocator *a)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		TAILQ_REMOVE(&a->gathering, batch, link);
		refuse(a, batch, TICKET_DRAINING, STATUS_DRAINING);
		free(batch);
	}
	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL) {
		bool is_mine = source_withdraw(&a->settings.source, &batch->reservation);

		assert(is_mine);
		TAILQ_REMOVE(&a->submitted, batch, link);
		refuse(a, batch, TICKET_DRAINING, STATUS_DRAINING);
		free(batch);
	}
	assert(TAILQ_EMPTY(&a->begun) && TAILQ_EMPTY(&a->given_up));
	free(a);
}
