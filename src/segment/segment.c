/*
 * DESIGN. Usually one fetch is out at a time, so that pieces arrive in the order of their bases. A
 * fetch first serves the reservations that wait, in their order.
 *
 * If the session of a fetch hangs, reservations would wait for the whole query time-out. So if a fetch
 * is late and a reservation waits, the segment submits a second fetch, which another session takes.
 * After twice that time it submits a third. The first one to succeed makes the others void. The segment
 * abandons the bases of void fetches, because they may be lower than issued ones.
 */
#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "segment/segment.h"
#include "segment/sights.h"
#include "ticket/demand.h"
#include "ticket/waiting.h"

#define FIRST_FETCH 50000 /* bases ahead, until the segment has learnt how many are quick */
#define LEAST_FETCH 1000
#define QUICK_MS    20	  /* after a quicker fetch the next one may be twice as large */
#define SLOW_MS	    200	  /* after a slower one half as large, because requests wait for it */
#define RETRY_MS    100	  /* after a failed fetch, if no reservation waits */
#define NO_MORE_MS  10000 /* the same, at the end of the space */
#define LATE_MS	    250	  /* until a fetch is late, .. */
#define LATE_PER_MS 100	  /* .. and a millisecond more for so many bases */
#define CAP_MS	    10000 /* after so long the segment tries larger statements again */
#define MOST_OUT    8	  /* fetches; so many sessions hardly hang together */

/* Under the mutex, except for the reservation, which the source has while the fetch is out. */
struct fetch {
	struct reservation reservation;
	struct segment *segment;
	uint64_t began_ms;
	uint64_t refusals; /* of databases, before it began */
	bool is_out;
	bool is_void; /* another fetch has succeeded since it began */
};

struct segment {
	struct segment_settings settings;
	struct fetch fetches[MOST_OUT];
	struct {
		pthread_mutex_t mutex;
		struct pieces held;
		struct mail_list waiting;
		struct demand demand;
		uint64_t most_fetch;
		uint64_t retry_ms;
		uint64_t cap; /* bases of a fetch, if the database takes no larger statement */
		uint64_t cap_ends_ms; /* from then on the segment tries larger ones again */
		uint64_t late_ms;     /* when the fetches that are out are late */
		struct sights sights;
		bool is_stopping;
	} shared;
};

/* --- reservations that wait -------------------------------------------------------------------- */

/* Move into ANSWERED the reservations for which enough is held. With the mutex held. */
static void
segment_deal(struct segment *s, struct mail_list *answered)
{
	struct ticket_piece taken;
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&s->shared.waiting)) != NULL) {
		struct reservation *reservation = reservation_of(mail);

		if (!pieces_take(&s->shared.held, reservation->count, &taken))
			return;
		reservation->status = TICKET_OK;
		reservation->bases = taken.bases;
		reservation->space = taken.space;
		reservation_take(reservation);
		TAILQ_REMOVE(&s->shared.waiting, mail, link);
		TAILQ_INSERT_TAIL(answered, mail, link);
	}
}

/* Abandon the bases of databases that were not seen for too long. With the mutex held. */
static void
segment_abandon_unseen(struct segment *s, uint64_t now_ms)
{
	const struct ticket_space *space;

	for (size_t i = 0; (space = sights_space(&s->shared.sights, i)) != NULL; i++)
		if (sights_age_ms(&s->shared.sights, space, now_ms) > s->settings.outage_ms)
			pieces_abandon(&s->shared.held, space);
}

/* --- fetching ---------------------------------------------------------------------------------- */

static uint64_t
segment_lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Return how many bases should be held. With the mutex held. */
static uint64_t
segment_target(struct segment *s, uint64_t now_ms)
{
	uint64_t rate = demand_rate(&s->shared.demand, now_ms);
	uint64_t wanted = s->settings.most;

	if (rate <= UINT64_MAX / 1000 / s->settings.ahead_ms)
		wanted = rate * s->settings.ahead_ms / 1000;
	if (wanted < s->settings.least)
		wanted = s->settings.least;
	return segment_lesser(wanted + wanted / 4, s->settings.most);
}

/*
 * Return how many bases to fetch ahead, when a fifth of the target is used. If reservations for WAITED
 * bases wait for the fetch, it brings about as many more. Then the held bases do not count, because
 * they may have to be abandoned. With the mutex held.
 */
