#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "pool/group.h"
#include "pool/health.h"
#include "pool/high_water.h"
#include "pool/maintenance.h"
#include "pool/pool.h"
#include "pool/queue.h"
#include "pool/serve.h"
#include "pool/trust.h"
#include "store/wording.h"

#define READY_AGE_MS 1000
#define LOOK_AGE_MS  500 /* twice the time between two checks of the counter */
#define OPENING_MS   250 /* after a pool was closed, for sessions that are opening */

struct pool_thread {
	pthread_t thread;
	bool is_started;
	struct pool *pool;
	struct keeper keeper;
	void (*run)(struct keeper *keeper);
};

struct pool {
	struct pool_settings settings;
	struct queue queue;
	struct health health;
	struct trust trust;
	struct high_water high_water;
	struct ticket_space space;   /* of the answers */
	struct instance *instance;   /* of named sequences; NULL: the pool is of tickets */
	struct pool_thread *threads; /* settings.sessions that serve, and one for maintenance */
	unsigned thread_count;
	uint64_t closed_ms; /* when it was first closed; 0: it is open */

	struct {
		pthread_mutex_t mutex;
		pthread_cond_t changed;
		unsigned count;
		unsigned opening; /* of them: those that open a session; they hold no reservation */
	} running;
};

static void
pool_change_running(struct pool *pool, int count, int opening)
{
	pthread_mutex_lock(&pool->running.mutex);
	pool->running.count += (unsigned)count;
	pool->running.opening += (unsigned)opening;
	pthread_mutex_unlock(&pool->running.mutex);
	pthread_cond_signal(&pool->running.changed);
}

static void
pool_note_opening(void *arg, bool is_opening)
{
	pool_change_running(arg, 0, is_opening ? 1 : -1);
}

static void
pool_init_thread(struct pool *pool, unsigned index)
{
	struct pool_thread *thread = &pool->threads[index];

	thread->pool = pool;
	thread->keeper.store = pool->settings.store;
	thread->keeper.database = &pool->settings.database;
	thread->keeper.queue = &pool->queue;
	thread->keeper.health = &pool->health;
	thread->keeper.trust = &pool->trust;
	thread->keeper.high_water = &pool->high_water;
	thread->keeper.instance = pool->instance;
	thread->keeper.policies = &pool->settings.policies;
	thread->keeper.space = &pool->space;
	thread->keeper.listener = &pool->settings.listener;
	thread->keeper.note_opening = pool_note_opening;
	thread->keeper.arg = pool;
	thread->keeper.seed = index + 1;
	thread->keeper.is_counted = index < pool->settings.sessions;
	thread->run = thread->keeper.is_counted ? serve_reservations : maintenance_run;
	if (pool->instance == NULL)
		return;
	thread->keeper.group = xcalloc(1, sizeof(*thread->keeper.group));
	thread->keeper.taker.distinct = &thread->keeper.group->distinct;
}

/* Make it a pool of named sequences: its bases are values of a clock, its answers numbers of sequences. */
static void
pool_use_sequences(struct pool *pool)
{
	struct state_file *state = pool->settings.state;

	pool->space.starting_offset = SEQUENCE_FIRST_ID;
	trust_use_clock(&pool->trust, pool->settings.database.sequencer);
	pool->instance = xcalloc(1, sizeof(*pool->instance));
	instance_init(pool->instance, &pool->high_water,
		      state != NULL ? state_file_record(state) : NULL);
}

struct pool *
pool_new(const struct pool_settings *settings)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->settings = *settings;
	settings->store->claim(&pool->settings.database);
	queue_init(&pool->queue);
	health_init(&pool->health);
	pool->health.database = settings->number;
	pool->health.name = settings->name;
	trust_init(&pool->trust, &settings->database.space,
		   settings->state != NULL ? state_file_record(settings->state) : NULL);
	high_water_init(&pool->high_water, settings->state, settings->name);
	pool->space = settings->database.space;
	if (settings->store->raise != NULL)
		pool_use_sequences(pool);
	pthread_mutex_init(&pool->running.mutex, NULL);
	clock_cond_init(&pool->running.changed);
	pool->thread_count = settings->sessions + 1;
	pool->threads = xcalloc(pool->thread_count, sizeof(*pool->threads));
	for (unsigned i = 0; i < pool->thread_count; i++)
		pool_init_thread(pool, i);
	return pool;
}

