/*
 * DESIGN. Only one fetch is out at a time, so that pieces come in the order of their bases. Those who wait
 * are answered from what it brings, in their order, before anybody else.
 */
#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "segment/demand.h"
#include "segment/segment.h"

#define MOST_FETCH  50000   /* bases beside those that are waited for: rows take time */
#define MOST_WAITED 1000000 /* bases that are waited for, in one fetch, unless one wants more */
#define LEAST_FETCH 1000
#define RETRY_MS    100 /* after a failed fetch that nobody waits for */

struct segment {
	struct segment_settings settings;
	struct reservation fetch;
	struct {
		pthread_mutex_t mutex;
		struct pieces held;
		struct mail_list waiting;
		struct demand demand;
		uint64_t retry_ms;
		bool is_fetching;
		bool is_stopping;
	} shared;
};

/* --- those who wait ---------------------------------------------------------------------------- */

/* With the mutex held: move into ANSWERED those for whom there is enough. */
static void
deal(struct segment *s, struct mail_list *answered)
{
	struct segment_piece taken;
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&s->shared.waiting)) != NULL) {
		struct reservation *reservation = reservation_of(mail);

		if (!pieces_take(&s->shared.held, reservation->count, &taken))
			return;
		reservation->status = TICKET_OK;
		reservation->bases = taken.bases;
		reservation->space = taken.space;
		reservation->is_queued = false;
		TAILQ_REMOVE(&s->shared.waiting, mail, link);
		TAILQ_INSERT_TAIL(answered, mail, link);
	}
}

/* With the mutex held: move all into ANSWERED. */
static void
refuse(struct segment *s, enum ticket_status status, const char *reason, struct mail_list *answered)
{
	struct mail *mail;

	TAILQ_FOREACH (mail, &s->shared.waiting, link) {
		struct reservation *reservation = reservation_of(mail);

		reservation->status = status;
		snprintf(reservation->reason, sizeof(reservation->reason), "%s", reason);
		reservation->is_queued = false;
	}
	TAILQ_CONCAT(answered, &s->shared.waiting, link);
}

static void
answer_all(struct mail_list *answered)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(answered)) != NULL) {
		TAILQ_REMOVE(answered, mail, link);
		reservation_of(mail)->answer(reservation_of(mail));
	}
}

/* With the mutex held: how many bases the next fetch must bring for them. */
static uint64_t
count_waited(const struct segment *s)
{
	uint64_t total = 0;
	struct mail *mail;

	TAILQ_FOREACH (mail, &s->shared.waiting, link) {
		uint32_t count = reservation_of(mail)->count;

		if (total > 0 && total + count > MOST_WAITED)
			break;
		total += count;
	}
	return total;
}

/* --- fetching ---------------------------------------------------------------------------------- */

static uint64_t
lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* With the mutex held: how many bases should be held. */
static uint64_t
target(struct segment *s, uint64_t now_ms)
{
	uint64_t rate = demand_rate(&s->shared.demand, now_ms);
	uint64_t wanted = s->settings.most;

	if (rate <= UINT64_MAX / 1000 / s->settings.ahead_ms)
		wanted = rate * s->settings.ahead_ms / 1000;
	if (wanted < s->settings.least)
		wanted = s->settings.least;
	return lesser(wanted, s->settings.most);
}

/*
 * With the mutex held: how many to fetch for later. When others wait for it not too many, and as
 * if nothing were held, for that may have to be abandoned.
 */
static uint64_t
count_ahead(struct segment *s, uint64_t waited, uint64_t now_ms)
{
	uint64_t wanted = target(s, now_ms);
	uint64_t held = waited == 0 ? s->shared.held.total : 0;
	uint64_t most = waited == 0 ? MOST_FETCH : waited > LEAST_FETCH ? waited : LEAST_FETCH;

	if (held >= wanted || s->shared.held.total >= s->settings.most)
		return 0;
	most = lesser(most, s->settings.most - s->shared.held.total);
	return lesser(most, wanted + wanted / 4 - held);
}

/* With the mutex held: whether the fetch is to be submitted when the mutex has been given back. */
static bool
begin_fetch(struct segment *s, uint64_t now_ms)
{
	uint64_t waited, count;

	if (s->shared.is_fetching || s->shared.is_stopping)
		return false;
	waited = count_waited(s);
	if (waited == 0 && (now_ms < s->shared.retry_ms || s->shared.held.count == PIECES_MOST))
		return false;
	count = waited + count_ahead(s, waited, now_ms);
	if (count == 0)
		return false;
	assert(count <= UINT32_MAX);
	s->fetch.count = (uint32_t)count;
	s->fetch.deadline_ms = now_ms + s->settings.pool_timeout_ms;
	s->fetch.attempts = 0;
	s->shared.is_fetching = true;
	return true;
}

