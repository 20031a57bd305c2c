#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "lease/memory.h"
#include "ticket/snowflake_id.h"

struct memory_worker {
	uint64_t revision; /* of the bound: each claim and each write of it raises it */
	uint64_t bound_ms;
	bool is_held;
};

struct lease_memory {
	pthread_mutex_t mutex;
	struct lease_shared shared;
	uint64_t shared_version;
	bool is_mute;
	struct memory_worker workers[SNOWFLAKE_NODES];
};

/* A holder, the SELF of the driver. */
struct memory_holder {
	const struct lease_settings *settings;
	struct lease_memory *memory;
	uint32_t worker;
	uint64_t revision; /* of the bound as this holder wrote it */
	bool has_claim;
	uint64_t shared_version;

	pthread_mutex_t mutex;
	pthread_cond_t woken;
	bool is_woken;
};

struct lease_memory *
lease_memory_new(const struct lease_shared *shared)
{
	struct lease_memory *memory = xcalloc(1, sizeof(*memory));

	pthread_mutex_init(&memory->mutex, NULL);
	memory->shared = *shared;
	memory->shared_version = 1;
	return memory;
}

void
lease_memory_free(struct lease_memory *memory)
{
	pthread_mutex_destroy(&memory->mutex);
	free(memory);
}

void
lease_memory_expire(struct lease_memory *memory, uint32_t worker)
{
	pthread_mutex_lock(&memory->mutex);
	memory->workers[worker].is_held = false;
	pthread_mutex_unlock(&memory->mutex);
}

void
lease_memory_mute(struct lease_memory *memory, bool is_mute)
{
	pthread_mutex_lock(&memory->mutex);
	memory->is_mute = is_mute;
	pthread_mutex_unlock(&memory->mutex);
}

void
lease_memory_share(struct lease_memory *memory, const struct lease_shared *shared)
{
	pthread_mutex_lock(&memory->mutex);
	memory->shared = *shared;
	memory->shared_version++;
	pthread_mutex_unlock(&memory->mutex);
}

uint64_t
lease_memory_bound(struct lease_memory *memory, uint32_t worker)
{
	uint64_t bound_ms;

	pthread_mutex_lock(&memory->mutex);
	bound_ms = memory->workers[worker].bound_ms;
	pthread_mutex_unlock(&memory->mutex);
	return bound_ms;
}

/* --- the driver ---------------------------------------------------------------------------------- */

static void *
memory_open(const struct lease_settings *settings, struct text *reason)
{
	struct memory_holder *holder = xcalloc(1, sizeof(*holder));

	(void)reason;
	holder->settings = settings;
	holder->memory = (struct lease_memory *)settings->driver_settings;
	pthread_mutex_init(&holder->mutex, NULL);
	clock_cond_init(&holder->woken);
	return holder;
}

static void
memory_close(void *self)
{
	struct memory_holder *holder = self;

	pthread_cond_destroy(&holder->woken);
	pthread_mutex_destroy(&holder->mutex);
	free(holder);
}

/* Return the worker id to claim: a free one with the lowest bound, or UINT32_MAX. */
static uint32_t
memory_choose(const struct memory_holder *holder)
{
	const struct memory_worker *workers = holder->memory->workers;
	uint32_t most = snowflake_workers(holder->settings->datacenter_bits);
	uint32_t wished = holder->settings->worker, chosen = UINT32_MAX;

	if (wished != LEASE_WORKER_AUTO)
		return workers[wished].is_held ? UINT32_MAX : wished;
	for (uint32_t i = 0; i < most; i++)
		if (!workers[i].is_held &&
		    (chosen == UINT32_MAX || workers[i].bound_ms < workers[chosen].bound_ms))
			chosen = i;
	return chosen;
}

static enum lease_result
memory_claim_locked(struct memory_holder *holder, struct lease_claim *claim, struct text *reason)
{
	const struct lease_settings *settings = holder->settings;
	struct lease_memory *memory = holder->memory;
	uint64_t epoch_ms, ahead_ms;
	struct memory_worker *worker;

	claim->shared = memory->shared;
	if (!lease_epoch(settings, &memory->shared, &epoch_ms, reason))
		return LEASE_REFUSED;
	claim->worker = memory_choose(holder);
	if (claim->worker == UINT32_MAX) {
		text_add(reason, "all worker ids are held");
		return LEASE_NONE_FREE;
	}
	worker = &memory->workers[claim->worker];
	ahead_ms = snowflake_id_time(snowflake_unix_ms(settings->clock), epoch_ms) +
		   settings->ahead_ms;
	claim->floor_ms = worker->bound_ms;
	if (worker->bound_ms < ahead_ms)
		worker->bound_ms = ahead_ms;
	claim->bound_ms = worker->bound_ms;
	worker->is_held = true;
	holder->worker = claim->worker;
	holder->revision = ++worker->revision;
	holder->has_claim = true;
	return LEASE_OK;
}

