#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lease/fixed.h"
#include "lease/memory.h"
#include "metrics/metrics.h"
#include "snowflake/clock.h"

#define WAIT_MS 30000 /* for a condition that comes soon */

struct kit {
	struct lease_settings settings;
	struct lease_memory *memory;
	struct snowflake_generator *generator;
	struct lease *lease;
	atomic_uint changes;
	char folder[64];
};

static void
note_change(void *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static void
note_drift(void *arg, uint64_t drift_ms)
{
	(void)arg;
	(void)drift_ms;
}

static void
kit_prepare(struct kit *kit, uint32_t worker)
{
	static const struct lease_shared unknown = LEASE_SHARED_UNKNOWN;

	memset(kit, 0, sizeof(*kit));
	metrics_begin();
	kit->memory = lease_memory_new(&unknown);
	kit->settings = (struct lease_settings){
		.epoch_ms = UINT64_MAX,
		.max_sequence = 4095,
		.drift_ms = 100,
		.worker = worker,
		.ahead_ms = 2000,
		.ttl_ms = 1000,
		.instance = "00",
		.state_dir = "",
		.clock = &snowflake_system_clock,
		.driver_settings = kit->memory,
	};
	kit->generator = generator_new(&snowflake_system_clock, 100);
}

static void
kit_open(struct kit *kit, const struct lease_driver *driver)
{
	const struct lease_listener listener = {note_change, note_drift, &kit->changes};
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	kit->lease = lease_new(driver, &kit->settings, kit->generator, &listener, &reason);
	cr_assert_not_null(kit->lease, "%s", memory);
	cr_assert(lease_start(kit->lease));
}

static void
kit_close(struct kit *kit)
{
	lease_stop(kit->lease, clock_ms() + WAIT_MS);
	lease_free(kit->lease);
	generator_free(kit->generator);
	lease_memory_free(kit->memory);
}

/* Wait until the lease is in PHASE and gives ids, or not. */
static void
kit_wait(struct kit *kit, enum lease_phase phase, bool gives, struct lease_state *state)
{
	uint64_t until_ms = clock_ms() + WAIT_MS;

	do {
		lease_state(kit->lease, state);
		usleep(1000);
	} while ((state->phase != phase || state->gives != gives) && clock_ms() < until_ms);
	cr_assert_eq(state->phase, phase, "%s", state->reason);
	cr_assert_eq(state->gives, gives, "%s", state->reason);
}

Test(lease, claims_a_worker_id_and_retires_it)
{
	struct snowflake_run run;
	struct lease_state state;
	struct kit kit;

	kit_prepare(&kit, LEASE_WORKER_AUTO);
	kit_open(&kit, &lease_memory);
	cr_assert_eq(lease_wait_known(kit.lease, WAIT_MS), LEASE_START_SERVES);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_str_eq(state.reason, "");
	cr_assert_eq(state.epoch_ms, SNOWFLAKE_EPOCH_MS);
	cr_assert_gt(state.bound_in_ms, 0);
	cr_assert_leq(state.bound_in_ms, 2000);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	lease_stop(kit.lease, clock_ms() + WAIT_MS);
	cr_assert_eq(lease_memory_bound(kit.memory, state.worker), run.first / 4096);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	kit_close(&kit);
}

Test(lease, stops_when_it_is_told_and_claims_again_above_the_bound)
{
	struct snowflake_run before, after;
	struct lease_state state;
	struct kit kit;
	uint64_t bound_ms;

	kit_prepare(&kit, 7);
	kit_open(&kit, &lease_memory);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &before), SNOWFLAKE_TAKEN);
	lease_memory_expire(kit.memory, 7);
	while (state.claims < 2)
		lease_state(kit.lease, &state);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &after), SNOWFLAKE_TAKEN);
	bound_ms = lease_memory_bound(kit.memory, 7);
	cr_assert_gt(after.first, before.first);
	cr_assert_leq(after.first / 4096, bound_ms);
	kit_close(&kit);
}

Test(lease, goes_on_until_the_bound_without_an_answer)
{
	struct snowflake_run run;
	struct lease_state state;
	struct kit kit;

	kit_prepare(&kit, 7);
	kit_open(&kit, &lease_memory);
	kit_wait(&kit, LEASE_HELD, true, &state);
	lease_memory_mute(kit.memory, true);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit_wait(&kit, LEASE_LOST, false, &state);
	cr_assert_str_eq(state.reason, "the coordinator does not answer");
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	lease_memory_mute(kit.memory, false);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_eq(state.claims, 1);
	kit_close(&kit);
}

