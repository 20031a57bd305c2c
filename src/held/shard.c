/*
 * DESIGN. If no reservation waits for a fetch, it is not urgent: half of the numbers are left. A statement for one key costs
 * almost as much as one for many. So such fetches gather until a reservation waits, held_fill() runs, or MOST_GATHERED
 * are there. Then all of them go to the source together.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "held/shard.h"
#include "ticket/waiting.h"

#define MOST_OUT       4     /* fetches of one sequence: not so many sessions hang together */
#define MOST_OUT_AHEAD 1024  /* fetches over all sequences for which no reservation waits */
#define MOST_GATHERED  128   /* fetches; fewer than the sequences of a statement */
#define LATE_MS	       250   /* until a fetch is late */
#define RETRY_MS       100   /* after a failed fetch, if no reservation waits */
#define NO_MORE_MS     10000 /* the same, at the end of a sequence */
#define CHECK_MS       5000  /* since the last fetch: then another one checks the policy */

/* --- shards ------------------------------------------------------------------------------------ */

struct held_shard *
held_shard_of(struct held *h, const struct sequence *sequence)
{
	uint64_t mixed = ((uintptr_t)sequence >> 4) * 0x9e3779b97f4a7c15;

	return &h->shards[mixed >> 32 & (HELD_SHARDS - 1)];
}

void
held_lock(struct held_shard *shard, struct held_outbox *outbox)
{
	SLIST_INIT(&outbox->fetches);
	TAILQ_INIT(&outbox->answered);
	pthread_mutex_lock(&shard->mutex);
}

static void
held_submit_fetch(struct held *h, struct held_fetch *fetch)
{
	bool is_submitted = source_submit(&h->settings.source, &fetch->reservation);

	assert(is_submitted); /* no fetch is ever withdrawn */
}

void
held_submit_gathered(struct held *h)
{
	struct held_new_fetches fetches;
	struct held_fetch *fetch;
	uint64_t deadline_ms;

	if (atomic_load(&h->gathered.count) == 0)
		return;
	pthread_mutex_lock(&h->gathered.mutex);
	fetches = h->gathered.fetches;
	SLIST_INIT(&h->gathered.fetches);
	atomic_store(&h->gathered.count, 0);
	pthread_mutex_unlock(&h->gathered.mutex);
	deadline_ms = clock_ms() + h->settings.pool_timeout_ms;
	while ((fetch = SLIST_FIRST(&fetches)) != NULL) {
		SLIST_REMOVE_HEAD(&fetches, to_submit);
		fetch->reservation.deadline_ms = deadline_ms;
		held_submit_fetch(h, fetch);
	}
}

/* Keep FETCH for later. After held_stop() none is kept, because nothing submits it any more. */
static bool
held_gather(struct held *h, struct held_fetch *fetch)
{
	bool is_gathered;

	pthread_mutex_lock(&h->gathered.mutex);
	is_gathered = !atomic_load(&h->is_stopping);
	if (is_gathered) {
		SLIST_INSERT_HEAD(&h->gathered.fetches, fetch, to_submit);
		atomic_fetch_add(&h->gathered.count, 1);
	}
	pthread_mutex_unlock(&h->gathered.mutex);
	return is_gathered;
}

void
held_release(struct held *h, struct held_shard *shard, struct held_outbox *outbox)
{
	struct held_fetch *fetch;

	pthread_mutex_unlock(&shard->mutex);
	while ((fetch = SLIST_FIRST(&outbox->fetches)) != NULL) {
		SLIST_REMOVE_HEAD(&outbox->fetches, to_submit);
		if (!fetch->is_ahead_only || !held_gather(h, fetch))
			held_submit_fetch(h, fetch);
	}
	if (atomic_load(&h->gathered.count) >= MOST_GATHERED)
		held_submit_gathered(h);
	waiting_answer(&outbox->answered);
}

struct held_work *
held_work_of(struct held_shard *shard, struct held_key *key)
{
	if (key->work == NULL) {
		key->work = held_work_new(key);
		LIST_INSERT_HEAD(&shard->works, key->work, link);
	}
	return key->work;
}

/* A server that stops fetches no more, and held_stop() is about to fail the reservations that wait. */
void
held_end_work(struct held *h, struct held_key *key)
{
	struct held_work *work = key->work;

	if (work == NULL || !LIST_EMPTY(&work->fetches))
		return;
	assert(TAILQ_EMPTY(&work->waiting) || atomic_load(&h->is_stopping));
	if (!TAILQ_EMPTY(&work->waiting))
		return;
	LIST_REMOVE(work, link);
	free(work);
	key->work = NULL;
}