static uint64_t
segment_count_ahead(struct segment *s, uint64_t waited, uint64_t now_ms)
{
	uint64_t wanted = segment_target(s, now_ms);
	uint64_t held = waited == 0 ? s->shared.held.total : 0;
	uint64_t most = s->shared.most_fetch;

	if (waited > 0)
		most = waited > LEAST_FETCH ? waited : LEAST_FETCH;
	if (held >= wanted - wanted / 5 || s->shared.held.total >= s->settings.most)
		return 0;
	most = segment_lesser(most, s->settings.most - s->shared.held.total);
	return segment_lesser(most, wanted - held);
}

/* Return how many fetches are out that are not void. With the mutex held. */
static unsigned
segment_count_hopes(const struct segment *s)
{
	unsigned hopes = 0;

	for (size_t i = 0; i < MOST_OUT; i++)
		hopes += s->fetches[i].is_out && !s->fetches[i].is_void;
	return hopes;
}

/* With the mutex held. */
static bool
segment_is_any_out(const struct segment *s)
{
	size_t i = 0;

	while (i < MOST_OUT && !s->fetches[i].is_out)
		i++;
	return i < MOST_OUT;
}

/*
 * Return COUNT, or as many as the database takes in one statement. The first reservation that waits
 * needs one range, so the fetch is never smaller than that. With the mutex held.
 */
static uint64_t
segment_cap(const struct segment *s, uint64_t count, uint64_t now_ms)
{
	struct mail *first = TAILQ_FIRST(&s->shared.waiting);
	uint64_t most = s->shared.cap;

	if (now_ms >= s->shared.cap_ends_ms)
		return count;
	if (first != NULL && most < reservation_of(first)->count)
		most = reservation_of(first)->count;
	return segment_lesser(count, most);
}

/* Return the fetch to begin now. NULL: wait for the fetches that are out. With the mutex held. */
static struct fetch *
segment_free_fetch(struct segment *s, uint64_t now_ms)
{
	bool is_late = !TAILQ_EMPTY(&s->shared.waiting) && now_ms >= s->shared.late_ms;
	size_t i = 0;

	if (!is_late && segment_count_hopes(s) > 0)
		return NULL;
	while (i < MOST_OUT && s->fetches[i].is_out)
		i++;
	return i < MOST_OUT ? &s->fetches[i] : NULL;
}

/* Prepare a fetch, to submit after the mutex is unlocked. NULL: none is due. With the mutex held. */
static struct fetch *
segment_begin_fetch(struct segment *s, uint64_t now_ms)
{
	struct fetch *fetch = s->shared.is_stopping ? NULL : segment_free_fetch(s, now_ms);
	uint64_t waited, count;

	if (fetch == NULL)
		return NULL;
	waited = waiting_count(&s->shared.waiting);
	if (waited == 0 && (now_ms < s->shared.retry_ms || s->shared.held.count == PIECES_MOST))
		return NULL;
	count = segment_cap(s, waited + segment_count_ahead(s, waited, now_ms), now_ms);
	if (count == 0)
		return NULL;
	assert(count <= UINT32_MAX);
	fetch->reservation.count = (uint32_t)count;
	fetch->reservation.deadline_ms = now_ms + s->settings.pool_timeout_ms;
	fetch->reservation.losses = 0;
	fetch->began_ms = now_ms;
	fetch->refusals = s->shared.sights.refusals;
	s->shared.late_ms = now_ms + (LATE_MS << segment_count_hopes(s)) + count / LATE_PER_MS;
	fetch->is_out = true;
	fetch->is_void = false;
	return fetch;
}

/* Unlock the mutex, submit FETCH unless it is NULL, and answer the reservations in ANSWERED. */
static void
segment_release(struct segment *s, struct fetch *fetch, struct mail_list *answered)
{
	pthread_mutex_unlock(&s->shared.mutex);
	if (fetch != NULL) {
		bool is_submitted = source_submit(&s->settings.source, &fetch->reservation);

		assert(is_submitted); /* the segment withdraws none */
	}
	waiting_answer(answered);
}

/* Learn from the time that FETCH took how large the next ones may be. With the mutex held. */
static void
segment_learn(struct segment *s, const struct fetch *fetch, uint64_t now_ms)
{
	uint64_t took_ms = now_ms - fetch->began_ms;

	if (took_ms > SLOW_MS && s->shared.most_fetch >= 2 * LEAST_FETCH)
		s->shared.most_fetch /= 2;
	else if (took_ms < QUICK_MS && fetch->reservation.status == TICKET_OK &&
		 fetch->reservation.count >= s->shared.most_fetch)
		s->shared.most_fetch = segment_lesser(2 * s->shared.most_fetch, s->settings.most);
}

