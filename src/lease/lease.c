/*
 * DESIGN. The coordination thread alone calls the driver and changes the claim. Other threads read SHOWN, under its
 * mutex. The thread holds that mutex for a few assignments only.
 *
 *	no claim: claim --> tend for a while --> claim ..
 *	a claim:  extend, if half of what was written ahead is used --> tend until the next extension is due ..
 *
 * A claim is kept while the coordinator does not answer: its bound stops the generator by itself.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/lease.h"
#include "lease/shown.h"
#include "metrics/metrics.h"
#include "snowflake/guard.h"

#define CALL_MS	      10000 /* the longest time for one call of the driver */
#define TEND_MOST_MS  1000  /* how often the states are looked at */
#define TEND_LEAST_MS 50
#define RETRY_MS      500   /* after a claim that failed */
#define MOVE_AFTER_MS 10000 /* a clock that is further behind needs another worker id */

struct lease {
	const struct lease_driver *driver;
	void *self; /* the driver's */
	struct lease_settings settings;
	struct snowflake_generator *generator;
	struct lease_listener listener;
	pthread_t thread;
	bool is_started;

	/* The coordination thread's: */
	bool has_claim;
	uint32_t per_ms;
	uint64_t drift_ms; /* the threshold now */
	uint64_t epoch_ms; /* of the claim */
	uint64_t bound_ms; /* confirmed */
	unsigned port;	   /* as it was at the last claim or extension */
	bool is_drifting;
	enum lease_result last_result; /* of the calls, so that a failure is logged once */
	struct clock_guard guard;

	struct lease_shown shown;
};

unsigned
lease_port(const struct lease_settings *settings)
{
	return settings->port != NULL ? atomic_load(settings->port) : 0;
}

bool
lease_epoch(const struct lease_settings *settings, const struct lease_shared *shared,
	    uint64_t *epoch_ms, struct text *reason)
{
	*epoch_ms = SNOWFLAKE_EPOCH_MS;
	if (settings->epoch_ms != UINT64_MAX && shared->epoch_ms != UINT64_MAX &&
	    settings->epoch_ms != shared->epoch_ms) {
		text_addf(reason,
			  "TICKR_SNOWFLAKE_EPOCH is %" PRIu64
			  ", and the ids of the coordinator count from %" PRIu64
			  ": remove the variable, or set it to that number",
			  settings->epoch_ms, shared->epoch_ms);
		return false;
	}
	if (settings->epoch_ms != UINT64_MAX)
		*epoch_ms = settings->epoch_ms;
	else if (shared->epoch_ms != UINT64_MAX)
		*epoch_ms = shared->epoch_ms;
	if (snowflake_unix_ms(settings->clock) >= *epoch_ms)
		return true;
	text_addf(reason,
		  "the clock of this host is before the epoch of the ids, %" PRIu64
		  " ms after 1970: set the clock, or TICKR_SNOWFLAKE_EPOCH",
		  *epoch_ms);
	return false;
}

struct lease *
lease_new(const struct lease_driver *driver, const struct lease_settings *settings,
	  struct snowflake_generator *generator, const struct lease_listener *listener,
	  struct text *reason)
{
	struct lease *lease = xcalloc(1, sizeof(*lease));

	lease->driver = driver;
	lease->settings = *settings;
	lease->generator = generator;
	lease->listener = *listener;
	lease->drift_ms = settings->drift_ms;
	shown_init(&lease->shown);
	lease->self = driver->open(&lease->settings, reason);
	if (lease->self != NULL)
		return lease;
	lease_free(lease);
	return NULL;
}

void
lease_free(struct lease *lease)
{
	if (lease == NULL)
		return;
	if (lease->self != NULL)
		lease->driver->close(lease->self);
	shown_destroy(&lease->shown);
	free(lease);
}

/* --- what other threads see ---------------------------------------------------------------------- */

static uint64_t
lease_id_time(const struct lease *lease, uint64_t epoch_ms)
{
	return snowflake_id_time(snowflake_unix_ms(lease->settings.clock), epoch_ms);
}