/* --- fetching ---------------------------------------------------------------------------------- */

static void held_on_fetched(struct reservation *reservation);

/* Locked: how many numbers of KEY should be held. */
static uint64_t
held_target(const struct held *h, struct held_key *key, uint64_t now_ms)
{
	uint64_t wanted;

	if (__builtin_mul_overflow(demand_rate(&key->demand, now_ms), h->settings.ahead_ms,
				   &wanted))
		return h->settings.most;
	wanted /= 1000;
	wanted += wanted / 4;
	return wanted < h->settings.most ? wanted : h->settings.most;
}

/* Reserve up to WANTED numbers of the limit over all sequences. Return how many there are. */
static uint64_t
held_reserve_room(struct held *h, uint64_t wanted)
{
	uint64_t held = atomic_load(&h->tally.held), granted;

	do {
		uint64_t room = held < h->settings.most ? h->settings.most - held : 0;

		granted = wanted < room ? wanted : room;
	} while (!atomic_compare_exchange_weak(&h->tally.held, &held, held + granted));
	return granted;
}

/*
 * Locked: whether the policy of KEY must be checked. Used slowly, the held numbers may last for an hour. Meanwhile an
 * operator may have retired the sequence, or other servers may issue strong ids of it. A fetch shows that.
 */
static bool
held_must_check(const struct held_key *key, uint64_t now_ms)
{
	return now_ms > key->fetched_ms + CHECK_MS;
}

/*
 * Locked: how many numbers to fetch ahead, when half of the target is used, or to check the policy. If reservations for
 * WAITED numbers wait, the held numbers do not count, because they may have to be abandoned.
 */
static uint32_t
held_count_ahead(struct held *h, struct held_key *key, uint64_t waited, uint64_t now_ms)
{
	uint64_t wanted = held_target(h, key, now_ms);
	uint64_t held = waited == 0 ? held_key_count(key) : 0;
	uint64_t most = UINT32_MAX - waited;

	if (held > 0 && held >= wanted && held_must_check(key, now_ms))
		wanted = held + 1;
	else if (wanted == 0 || (held > wanted / 2 && !held_must_check(key, now_ms)))
		return 0;
	if (now_ms < key->patience_ms)
		return 0;
	wanted -= held;
	return (uint32_t)held_reserve_room(h, wanted < most ? wanted : most);
}

/* Locked: whether to begin a fetch of KEY now. */
static bool
held_needs_fetch(struct held *h, const struct held_key *key, uint64_t now_ms)
{
	const struct held_work *work = key->work;

	if (atomic_load(&h->is_stopping))
		return false;
	if (work == NULL)
		return (key->pieces[HELD_PIECES - 1].count == 0 || held_must_check(key, now_ms)) &&
		       atomic_load(&h->out_ahead) < MOST_OUT_AHEAD;
	if (TAILQ_EMPTY(&work->waiting) || held_work_out(work) == MOST_OUT)
		return false;
	return !held_work_is_covered(work) || now_ms >= work->late_ms;
}

void
held_begin_fetch(struct held *h, struct held_shard *shard, struct held_key *key, uint64_t now_ms,
		 struct held_outbox *outbox)
{
	struct held_fetch *fetch;
	struct held_work *work;
	uint64_t waited;
	uint32_t ahead;

	if (!held_needs_fetch(h, key, now_ms))
		return;
	waited = key->work != NULL ? held_work_waited(key->work) : 0;
	ahead = held_count_ahead(h, key, waited, now_ms);
	if (waited + ahead == 0)
		return;
	work = held_work_of(shard, key);
	work->late_ms = now_ms + ((uint64_t)LATE_MS << held_work_out(work));
	fetch = xcalloc(1, sizeof(*fetch));
	fetch->reservation.sequence = key->sequence;
	fetch->reservation.revision = key->revision;
	fetch->reservation.order = key->order;
	fetch->reservation.count = (uint32_t)waited + ahead;
	fetch->reservation.deadline_ms = now_ms + h->settings.pool_timeout_ms;
	fetch->reservation.owner = fetch;
	fetch->reservation.answer = held_on_fetched;
	fetch->held = h;
	fetch->key = key;
	fetch->serves_until = FETCH_FOR_ALL;
	fetch->refusals = held_databases_refusals(&h->databases);
	fetch->ahead = ahead;
	fetch->is_ahead_only = waited == 0;
	if (fetch->is_ahead_only)
		atomic_fetch_add(&h->out_ahead, 1);
	LIST_INSERT_HEAD(&work->fetches, fetch, link);
	SLIST_INSERT_HEAD(&outbox->fetches, fetch, to_submit);
}