static enum lease_result
memory_answer(const struct lease_memory *memory, enum lease_result result, struct text *reason)
{
	if (!memory->is_mute)
		return result;
	text_clear(reason);
	text_add(reason, "the coordinator does not answer");
	return LEASE_UNKNOWN;
}

static enum lease_result
memory_claim(void *self, uint64_t until_ms, struct lease_claim *claim, struct text *reason)
{
	struct memory_holder *holder = self;
	struct lease_memory *memory = holder->memory;
	enum lease_result result = LEASE_UNKNOWN;

	(void)until_ms;
	pthread_mutex_lock(&memory->mutex);
	if (!memory->is_mute)
		result = memory_claim_locked(holder, claim, reason);
	result = memory_answer(memory, result, reason);
	pthread_mutex_unlock(&memory->mutex);
	return result;
}

static enum lease_result
memory_extend(void *self, uint64_t until_ms, uint64_t bound_ms, struct text *reason)
{
	struct memory_holder *holder = self;
	struct lease_memory *memory = holder->memory;
	struct memory_worker *worker = &memory->workers[holder->worker];
	enum lease_result result = LEASE_OK;

	(void)until_ms;
	pthread_mutex_lock(&memory->mutex);
	if (!worker->is_held || worker->revision != holder->revision) {
		text_add(reason, "the lease has ended");
		result = LEASE_GONE;
	} else {
		worker->bound_ms = bound_ms > worker->bound_ms ? bound_ms : worker->bound_ms;
		holder->revision = ++worker->revision;
	}
	result = memory_answer(memory, result, reason);
	pthread_mutex_unlock(&memory->mutex);
	return result;
}

static enum lease_result
memory_tend(void *self, uint64_t until_ms, struct lease_news *news, struct text *reason)
{
	struct memory_holder *holder = self;
	struct lease_memory *memory = holder->memory;
	struct timespec until = clock_moment(until_ms);
	enum lease_result result = LEASE_OK;

	pthread_mutex_lock(&holder->mutex);
	while (!holder->is_woken &&
	       pthread_cond_timedwait(&holder->woken, &holder->mutex, &until) == 0)
		;
	holder->is_woken = false;
	pthread_mutex_unlock(&holder->mutex);

	pthread_mutex_lock(&memory->mutex);
	news->expires_at_ms = clock_ms() + holder->settings->ttl_ms;
	news->has_shared = !memory->is_mute && memory->shared_version != holder->shared_version;
	news->shared = memory->shared;
	if (news->has_shared)
		holder->shared_version = memory->shared_version;
	if (holder->has_claim && !memory->workers[holder->worker].is_held) {
		text_clear(reason);
		text_add(reason, "the lease has ended");
		result = LEASE_GONE;
	}
	result = memory_answer(memory, result, reason);
	pthread_mutex_unlock(&memory->mutex);
	return result;
}

static enum lease_result
memory_retire(void *self, uint64_t until_ms, uint64_t used_ms, uint64_t last_id,
	      struct text *reason)
{
	struct memory_holder *holder = self;
	struct lease_memory *memory = holder->memory;
	struct memory_worker *worker = &memory->workers[holder->worker];
	enum lease_result result = LEASE_GONE;

	(void)until_ms;
	(void)last_id;
	pthread_mutex_lock(&memory->mutex);
	if (worker->is_held && worker->revision == holder->revision) {
		worker->revision++;
		worker->bound_ms = used_ms;
		worker->is_held = false;
		result = LEASE_OK;
	}
	holder->has_claim = false;
	result = memory_answer(memory, result, reason);
	pthread_mutex_unlock(&memory->mutex);
	return result;
}

static void
memory_wake(void *self)
{
	struct memory_holder *holder = self;

	pthread_mutex_lock(&holder->mutex);
	holder->is_woken = true;
	pthread_cond_signal(&holder->woken);
	pthread_mutex_unlock(&holder->mutex);
}

static const char *
memory_name(void *self)
{
	(void)self;
	return "memory";
}

const struct lease_driver lease_memory = {
	.has_clock = true,
	.open = memory_open,
	.name = memory_name,
	.claim = memory_claim,
	.extend = memory_extend,
	.tend = memory_tend,
	.retire = memory_retire,
	.wake = memory_wake,
	.close = memory_close,
};