static void *
pool_thread_main(void *arg)
{
	struct pool_thread *thread = arg;
	struct pool *pool = thread->pool;

	pool->settings.store->thread_begin();
	thread->run(&thread->keeper);
	keeper_end(&thread->keeper);
	pool->settings.store->thread_end();
	pool_change_running(pool, -1, 0);
	return NULL;
}

bool
pool_start(struct pool *pool)
{
	/* The last one is for maintenance. It checks the counter, so its session comes first. */
	for (unsigned i = pool->thread_count; i-- > 0;) {
		struct pool_thread *thread = &pool->threads[i];

		pool_change_running(pool, 1, 0);
		errno = pthread_create(&thread->thread, NULL, pool_thread_main, thread);
		thread->is_started = errno == 0;
		if (thread->is_started)
			continue;
		pool_change_running(pool, -1, 0);
		return false;
	}
	return true;
}

void
pool_wait_known(struct pool *pool, uint64_t ms)
{
	health_wait_known(&pool->health, ms);
}

static bool
pool_submit(void *self, struct reservation *reservation)
{
	struct pool *pool = self;

	return queue_submit(&pool->queue, reservation);
}

static void
pool_explain(void *self, struct text *reason)
{
	struct pool *pool = self;
	size_t before = reason->len;

	health_explain(&pool->health, reason);
	if (reason->len == before)
		text_addf(reason,
			  "none of the %u database sessions was free in time "
			  "(TICKR_DATABASE_POOL_SIZE, TICKR_DATABASE_POOL_TIMEOUT)",
			  pool->settings.sessions);
}

static bool
pool_withdraw(void *self, struct reservation *reservation)
{
	struct pool *pool = self;
	struct text reason;

	if (!queue_withdraw(&pool->queue, reservation))
		return false;
	reason = TEXT_OVER(reservation->reason); /* not before: a session may have written it */
	pool_explain(pool, &reason);
	return true;
}

struct source
pool_source(struct pool *pool)
{
	return (struct source){
		.submit = pool_submit,
		.withdraw = pool_withdraw,
		.explain = pool_explain,
		.self = pool,
	};
}

/* Return when the reservation that is out for longest began. UINT64_MAX: none is out. */
static uint64_t
pool_oldest_reservation_ms(const struct pool *pool)
{
	uint64_t oldest_ms = UINT64_MAX;

	for (unsigned i = 0; i < pool->thread_count; i++) {
		uint64_t since_ms = atomic_load_explicit(&pool->threads[i].keeper.busy_since_ms,
							 memory_order_relaxed);

		if (since_ms != 0 && since_ms < oldest_ms)
			oldest_ms = since_ms;
	}
	return oldest_ms;
}

/* If a reservation is out for long and none succeeds, HEALTH is not ready, even if reads succeed. */
static void
pool_judge_reservations(struct pool *pool, struct health_view *health)
{
	uint64_t now_ms = clock_ms();
	uint64_t since_ms = pool_oldest_reservation_ms(pool);

	if (since_ms >= now_ms || now_ms - since_ms <= READY_AGE_MS ||
	    now_ms - health->last_reserved_ms <= READY_AGE_MS)
		return;
	health->is_ready = false;
	if (health->reason[0] == '\0')
		snprintf(health->reason, sizeof(health->reason),
			 "a reservation has had no answer for %.1f s: the database or the disk of "
			 "the state file hangs",
			 (double)(now_ms - since_ms) / 1000);
}

void
pool_view(struct pool *pool, struct pool_view *view)
{
	health_view(&pool->health, READY_AGE_MS, &view->health);
	/* If the session that checks the counter hangs, let an idle one check it. */
	if (view->health.reason[0] == '\0' && clock_ms() - view->health.last_good_ms > LOOK_AGE_MS)
		queue_want_look(&pool->queue);
	pool_judge_reservations(pool, &view->health);
	view->is_disconnected = queue_count_disconnected(&pool->queue) == pool->thread_count;
}

void
pool_set_drained(struct pool *pool, bool is_drained)
{
	queue_set_drained(&pool->queue, is_drained);
}

