/*
 * DESIGN. A batch is in exactly one of four lists:
 *
 *	gathering   the loop fills it in this round, and has not submitted it yet
 *	submitted   the source or a session has it, and its deadline has not passed
 *	overdue     its deadline has passed, and the source could not return it
 *	given up    the same, and its requests were failed: its range becomes a gap
 *
 * Each list is in the order of the deadlines.
 *
 * Of the batches that gather, the last one for the Tickr sequence is OPEN. Those of named sequences are in
 * chains by the address of the sequence. The chains are empty between rounds. So they cost as much as the
 * requests of a round, however many sequences are known.
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "allocator/allocator.h"
#include "base/memory.h"
#include "metrics/metrics.h"

/* Chains of the batches of a round. A power of 2: more sequences in a round only make them longer. */
#define CHAIN_BITS 10
#define CHAINS	   (1u << CHAIN_BITS)

/* A statement moves 256 sequences, and the sum of its numbers must stay far below 2^32. */
#define MOST_OF_SEQUENCE 1000000

struct allocator {
	struct allocator_settings settings;
	struct batch_list gathering; /* in the order of their first requests */
	struct batch *open;	     /* of the Tickr sequence; NULL: none gathers */
	struct batch_list submitted;
	struct batch_list overdue;
	struct batch_list given_up;
	bool is_woken;
	struct batch *chains[CHAINS];
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

static const struct source *
allocator_source_of(const struct allocator *a, const struct ticket_request *request)
{
	if (request->source != NULL)
		return request->source;
	if (request->sequence == NULL && request->task == RESERVATION_RESERVE)
		return request->is_group && a->settings.groups.submit != NULL ? &a->settings.groups
									      : &a->settings.source;
	return request->may_be_held ? &a->settings.weak : &a->settings.strong;
}

/* Multiplicative hashing: the low bits of an address are the same for all. */
static struct batch **
allocator_chain_of(struct allocator *a, const struct sequence *sequence)
{
	uint64_t hash = (uint64_t)(uintptr_t)sequence * 0x9e3779b97f4a7c15ull;

	return &a->chains[hash >> (64 - CHAIN_BITS)];
}

static struct batch *
allocator_new_batch(struct allocator *a, const struct ticket_request *request,
		    const struct source *source, uint64_t now_ms)
{
	struct batch *batch = batch_new(now_ms + a->settings.pool_timeout_ms);

	batch->reservation.answer = a->settings.answer;
	batch->reservation.owner = a->settings.arg;
	batch->reservation.task = request->task;
	batch->reservation.sequence = request->sequence;
	batch->reservation.revision = request->revision;
	batch->reservation.order = request->order;
	batch->reservation.result = request->result;
	batch->source = source;
	TAILQ_INSERT_TAIL(&a->gathering, batch, link);
	return batch;
}

/* Return the batch that REQUEST for a named sequence joins. */
static struct batch *
allocator_named_batch_for(struct allocator *a, const struct ticket_request *request,
			  const struct source *source, uint64_t now_ms)
{
	struct batch **chain = allocator_chain_of(a, request->sequence);
	struct batch *batch = *chain;

	while (batch != NULL &&
	       (batch->reservation.sequence != request->sequence || batch->source != source ||
		!batch_has_room(batch, request, MOST_OF_SEQUENCE)))
		batch = batch->next;
	if (batch != NULL)
		return batch;
	batch = allocator_new_batch(a, request, source, now_ms);
	batch->next = *chain;
	*chain = batch;
	return batch;
}

/* Return the batch that REQUEST joins. A request that reads rows has its own batch, and so has a Snowflake group. */
static struct batch *
allocator_batch_for(struct allocator *a, const struct ticket_request *request,
		    const struct source *source, uint64_t now_ms)
{
	if (request->task != RESERVATION_RESERVE || request->is_alone ||
	    source == &a->settings.groups)
		return allocator_new_batch(a, request, source, now_ms);
	if (request->sequence != NULL)
		return allocator_named_batch_for(a, request, source, now_ms);
	if (a->open == NULL || !batch_has_room(a->open, request, RESERVATION_MOST_SHARED))
		a->open = allocator_new_batch(a, request, source, now_ms);
	return a->open;
}

/* Answer REQUEST and return true, if its source holds bases for it. */
static bool
allocator_answer_from_held(struct ticket_request *request, const struct source *source,
			   uint64_t now_ms)
{
	struct ticket_answer answer = {.status = TICKET_OK, .revision = request->revision};
	struct ticket_piece taken;

	if (request->task != RESERVATION_RESERVE ||
	    !source_take(source, request->sequence, request->count, now_ms, &taken))
		return false;
	answer.bases = taken.bases;
	answer.space = taken.space;
	request->answer(request, &answer);
	return true;
}

void
allocator_request(struct allocator *a, struct ticket_request *request, uint64_t now_ms)
{
	const struct source *source = allocator_source_of(a, request);

	if (allocator_answer_from_held(request, source, now_ms))
		return;
	if (!allocator_enter_waiting(a->settings.limit)) {
		struct ticket_answer answer = {
			.status = TICKET_TOO_MANY_WAITING,
			.reason = "too many requests wait for the database (TICKR_MAX_WAITING)",
		};

		free(request->result);
		request->answer(request, &answer);
		return;
	}
	batch_add(allocator_batch_for(a, request, source, now_ms), request);
	if (!a->is_woken) /* allocator_flush() runs at the end of the round */
		a->settings.wake(a->settings.arg);
	a->is_woken = true;
}

void
allocator_flush(struct allocator *a)
{
	struct batch *batch;

	a->is_woken = false;
	a->open = NULL;
	while ((batch = TAILQ_FIRST(&a->gathering)) != NULL) {
		bool is_submitted;

		if (batch->reservation.sequence != NULL)
			*allocator_chain_of(a, batch->reservation.sequence) = NULL;
		TAILQ_REMOVE(&a->gathering, batch, link);
		TAILQ_INSERT_TAIL(&a->submitted, batch, link);
		is_submitted = source_submit(batch->source, &batch->reservation);
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
		metrics_add(reservation->sequence != NULL ? METRIC_SEQUENCE_IDS_ABANDONED
							  : METRIC_TICKETS_ABANDONED,
			    reservation->count);
	}
	batch_free(batch);
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
		if (source_withdraw(batch->source, &batch->reservation)) {
			allocator_fail(a, batch, TICKET_TIMED_OUT, batch->reservation.reason);
			batch_free(batch);
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
		batch_free(batch);
	}
	while ((batch = TAILQ_FIRST(&a->submitted)) != NULL) {
		bool is_mine = source_withdraw(batch->source, &batch->reservation);

		assert(is_mine);
		TAILQ_REMOVE(&a->submitted, batch, link);
		allocator_fail(a, batch, TICKET_DRAINING, STATUS_DRAINING);
		batch_free(batch);
	}
	assert(TAILQ_EMPTY(&a->overdue) && TAILQ_EMPTY(&a->given_up));
	free(a);
}