/* Cut off the bases after the last ticket, which must not count as held. */
static void
segment_drop_after_last_ticket(struct reservation *brought)
{
	if (brought->status != TICKET_OK)
		return;
	brought->bases.count = space_count(brought->space, &brought->bases);
	if (brought->bases.count > 0)
		return;
	brought->status = TICKET_EXHAUSTED;
	snprintf(brought->reason, sizeof(brought->reason), "%s", SPACE_EXHAUSTED);
}

/*
 * Make the next fetch half as large, because the database takes no statement for so many. If the fetch
 * was for the first waiting reservation alone, fail that one. With the mutex held.
 */
static void
segment_note_too_large(struct segment *s, const struct reservation *brought, uint64_t now_ms,
		       struct mail_list *answered)
{
	struct mail *first = TAILQ_FIRST(&s->shared.waiting);

	s->shared.cap = brought->count > 1 ? brought->count / 2 : 1;
	s->shared.cap_ends_ms = now_ms + CAP_MS;
	s->shared.retry_ms = now_ms + RETRY_MS;
	if (first != NULL && reservation_of(first)->count >= brought->count)
		waiting_fail_one(&s->shared.waiting, first, brought->status, brought->reason,
				 answered);
}

/* Hold the bases of FETCH, or abandon them, or fail reservations that wait. With the mutex held. */
static void
segment_end_fetch(struct segment *s, struct fetch *fetch, uint64_t now_ms,
		  struct mail_list *answered)
{
	struct reservation *brought = &fetch->reservation;

	fetch->is_out = false;
	reservation_return(brought);
	segment_learn(s, fetch, now_ms);
	segment_drop_after_last_ticket(brought);
	if (brought->status == TICKET_OK &&
	    (fetch->is_void ||
	     sights_was_refused(&s->shared.sights, brought->space, fetch->refusals))) {
		metrics_add(METRIC_TICKETS_ABANDONED, brought->bases.count);
	} else if (fetch->is_void) {
		return;
	} else if (brought->status == TICKET_OK) {
		for (size_t i = 0; i < MOST_OUT; i++)
			s->fetches[i].is_void = true;
		sights_see(&s->shared.sights, brought->space, now_ms);
		pieces_add(&s->shared.held, &brought->bases, brought->space);
		segment_deal(s, answered);
	} else if (brought->status == TICKET_TOO_LARGE) {
		segment_note_too_large(s, brought, now_ms, answered);
	} else if (segment_count_hopes(s) == 0) {
		s->shared.retry_ms =
			now_ms + (brought->status == TICKET_EXHAUSTED ? NO_MORE_MS : RETRY_MS);
		/*
		 * Requests that arrived after this fetch began have later deadlines. Leave them for the
		 * next fetch.
		 */
		waiting_fail(&s->shared.waiting, brought->deadline_ms, brought->status,
			     brought->reason, answered);
	}
}

/* End the fetch of RESERVATION, and begin the next. A thread of the source runs this. */
static void
segment_on_fetched(struct reservation *reservation)
{
	struct fetch *fetch = reservation->owner;
	struct segment *s = fetch->segment;
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t now_ms = clock_ms();

	pthread_mutex_lock(&s->shared.mutex);
	segment_end_fetch(s, fetch, now_ms, &answered);
	segment_release(s, segment_begin_fetch(s, now_ms), &answered);
}

/* --- from outside ------------------------------------------------------------------------------ */

struct segment *
segment_new(const struct segment_settings *settings)
{
	struct segment *s = xcalloc(1, sizeof(*s));

	s->settings = *settings;
	for (size_t i = 0; i < MOST_OUT; i++) {
		s->fetches[i].segment = s;
		s->fetches[i].reservation.owner = &s->fetches[i];
		s->fetches[i].reservation.answer = segment_on_fetched;
	}
	s->shared.most_fetch = segment_lesser(FIRST_FETCH, settings->most);
	pthread_mutex_init(&s->shared.mutex, NULL);
	TAILQ_INIT(&s->shared.waiting);
	return s;
}