Test(lease, waits_while_the_coordinator_is_away)
{
	struct lease_state state;
	struct kit kit;

	kit_prepare(&kit, LEASE_WORKER_AUTO);
	lease_memory_mute(kit.memory, true);
	kit_open(&kit, &lease_memory);
	cr_assert_eq(lease_wait_known(kit.lease, 10), LEASE_START_WAITS);
	kit_wait(&kit, LEASE_WAITING, false, &state);
	lease_memory_mute(kit.memory, false);
	kit_wait(&kit, LEASE_HELD, true, &state);
	kit_close(&kit);
}

Test(lease, refuses_another_epoch)
{
	struct lease_shared shared = LEASE_SHARED_UNKNOWN;
	struct lease_state state;
	struct kit kit;

	kit_prepare(&kit, LEASE_WORKER_AUTO);
	kit.settings.epoch_ms = SNOWFLAKE_EPOCH_MS;
	shared.epoch_ms = SNOWFLAKE_EPOCH_MS + 1;
	lease_memory_share(kit.memory, &shared);
	kit_open(&kit, &lease_memory);
	cr_assert_eq(lease_wait_known(kit.lease, WAIT_MS), LEASE_START_REFUSED);
	lease_state(kit.lease, &state);
	cr_assert_not_null(strstr(state.reason, "1609459200001"));
	kit_close(&kit);
}

Test(lease, takes_safe_settings_while_it_serves)
{
	struct snowflake_run run;
	struct lease_shared shared = LEASE_SHARED_UNKNOWN;
	struct snowflake_view view;
	struct lease_state state;
	struct kit kit;
	uint64_t until_ms;

	kit_prepare(&kit, LEASE_WORKER_AUTO);
	kit_open(&kit, &lease_memory);
	kit_wait(&kit, LEASE_HELD, true, &state);
	shared.drift_ms = 250;
	shared.max_sequence = 9;
	shared.epoch_ms = 5; /* ignored */
	lease_memory_share(kit.memory, &shared);
	until_ms = clock_ms() + WAIT_MS;
	do {
		generator_view(kit.generator, &view);
		usleep(1000);
	} while ((view.drift_threshold_ms != 250 || view.space->starting_offset != 10) &&
		 clock_ms() < until_ms);
	cr_assert_eq(view.drift_threshold_ms, 250);
	cr_assert_eq(view.space->starting_offset, 10, "as many ids in a millisecond");
	cr_assert_eq(generator_take(kit.generator, 11, SNOWFLAKE_GROUP, &run), SNOWFLAKE_TOO_MANY);
	lease_state(kit.lease, &state);
	cr_assert_eq(state.epoch_ms, SNOWFLAKE_EPOCH_MS);
	kit_close(&kit);
}

/* --- clocks that step ---------------------------------------------------------------------------- */

static _Atomic int64_t skew_ms;

static uint64_t
skewed_unix_ms(void *arg)
{
	(void)arg;
	return (uint64_t)((int64_t)snowflake_unix_ms(&snowflake_system_clock) +
			  atomic_load(&skew_ms));
}

static uint64_t
skewed_boot_ms(void *arg)
{
	(void)arg;
	return snowflake_boot_ms(&snowflake_system_clock);
}

/* Serve WORKER, and take an id. Then the clock steps back by an hour. */
static uint64_t
kit_step_back_an_hour(struct kit *kit, uint32_t worker, struct lease_state *state)
{
	static const struct snowflake_clock clock = {skewed_unix_ms, skewed_boot_ms, NULL};
	struct snowflake_run run;

	kit_prepare(kit, worker);
	kit->settings.clock = &clock;
	generator_free(kit->generator);
	kit->generator = generator_new(&clock, 100);
	kit_open(kit, &lease_memory);
	kit_wait(kit, LEASE_HELD, true, state);
	cr_assert_eq(generator_take(kit->generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	atomic_store(&skew_ms, -3600000);
	return run.first;
}

Test(lease, an_hour_back_claims_another_worker_id)
{
	struct lease_state state;
	struct kit kit;
	uint64_t newest, bound_ms;
	uint32_t first;

	newest = kit_step_back_an_hour(&kit, LEASE_WORKER_AUTO, &state);
	first = state.worker;
	while (state.claims < 2)
		lease_state(kit.lease, &state);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_neq(state.worker, first);
	bound_ms = lease_memory_bound(kit.memory, first);
	cr_assert_geq(bound_ms, newest / 4096, "the next holder of the first one begins above it");
	kit_close(&kit);
}

Test(lease, an_hour_back_waits_with_a_worker_id_of_the_settings)
{
	struct snowflake_run run;
	struct lease_state state;
	struct kit kit;

	(void)kit_step_back_an_hour(&kit, 7, &state);
	kit_wait(&kit, LEASE_HELD, false, &state);
	cr_assert(strstr(state.reason, "behind the time of"), "%s", state.reason);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_DRIFT);
	atomic_store(&skew_ms, 0);
	kit_wait(&kit, LEASE_HELD, true, &state);
	cr_assert_eq(state.claims, 1);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit_close(&kit);
}

/* --- fixed --------------------------------------------------------------------------------------- */

static void
kit_prepare_fixed(struct kit *kit, uint32_t worker)
{
	kit_prepare(kit, worker);
	snprintf(kit->folder, sizeof(kit->folder), "/tmp/tickr-lease-XXXXXX");
	cr_assert_not_null(mkdtemp(kit->folder));
	kit->settings.state_dir = kit->folder;
	kit->settings.epoch_ms = SNOWFLAKE_EPOCH_MS + (uint64_t)getpid(); /* a lock of its own */
}

static void
kit_remove_folder(const struct kit *kit)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", kit->folder);
	cr_assert_eq(system(command), 0);
}