/* Show that the claim is as it should be. */
static void
lease_show_held(struct lease *lease)
{
	shown_hold(&lease->shown, lease->epoch_ms, lease->bound_ms);
	lease->listener.changed(lease->listener.arg);
}

/* Show a failure, and log it if it is a new one. */
static void
lease_show_failure(struct lease *lease, enum lease_result result, const char *reason)
{
	bool is_held = lease->has_claim && lease_id_time(lease, lease->epoch_ms) <= lease->bound_ms;

	shown_fail(&lease->shown, result, is_held, reason);
	if (lease->last_result != result && lease->has_claim)
		log_warn("cannot extend the worker id", LOG_TEXT("reason", reason));
	else if (lease->last_result != result)
		log_warn("cannot claim a worker id", LOG_TEXT("reason", reason));
	lease->last_result = result;
}

/* --- the shared configuration -------------------------------------------------------------------- */

static uint64_t
lease_choose(uint64_t shared, uint64_t own)
{
	return shared != UINT64_MAX ? shared : own;
}

static void
lease_take_drift(struct lease *lease, uint64_t drift_ms)
{
	if (drift_ms == lease->drift_ms)
		return;
	log_info("clock drift threshold changed", LOG_SECONDS("before_seconds", lease->drift_ms),
		 LOG_SECONDS("now_seconds", drift_ms));
	lease->drift_ms = drift_ms;
	generator_set_drift(lease->generator, drift_ms);
}

static void
lease_take_max_sequence(struct lease *lease, uint64_t max_sequence)
{
	if (max_sequence + 1 == lease->per_ms)
		return;
	log_info("max_sequence changed", LOG_NUMBER("before", lease->per_ms - 1),
		 LOG_NUMBER("now", max_sequence));
	lease->per_ms = (uint32_t)max_sequence + 1;
	generator_set_per_ms(lease->generator, lease->per_ms);
	lease->listener.changed(lease->listener.arg); /* a request met the end of the old claim */
}

/* Take the settings that are safe to change while ids are issued. Another epoch would repeat ids. */
static void
lease_take_shared(struct lease *lease, const struct lease_shared *shared)
{
	lease_take_drift(lease, lease_choose(shared->drift_ms, lease->settings.drift_ms));
	if (!lease->has_claim)
		return;
	if (shared->epoch_ms != UINT64_MAX && shared->epoch_ms != lease->epoch_ms)
		log_error("ignored another epoch of the coordinator",
			  LOG_NUMBER("epoch", lease->epoch_ms),
			  LOG_NUMBER("ignored", shared->epoch_ms));
	lease_take_max_sequence(lease,
				lease_choose(shared->max_sequence, lease->settings.max_sequence));
}

/* --- calls of the driver ------------------------------------------------------------------------- */

/* Let the driver work until UNTIL_MS, and hear its news. */
static enum lease_result
lease_tend(struct lease *lease, uint64_t until_ms, struct text *reason)
{
	struct lease_news news = {.expires_at_ms = UINT64_MAX};
	enum lease_result result;

	result = lease->driver->tend(lease->self, until_ms, &news, reason);
	shown_expiry(&lease->shown, lease->has_claim ? news.expires_at_ms : UINT64_MAX);
	if (news.has_shared)
		lease_take_shared(lease, &news.shared);
	return result;
}

/* Return whether this host's clock may be used for a bound. */
static bool
lease_trusts_clock(struct lease *lease, struct text *reason)
{
	const struct snowflake_clock *clock = lease->settings.clock;
	uint64_t jump_ms, hold_ms;

	hold_ms = guard_check(&lease->guard, snowflake_unix_ms(clock), snowflake_boot_ms(clock),
			      &jump_ms);
	if (lease->driver->has_clock || hold_ms == 0)
		return true;
	text_addf(reason,
		  "the clock of this host jumped forward by %" PRIu64 " s: if it stays there, "
		  "tickrd continues in %" PRIu64 " s",
		  jump_ms / 1000, (hold_ms + 999) / 1000);
	return false;
}