/* Give the mutex back, fetch if FETCHES, and answer those in ANSWERED. */
static void
release(struct segment *s, bool fetches, struct mail_list *answered)
{
	pthread_mutex_unlock(&s->shared.mutex);
	if (fetches)
		s->settings.submit(s->settings.arg, &s->fetch);
	answer_all(answered);
}

/* Runs in a thread of the pool. */
static void
on_fetched(struct reservation *fetch)
{
	struct segment *s = fetch->owner;
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t now_ms = clock_ms();

	pthread_mutex_lock(&s->shared.mutex);
	s->shared.is_fetching = false;
	if (fetch->status == TICKET_OK) {
		pieces_add(&s->shared.held, &fetch->bases, fetch->space);
		deal(s, &answered);
	} else {
		s->shared.retry_ms = now_ms + RETRY_MS;
		refuse(s, fetch->status, fetch->reason, &answered);
	}
	release(s, begin_fetch(s, now_ms), &answered);
}

/* --- from outside ------------------------------------------------------------------------------ */

struct segment *
segment_new(const struct segment_settings *settings)
{
	struct segment *s = xcalloc(1, sizeof(*s));

	s->settings = *settings;
	s->fetch.owner = s;
	s->fetch.answer = on_fetched;
	pthread_mutex_init(&s->shared.mutex, NULL);
	TAILQ_INIT(&s->shared.waiting);
	return s;
}

void
segment_fill(struct segment *s)
{
	struct mail_list none = TAILQ_HEAD_INITIALIZER(none);

	pthread_mutex_lock(&s->shared.mutex);
	release(s, begin_fetch(s, clock_ms()), &none);
}

bool
segment_take(struct segment *s, uint32_t count, uint64_t now_ms, struct segment_piece *taken)
{
	struct mail_list none = TAILQ_HEAD_INITIALIZER(none);
	bool is_taken;

	pthread_mutex_lock(&s->shared.mutex);
	is_taken = pieces_take(&s->shared.held, count, taken);
	if (is_taken)
		demand_note(&s->shared.demand, count, now_ms);
	release(s, begin_fetch(s, now_ms), &none);
	return is_taken;
}

void
segment_submit(struct segment *s, struct reservation *reservation)
{
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	uint64_t now_ms;

	if (reservation->count == 0) {
		s->settings.submit(s->settings.arg, reservation);
		return;
	}
	now_ms = clock_ms();
	pthread_mutex_lock(&s->shared.mutex);
	demand_note(&s->shared.demand, reservation->count, now_ms);
	reservation->is_queued = true;
	TAILQ_INSERT_TAIL(&s->shared.waiting, &reservation->mail, link);
	deal(s, &answered);
	release(s, begin_fetch(s, now_ms), &answered);
}

bool
segment_withdraw(struct segment *s, struct reservation *reservation)
{
	struct text reason;
	bool is_ours;

	if (reservation->count == 0)
		return s->settings.withdraw(s->settings.arg, reservation);
	pthread_mutex_lock(&s->shared.mutex);
	is_ours = reservation->is_queued;
	if (is_ours) {
		TAILQ_REMOVE(&s->shared.waiting, &reservation->mail, link);
		reservation->is_queued = false;
	}
	pthread_mutex_unlock(&s->shared.mutex);
	if (!is_ours)
		return false;
	reason = TEXT_OVER(reservation->reason);
	s->settings.explain(s->settings.arg, &reason);
	return true;
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
	refuse(s, TICKET_DRAINING, "the server is stopping", &answered);
	release(s, false, &answered);
}

bool
segment_take_rest(struct segment *s, struct segment_piece *piece)
{
	assert(s->shared.is_stopping && !s->shared.is_fetching);
	return pieces_take_first(&s->shared.held, piece);
}

void
segment_free(struct segment *s)
{
	if (s == NULL)
		return;
	assert(!s->shared.is_fetching && TAILQ_EMPTY(&s->shared.waiting));
	pthread_mutex_destroy(&s->shared.mutex);
	free(s);
}
