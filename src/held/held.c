/*
 * DESIGN. A key exists from its first reservation until it is idle: its rate is 0, and nothing is out. Then
 * held_fill() frees it. Its sequence points to it, so no table must be searched.
 *
 * If a database is refused, or not seen for too long, no thread must visit all keys. Each piece knows its
 * database, and how many refusals there were before its fetch. A take checks that.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "held/shard.h"
#include "ticket/waiting.h"

#define SHARDS_A_FILL 8	 /* that held_fill() searches for idle keys */
#define KEYS_A_VISIT  64 /* before the mutex is unlocked */

/* --- the source -------------------------------------------------------------------------------- */

/* Locked: the key of SEQUENCE, made if it is not there. */
static struct held_key *
held_key_of(struct held *h, struct held_shard *shard, struct sequence *sequence)
{
	struct held_key *key = sequence->held;

	if (key != NULL)
		return key;
	key = xcalloc(1, sizeof(*key));
	key->sequence = sequence;
	key->next = shard->keys;
	shard->keys = key;
	sequence->held = key;
	atomic_fetch_add(&h->keys, 1);
	return key;
}

static bool
held_take(void *self, struct sequence *sequence, uint32_t count, uint64_t now_ms,
	  struct ticket_piece *taken)
{
	struct held *h = self;
	struct held_shard *shard = held_shard_of(h, sequence);
	struct held_outbox outbox;
	struct held_key *key;
	unsigned database = 0;
	bool is_taken = false;

	held_lock(shard, &outbox);
	key = sequence->held;
	if (key != NULL) {
		held_key_abandon_doubtful(key, &h->databases, now_ms, h->settings.outage_ms,
					  &h->tally);
		is_taken = held_key_take(key, count, &taken->bases, &database, &h->tally);
	}
	if (is_taken) {
		taken->space = h->databases.databases[database].space;
		demand_note(&key->demand, count, now_ms);
		held_begin_fetch(h, shard, key, now_ms, &outbox);
	}
	held_release(h, shard, &outbox);
	return is_taken;
}

static bool
held_submit(void *self, struct reservation *reservation)
{
	struct held *h = self;
	struct held_shard *shard = held_shard_of(h, reservation->sequence);
	uint64_t now_ms = clock_ms();
	struct held_outbox outbox;
	struct held_key *key;
	bool is_queued;

	held_lock(shard, &outbox);
	is_queued = reservation_queue(reservation);
	if (is_queued) {
		key = held_key_of(h, shard, reservation->sequence);
		key->revision = reservation->revision;
		key->order = reservation->order;
		held_work_wait(held_work_of(shard, key), reservation);
		demand_note(&key->demand, reservation->count, now_ms);
		held_key_abandon_doubtful(key, &h->databases, now_ms, h->settings.outage_ms,
					  &h->tally);
		held_deal(h, key, &outbox);
		held_begin_fetch(h, shard, key, now_ms, &outbox);
		held_end_work(h, key);
	}
	held_release(h, shard, &outbox);
	held_submit_gathered(h); /* the fetch that RESERVATION waits for may be one of them */
	return is_queued;
}

static bool
held_withdraw(void *self, struct reservation *reservation)
{
	struct held *h = self;
	struct held_shard *shard = held_shard_of(h, reservation->sequence);
	struct text reason;
	bool was_queued;

	pthread_mutex_lock(&shard->mutex);
	was_queued = reservation_withdraw(reservation);
	if (was_queued) {
		struct held_key *key = reservation->sequence->held;

		TAILQ_REMOVE(&key->work->waiting, &reservation->mail, link);
	}
	pthread_mutex_unlock(&shard->mutex);
	if (!was_queued)
		return false;
	reason = TEXT_OVER(reservation->reason);
	source_explain(&h->settings.source, &reason);
	return true;
}

static void
held_explain(void *self, struct text *reason)
{
	struct held *h = self;

	source_explain(&h->settings.source, reason);
}

struct source
held_source(struct held *h)
{
	return (struct source){
		.submit = held_submit,
		.withdraw = held_withdraw,
		.explain = held_explain,
		.take = held_take,
		.self = h,
	};
}

/* --- from outside ------------------------------------------------------------------------------ */

struct held *
held_new(const struct held_settings *settings)
{
	struct held *h = xcalloc(1, sizeof(*h));

	assert(settings->ahead_ms > 0);
	h->settings = *settings;
	held_databases_init(&h->databases);
	pthread_mutex_init(&h->gathered.mutex, NULL);
	SLIST_INIT(&h->gathered.fetches);
	for (unsigned i = 0; i < HELD_SHARDS; i++) {
		pthread_mutex_init(&h->shards[i].mutex, NULL);
		LIST_INIT(&h->shards[i].works);
	}
	return h;
}