static void
lease_begin(struct lease *lease, const struct lease_claim *claim, uint64_t epoch_ms)
{
	const struct lease_settings *settings = &lease->settings;
	uint64_t max_sequence = lease_choose(claim->shared.max_sequence, settings->max_sequence);
	struct snowflake_grant grant = {
		.epoch_ms = epoch_ms,
		.node = snowflake_node(settings->datacenter_bits, settings->datacenter,
				       claim->worker),
		.per_ms = (uint32_t)max_sequence + 1,
		.floor_ms = claim->floor_ms,
		.bound_ms = claim->bound_ms,
	};

	lease->has_claim = true;
	lease->port = lease_port(settings);
	lease->is_drifting = false;
	lease->per_ms = grant.per_ms;
	lease->epoch_ms = epoch_ms;
	lease->bound_ms = claim->bound_ms;
	lease->last_result = LEASE_OK;
	lease_take_shared(lease, &claim->shared);
	generator_begin(lease->generator, &grant);
	shown_claim(&lease->shown, claim->worker);
	lease_show_held(lease);
	log_info("worker id claimed", LOG_NUMBER("datacenter", settings->datacenter),
		 LOG_NUMBER("worker", claim->worker), LOG_NUMBER("epoch", epoch_ms),
		 LOG_WORD("coordinator", lease->driver->name(lease->self)));
}

/* Try to claim a worker id, once, and let the driver pass the time until the next try. */
static void
lease_claim(struct lease *lease)
{
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct lease_claim claim = {.shared = LEASE_SHARED_UNKNOWN};
	enum lease_result result = LEASE_CLOCK_AHEAD;
	uint64_t epoch_ms;

	if (lease_trusts_clock(lease, &reason))
		result = lease->driver->claim(lease->self, clock_ms() + CALL_MS, &claim, &reason);
	if (result == LEASE_OK && !lease_epoch(&lease->settings, &claim.shared, &epoch_ms, &reason))
		result = LEASE_REFUSED;
	if (result == LEASE_OK) {
		lease_begin(lease, &claim, epoch_ms);
		return;
	}
	lease_show_failure(lease, result, memory);
	text_clear(&reason);
	(void)lease_tend(lease, clock_ms() + RETRY_MS, &reason);
}

/* Told that the claim is gone: stop. */
static void
lease_lose(struct lease *lease, const char *reason)
{
	(void)generator_end(lease->generator);
	lease->has_claim = false;
	log_error("worker id lost", LOG_NUMBER("worker", lease->shown.worker),
		  LOG_TEXT("reason", reason));
	metrics_add(METRIC_SNOWFLAKE_LOSSES, 1);
	lease_show_failure(lease, LEASE_GONE, reason);
}

/* Write the bound further ahead. Return false if the claim is gone. */
static bool
lease_extend(struct lease *lease)
{
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum lease_result result = LEASE_CLOCK_AHEAD;
	uint64_t bound_ms = lease_id_time(lease, lease->epoch_ms) + lease->settings.ahead_ms;

	lease->port = lease_port(&lease->settings);
	if (lease_trusts_clock(lease, &reason))
		result =
			lease->driver->extend(lease->self, clock_ms() + CALL_MS, bound_ms, &reason);
	if (result == LEASE_GONE) {
		lease_lose(lease, memory);
		return false;
	}
	if (result != LEASE_OK) {
		lease_show_failure(lease, result, memory);
		return true;
	}
	if (lease->last_result != LEASE_OK)
		log_info("worker id extended again");
	lease->last_result = LEASE_OK;
	lease->bound_ms = bound_ms;
	generator_extend(lease->generator, bound_ms);
	lease_show_held(lease);
	return true;
}

/* --- the clock of the ids ------------------------------------------------------------------------ */