Test(fixed, begins_above_the_bound_of_a_run_that_was_killed)
{
	struct lease_claim first = {.worker = 9}, second = {.worker = 9};
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct kit kit;
	void *self;

	kit_prepare_fixed(&kit, 9);
	kit.settings.ahead_ms = 60000;
	self = lease_fixed.open(&kit.settings, &reason);
	cr_assert_not_null(self, "%s", memory);
	cr_assert_eq(lease_fixed.claim(self, 0, &first, &reason), LEASE_OK);
	cr_assert_eq(lease_fixed.extend(self, 0, first.bound_ms + 5000, &reason), LEASE_OK);
	lease_fixed.close(self); /* without an end: as if it was killed */
	self = lease_fixed.open(&kit.settings, &reason);
	cr_assert_not_null(self, "%s", memory);
	cr_assert_eq(lease_fixed.claim(self, 0, &second, &reason), LEASE_OK);
	cr_assert_eq(second.floor_ms, first.bound_ms + 5000);
	cr_assert_geq(second.bound_ms, second.floor_ms);
	cr_assert_eq(lease_fixed.retire(self, 0, second.floor_ms - 70000, 0, &reason), LEASE_OK);
	lease_fixed.close(self);
	kit_remove_folder(&kit);
}

Test(fixed, two_servers_with_one_worker_are_refused)
{
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct kit kit, other;
	void *self;

	kit_prepare_fixed(&kit, 9);
	kit_prepare_fixed(&other, 9);
	self = lease_fixed.open(&kit.settings, &reason);
	cr_assert_not_null(self, "%s", memory);
	cr_assert_null(lease_fixed.open(&other.settings, &reason));
	cr_assert_not_null(strstr(memory, "another tickrd on this host has worker 9"));
	lease_fixed.close(self);
	kit_remove_folder(&kit);
	kit_remove_folder(&other);
}

Test(fixed, the_epoch_is_pinned_with_the_bound)
{
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct lease_claim claim;
	struct kit kit;
	void *self;

	kit_prepare_fixed(&kit, 9);
	self = lease_fixed.open(&kit.settings, &reason);
	cr_assert_not_null(self, "%s", memory);
	cr_assert_eq(lease_fixed.claim(self, 0, &claim, &reason), LEASE_OK);
	lease_fixed.close(self);
	kit.settings.epoch_ms++;
	cr_assert_null(lease_fixed.open(&kit.settings, &reason));
	cr_assert_not_null(strstr(memory, "TICKR_SNOWFLAKE_EPOCH"), "%s", memory);
	kit_remove_folder(&kit);
}

Test(fixed, serves_and_goes_on_above_its_last_id)
{
	struct snowflake_run first, second;
	struct lease_state state;
	struct kit kit;

	kit_prepare_fixed(&kit, 3);
	for (int i = 0; i < 2; i++) {
		struct snowflake_run *run = i == 0 ? &first : &second;

		kit_open(&kit, &lease_fixed);
		kit_wait(&kit, LEASE_HELD, true, &state);
		cr_assert_eq(state.expires_in_ms, UINT64_MAX);
		cr_assert_eq(generator_take(kit.generator, 1000, SNOWFLAKE_RUN, run),
			     SNOWFLAKE_TAKEN);
		lease_stop(kit.lease, clock_ms() + WAIT_MS);
		lease_free(kit.lease);
	}
	cr_assert_geq(second.first, first.first + 1000);
	generator_free(kit.generator);
	lease_memory_free(kit.memory);
	kit_remove_folder(&kit);
}