void
segment_fill(struct segment *s)
{
	struct mail_list none = TAILQ_HEAD_INITIALIZER(none);
	uint64_t now_ms;

	pthread_mutex_lock(&s->shared.mutex);
	now_ms = clock_ms();
	segment_abandon_unseen(s, now_ms);
	segment_release(s, segment_begin_fetch(s, now_ms), &none);
}

void
segment_note(struct segment *s, const struct ticket_space *space, bool is_trusted)
{
	pthread_mutex_lock(&s->shared.mutex);
	if (is_trusted) {
		sights_see(&s->shared.sights, space, clock_ms());
	} else {
		sights_refuse(&s->shared.sights, space);
		pieces_abandon(&s->shared.held, space);
	}
	pthread_mutex_unlock(&s->shared.mutex);
}

static bool
segment_take(void *self, struct sequence *sequence, uint32_t count, uint64_t now_ms,
	     struct ticket_piece *taken)
{
	struct segment *s = self;
	struct mail_list none = TAILQ_HEAD_INITIALIZER(none);
	bool is_taken;

	assert(sequence == NULL);
	pthread_mutex_lock(&s->shared.mutex);
	segment_abandon_unseen(s, now_ms);
	is_taken = pieces_take(&s->shared.held, count, taken);
	if (is_taken)
		demand_note(&s->shared.demand, count, now_ms);
	segment_release(s, segment_begin_fetch(s, now_ms), &none);
	return is_taken;
}

static bool
segment_submit(void *self, struct reservation *reservation)
{
	struct segment *s = self;
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t now_ms = clock_ms();
	bool is_queued;

	pthread_mutex_lock(&s->shared.mutex);
	is_queued = reservation_queue(reservation);
	if (is_queued) {
		demand_note(&s->shared.demand, reservation->count, now_ms);
		TAILQ_INSERT_TAIL(&s->shared.waiting, &reservation->mail, link);
	}
	segment_abandon_unseen(s, now_ms);
	segment_deal(s, &answered);
	segment_release(s, segment_begin_fetch(s, now_ms), &answered);
	return is_queued;
}

static bool
segment_withdraw(void *self, struct reservation *reservation)
{
	struct segment *s = self;
	struct text reason;
	bool was_queued;

	pthread_mutex_lock(&s->shared.mutex);
	was_queued = reservation_withdraw(reservation);
	if (was_queued)
		TAILQ_REMOVE(&s->shared.waiting, &reservation->mail, link);
	pthread_mutex_unlock(&s->shared.mutex);
	if (!was_queued)
		return false;
	reason = TEXT_OVER(reservation->reason);
	source_explain(&s->settings.source, &reason);
	return true;
}

static void
segment_explain(void *self, struct text *reason)
{
	struct segment *s = self;

	source_explain(&s->settings.source, reason);
}

struct source
segment_source(struct segment *s)
{
	return (struct source){
		.submit = segment_submit,
		.withdraw = segment_withdraw,
		.explain = segment_explain,
		.take = segment_take,
		.self = s,
	};
}

uint64_t
segment_held(struct segment *s)
{
	uint64_t held;

	pthread_mutex_lock(&s->shared.mutex);
	held = s->shared.held.total;
	pthread_mutex_unlock(&s->shared.mutex);
	return held;
}

uint64_t
segment_lasts_ms(struct segment *s)
{
	uint64_t held, rate;

	pthread_mutex_lock(&s->shared.mutex);
	held = s->shared.held.total;
	rate = demand_rate(&s->shared.demand, clock_ms());
	pthread_mutex_unlock(&s->shared.mutex);
	return held * 1000 / (rate > 0 ? rate : 1);
}

void
segment_stop(struct segment *s)
{
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);

	pthread_mutex_lock(&s->shared.mutex);
	s->shared.is_stopping = true;
	waiting_fail(&s->shared.waiting, UINT64_MAX, TICKET_DRAINING, STATUS_DRAINING, &answered);
	segment_release(s, NULL, &answered);
}

bool
segment_take_rest(struct segment *s, struct ticket_piece *piece)
{
	assert(s->shared.is_stopping && !segment_is_any_out(s));
	return pieces_take_first(&s->shared.held, piece);
}

void
segment_free(struct segment *s)
{
	if (s == NULL)
		return;
	assert(!segment_is_any_out(s) && TAILQ_EMPTY(&s->shared.waiting));
	pthread_mutex_destroy(&s->shared.mutex);
	free(s);
}