const struct ticket_space *
pool_space(const struct pool *pool)
{
	return &pool->space;
}

/* Wait until DEADLINE_MS for ALL threads, or for those that do not open a session. */
static bool
pool_wait_for_threads(struct pool *pool, bool all, uint64_t deadline_ms)
{
	struct timespec until = clock_moment(deadline_ms);
	bool have_ended;
	int result = 0;

	pthread_mutex_lock(&pool->running.mutex);
	do {
		have_ended = pool->running.count == (all ? 0 : pool->running.opening);
		if (!have_ended)
			result = pthread_cond_timedwait(&pool->running.changed,
							&pool->running.mutex, &until);
	} while (!have_ended && result == 0);
	pthread_mutex_unlock(&pool->running.mutex);
	return have_ended;
}

/* Write the exact bound into the state file. No thread reserves any more. */
static void
pool_settle(struct pool *pool)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	if (pool->instance != NULL)
		instance_settle(pool->instance);
	if (!high_water_end(&pool->high_water, &reason))
		log_warn("cannot end the state file; the next start leaves a gap",
			 LOG_TEXT("reason", memory), LOG_DATABASE(pool->health.name));
}

void
pool_close(struct pool *pool)
{
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	if (pool->closed_ms == 0)
		pool->closed_ms = clock_ms();
	queue_stop(&pool->queue, &group);
	serve_fail(&group, pool->settings.number, TICKET_DRAINING, STATUS_DRAINING);
}

/*
 * A thread that opens a session may wait for a name server for 40 s. It holds no reservation, and finds
 * the queue closed afterwards. So the state file gets its exact bound without that thread.
 */
bool
pool_stop(struct pool *pool, uint64_t deadline_ms)
{
	uint64_t opening_ms;
	bool is_quiet;

	pool_close(pool);
	opening_ms = pool->closed_ms + OPENING_MS;
	if (opening_ms > deadline_ms)
		opening_ms = deadline_ms;
	is_quiet = pool_wait_for_threads(pool, true, opening_ms) ||
		   pool_wait_for_threads(pool, false, deadline_ms);
	if (is_quiet && pool_wait_for_threads(pool, true, 0)) {
		for (unsigned i = 0; i < pool->thread_count; i++)
			if (pool->threads[i].is_started)
				pthread_join(pool->threads[i].thread, NULL);
		pool_close(
			pool); /* a session that was lost at the end may have put reservations back */
		pool_settle(pool);
		return true;
	}
	if (is_quiet)
		pool_settle(pool);
	if (clock_ms() >= deadline_ms)
		log_warn("a database session outlived the drain", LOG_DATABASE(pool->health.name));
	return false;
}

bool
pool_give_back(struct pool *pool, const struct ticket_range *bases)
{
	const struct store *store = pool->settings.store;
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct store_session *session;
	enum store_result result;
	bool is_back = false;

	if (store->give_back == NULL)
		return false;
	result = wording_open(store, &pool->settings.database, &session, &reason);
	if (result == STORE_OK) {
		/* The state file first: if only that succeeds, the bases are a gap. */
		high_water_give_back(&pool->high_water, bases->first - bases->increment);
		result = STORE_FAILED;
		if (high_water_end(&pool->high_water, &reason))
			result = store->give_back(session, bases, &is_back, &reason);
		store->close(session);
	}
	if (result != STORE_OK)
		log_warn("cannot give back tickets reserved ahead", LOG_TEXT("reason", memory),
			 LOG_DATABASE(pool->health.name));
	return is_back;
}

void
pool_free(struct pool *pool)
{
	pool->settings.store->release(&pool->settings.database);
	queue_destroy(&pool->queue);
	health_destroy(&pool->health);
	high_water_destroy(&pool->high_water);
	trust_destroy(&pool->trust);
	if (pool->instance != NULL)
		instance_destroy(pool->instance);
	free(pool->instance);
	for (unsigned i = 0; i < pool->thread_count; i++)
		free(pool->threads[i].keeper.group);
	pthread_cond_destroy(&pool->running.changed);
	pthread_mutex_destroy(&pool->running.mutex);
	free(pool->threads);
	free(pool);
}