static void
lease_retire(struct lease *lease, uint64_t until_ms)
{
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct snowflake_view view;
	uint64_t used_ms = generator_end(lease->generator);

	generator_view(lease->generator, &view);
	lease->has_claim = false;
	if (lease->driver->retire(lease->self, until_ms, used_ms, view.last_id, &reason) ==
	    LEASE_OK)
		log_info("worker id retired", LOG_NUMBER("worker", lease->shown.worker),
			 LOG_NUMBER("last_id", view.last_id));
	else
		log_warn("cannot retire the worker id", LOG_TEXT("reason", memory));
}

/* Notice a clock that fell behind. If it is far behind, another worker id serves sooner than this one. */
static void
lease_watch_drift(struct lease *lease)
{
	struct snowflake_view view;
	bool was_drifting = lease->is_drifting;

	generator_view(lease->generator, &view);
	lease->is_drifting = view.drift_ms > view.drift_threshold_ms;
	if (lease->is_drifting && !was_drifting) {
		log_error("the clock fell behind", LOG_SECONDS("seconds", view.drift_ms));
		metrics_add(METRIC_SNOWFLAKE_DRIFTS, 1);
		lease->listener.drifted(lease->listener.arg, view.drift_ms);
	} else if (was_drifting && !lease->is_drifting) {
		log_info("the clock is right again");
		lease->listener.changed(lease->listener.arg);
	}
	if (view.drift_ms > MOVE_AFTER_MS && lease->settings.worker == LEASE_WORKER_AUTO)
		lease_retire(lease, clock_ms() + CALL_MS);
}

/* --- the thread ---------------------------------------------------------------------------------- */

/* Return when the next extension is due, by clock_ms(), but not before and not after some time. */
static uint64_t
lease_next_ms(const struct lease *lease)
{
	uint64_t now_ms = lease_id_time(lease, lease->epoch_ms);
	uint64_t due_ms = lease->bound_ms - lease->settings.ahead_ms / 2;
	uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;

	if (wait_ms < TEND_LEAST_MS)
		wait_ms = TEND_LEAST_MS;
	return clock_ms() + (wait_ms < TEND_MOST_MS ? wait_ms : TEND_MOST_MS);
}

static void
lease_keep(struct lease *lease)
{
	char memory[LEASE_REASON_SIZE] = "the coordinator says so";
	struct text reason = TEXT_OVER(memory);
	uint64_t now_ms = lease_id_time(lease, lease->epoch_ms);
	bool is_due = now_ms + lease->settings.ahead_ms / 2 >= lease->bound_ms ||
		      lease_port(&lease->settings) != lease->port;

	if (is_due && !lease_extend(lease))
		return;
	if (lease_tend(lease, lease_next_ms(lease), &reason) == LEASE_GONE)
		lease_lose(lease, memory);
	else
		lease_watch_drift(lease);
}

static void *
lease_run(void *arg)
{
	struct lease *lease = arg;

	while (!shown_is_stopping(&lease->shown)) {
		if (lease->has_claim)
			lease_keep(lease);
		else
			lease_claim(lease);
	}
	if (lease->has_claim)
		lease_retire(lease, lease->shown.stop_until_ms);
	return NULL;
}

bool
lease_start(struct lease *lease)
{
	errno = pthread_create(&lease->thread, NULL, lease_run, lease);
	lease->is_started = errno == 0;
	return lease->is_started;
}

enum lease_start
lease_wait_known(struct lease *lease, uint64_t most_ms)
{
	return shown_wait(&lease->shown, most_ms);
}

void
lease_stop(struct lease *lease, uint64_t until_ms)
{
	if (!lease->is_started)
		return;
	shown_stop(&lease->shown, until_ms);
	lease->driver->wake(lease->self);
	pthread_join(lease->thread, NULL);
	lease->is_started = false;
}

void
lease_state(struct lease *lease, struct lease_state *state)
{
	struct snowflake_view view;

	generator_view(lease->generator, &view);
	shown_read(&lease->shown, &view, snowflake_unix_ms(lease->settings.clock), state);
}