void
held_drop(struct held *h, struct sequence *sequence)
{
	struct held_shard *shard = held_shard_of(h, sequence);
	struct held_key *key;

	pthread_mutex_lock(&shard->mutex);
	key = sequence->held;
	if (key != NULL) {
		held_key_abandon(key, &h->tally);
		/* Fetch little ahead while strong reservations go on: they would drop it again. */
		key->demand = (struct demand){0};
		if (key->work != NULL)
			held_work_pass(key->work);
	}
	pthread_mutex_unlock(&shard->mutex);
}

void
held_drop_database(struct held *h, const struct ticket_space *space)
{
	held_databases_refuse(&h->databases, held_databases_index(&h->databases, space));
}

void
held_see(struct held *h, const struct ticket_space *space)
{
	held_databases_see(&h->databases, held_databases_index(&h->databases, space), clock_ms());
}

/* Begin the fetches of SHARD that reservations wait for too long. */
static void
held_hurry(struct held *h, struct held_shard *shard, uint64_t now_ms)
{
	struct held_outbox outbox;
	struct held_work *work;

	held_lock(shard, &outbox);
	LIST_FOREACH(work, &shard->works, link)
	held_begin_fetch(h, shard, work->key, now_ms, &outbox);
	held_release(h, shard, &outbox);
}

/* Locked: abandon the numbers of the key at *LINK that are of no use. True: it was idle, and is freed. */
static bool
held_tidy(struct held *h, struct held_key **link, uint64_t now_ms)
{
	struct held_key *key = *link;

	held_key_abandon_doubtful(key, &h->databases, now_ms, h->settings.outage_ms, &h->tally);
	if (key->work != NULL || demand_rate(&key->demand, now_ms) > 0)
		return false;
	held_key_abandon(key, &h->tally);
	key->sequence->held = NULL;
	*link = key->next;
	free(key);
	atomic_fetch_sub(&h->keys, 1);
	return true;
}

/* Other threads add keys at the head, and only this one frees them. So LINK stays valid without the mutex. */
static void
held_sweep(struct held *h, struct held_shard *shard, uint64_t now_ms)
{
	struct held_key **link = &shard->keys;
	bool is_at_end = false;

	while (!is_at_end) {
		pthread_mutex_lock(&shard->mutex);
		for (unsigned i = 0; i < KEYS_A_VISIT && *link != NULL; i++)
			if (!held_tidy(h, link, now_ms))
				link = &(*link)->next;
		is_at_end = *link == NULL;
		pthread_mutex_unlock(&shard->mutex);
	}
}

void
held_fill(struct held *h, uint64_t now_ms)
{
	for (unsigned i = 0; i < HELD_SHARDS; i++)
		held_hurry(h, &h->shards[i], now_ms);
	held_submit_gathered(h);
	for (unsigned i = 0; i < SHARDS_A_FILL; i++)
		held_sweep(h, &h->shards[h->next_shard++ % HELD_SHARDS], now_ms);
}

uint64_t
held_total(struct held *h)
{
	return atomic_load(&h->tally.held);
}

uint64_t
held_abandoned(struct held *h)
{
	return atomic_load(&h->tally.abandoned);
}

uint64_t
held_keys(struct held *h)
{
	return atomic_load(&h->keys);
}

uint64_t
held_of(struct held *h, struct sequence *sequence)
{
	struct held_shard *shard = held_shard_of(h, sequence);
	uint64_t count = 0;

	pthread_mutex_lock(&shard->mutex);
	if (sequence->held != NULL)
		count = held_key_count(sequence->held);
	pthread_mutex_unlock(&shard->mutex);
	return count;
}

void
held_stop(struct held *h)
{
	atomic_store(&h->is_stopping, true);
	for (unsigned i = 0; i < HELD_SHARDS; i++) {
		struct held_shard *shard = &h->shards[i];
		struct held_outbox outbox;
		struct held_work *work, *following;

		held_lock(shard, &outbox);
		for (work = LIST_FIRST(&shard->works); work != NULL; work = following) {
			following = LIST_NEXT(work, link);
			waiting_fail(&work->waiting, UINT64_MAX, TICKET_DRAINING, STATUS_DRAINING,
				     &outbox.answered);
			held_end_work(h, work->key);
		}
		held_release(h, shard, &outbox);
	}
	held_submit_gathered(h); /* the source answers them, as all others */
}

void
held_free(struct held *h)
{
	if (h == NULL)
		return;
	for (unsigned i = 0; i < HELD_SHARDS; i++) {
		struct held_shard *shard = &h->shards[i];
		struct held_key *key;

		assert(LIST_EMPTY(&shard->works));
		while ((key = shard->keys) != NULL) {
			shard->keys = key->next;
			key->sequence->held = NULL;
			free(key);
		}
		pthread_mutex_destroy(&shard->mutex);
	}
	assert(SLIST_EMPTY(&h->gathered.fetches));
	pthread_mutex_destroy(&h->gathered.mutex);
	held_databases_end(&h->databases);
	free(h);
}