void
held_deal(struct held *h, struct held_key *key, struct held_outbox *outbox)
{
	struct reservation *reservation;
	struct ticket_range bases;
	unsigned database;

	while ((reservation = held_work_first(key->work, FETCH_FOR_ALL)) != NULL &&
	       held_key_take(key, reservation->count, &bases, &database, &h->tally))
		held_work_answer(key->work, reservation, &bases,
				 h->databases.databases[database].space, &outbox->answered);
}

/*
 * Locked: answer reservations that may have the numbers of FETCH, which is past, and abandon the rest. A fetch that
 * began later may have been committed earlier, so numbers that are held may be lower than these. Abandon them too.
 */
static void
held_deal_past(struct held *h, struct held_fetch *fetch, unsigned database,
	       struct held_outbox *outbox)
{
	struct ticket_range left = fetch->reservation.bases;
	struct held_key *key = fetch->key;
	struct reservation *reservation;

	while ((reservation = held_work_first(key->work, fetch->serves_until)) != NULL &&
	       reservation->count <= left.count) {
		struct ticket_range bases = range_take(&left, reservation->count);

		held_key_abandon_below(key, database, bases.first, &h->tally);
		held_work_answer(key->work, reservation, &bases, fetch->reservation.space,
				 &outbox->answered);
	}
	atomic_fetch_add(&h->tally.abandoned, left.count);
}

/* Locked: use the numbers that FETCH brought. */
static void
held_keep(struct held *h, struct held_fetch *fetch, unsigned database, uint64_t now_ms,
	  struct held_outbox *outbox)
{
	struct reservation *brought = &fetch->reservation;

	if (held_databases_was_refused(&h->databases, database, fetch->refusals)) {
		atomic_fetch_add(&h->tally.abandoned, brought->bases.count);
		return;
	}
	held_databases_see(&h->databases, database, now_ms);
	fetch->key->revision = brought->revision;
	fetch->key->fetched_ms = now_ms;
	held_work_pass(fetch->key->work);
	if (fetch->serves_until != FETCH_FOR_ALL) {
		held_deal_past(h, fetch, database, outbox);
		return;
	}
	held_key_add(fetch->key, &brought->bases, database, fetch->refusals, &h->tally);
	held_deal(h, fetch->key, outbox);
}

/* Locked: FETCH failed. Fail the reservations that waited for it, if no other one is out. */
static void
held_fail(struct held_fetch *fetch, uint64_t now_ms, struct held_outbox *outbox)
{
	const struct reservation *brought = &fetch->reservation;
	struct held_work *work = fetch->key->work;

	if (brought->status == TICKET_TOO_LARGE || brought->status == TICKET_EXHAUSTED) {
		fetch->key->patience_ms = now_ms + NO_MORE_MS;
		held_work_shrink(work, brought, &outbox->answered);
		return;
	}
	fetch->key->patience_ms = now_ms + RETRY_MS;
	/* Reservations that came after this fetch began have later deadlines. The next fetch is for them. */
	if (LIST_EMPTY(&work->fetches))
		waiting_fail(&work->waiting, brought->deadline_ms, brought->status, brought->reason,
			     &outbox->answered);
}

/* Runs in any thread. */
static void
held_on_fetched(struct reservation *reservation)
{
	struct held_fetch *fetch = reservation->owner;
	struct held *h = fetch->held;
	struct held_key *key = fetch->key;
	struct held_shard *shard = held_shard_of(h, key->sequence);
	bool is_good = reservation->status == TICKET_OK;
	unsigned database = is_good ? held_databases_index(&h->databases, reservation->space) : 0;
	uint64_t now_ms = clock_ms();
	struct held_outbox outbox;

	held_lock(shard, &outbox);
	reservation_return(reservation);
	LIST_REMOVE(fetch, link);
	atomic_fetch_sub(&h->tally.held, fetch->ahead);
	if (fetch->is_ahead_only)
		atomic_fetch_sub(&h->out_ahead, 1);
	if (is_good)
		held_keep(h, fetch, database, now_ms, &outbox);
	else
		held_fail(fetch, now_ms, &outbox);
	held_begin_fetch(h, shard, key, now_ms, &outbox);
	held_end_work(h, key);
	held_release(h, shard, &outbox);
	free(fetch);
}
