/*
 * hammer_snowflake -- twelve holders of one worker id overlap, with clocks that differ and step, and threads that take
 * without a pause. Meanwhile the number of ids in a millisecond changes. No id may appear twice. Speaks TAP.
 *
 * Each holder believes that it is the only one: its lease ends while it goes on. Run it under the thread sanitizer too.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "lease/memory.h"
#include "metrics/metrics.h"
#include "snowflake/clock.h"
#include "snowflake/generator.h"
#include "tap.h"

#define HOLDERS	     12
#define TAKERS	     2	  /* threads of each holder */
#define RUNS	     8000 /* progressions of ids that each of these threads keeps */
#define LAST_MS	     6000 /* then the hammer ends, however much was taken */
#define MOST_SECONDS 120  /* then the kernel ends the program */
#define MOST_SKEW_MS 3000

/* Ids that follow each other. */
struct kept {
	uint64_t first;
	uint64_t count;
};

struct taker {
	struct holder *holder;
	pthread_t thread;
	size_t count;
	struct kept runs[RUNS];
};

struct holder {
	struct snowflake_clock clock;
	_Atomic int64_t skew_ms;
	_Atomic uint64_t takes; /* tries of its takers */
	useconds_t pause_us;	/* after a try that failed */
	_Atomic unsigned done;	/* takers that have ended */
	struct lease_settings settings;
	struct snowflake_generator *generator;
	struct lease *lease;
	struct taker takers[TAKERS];
};

static atomic_bool is_over; /* set once, by the main thread */

static uint64_t
read_skewed(void *arg)
{
	struct holder *holder = arg;

	return (uint64_t)((int64_t)snowflake_unix_ms(&snowflake_system_clock) +
			  atomic_load(&holder->skew_ms));
}

static uint64_t
read_boot(void *arg)
{
	(void)arg;
	return snowflake_boot_ms(&snowflake_system_clock);
}

static void
ignore(void *arg)
{
	(void)arg;
}

static void
ignore_drift(void *arg, uint64_t drift_ms)
{
	(void)arg;
	(void)drift_ms;
}

static void
keep(struct taker *taker, const struct snowflake_run *run, uint32_t count)
{
	struct ticket_range bases = {run->first, 1, count}, ids;

	while (bases.count > 0 && taker->count < RUNS) {
		if (!space_take_progression(run->space, &bases, &ids))
			abort();
		taker->runs[taker->count++] = (struct kept){ids.first, ids.count};
	}
}

static void *
take_all(void *arg)
{
	struct taker *taker = arg;
	unsigned i = 0;

	while (!atomic_load(&is_over) && taker->count < RUNS) {
		uint32_t count = 1 + i++ * 37 % 3000;
		struct snowflake_run run;

		atomic_fetch_add(&taker->holder->takes, 1);
		if (generator_take(taker->holder->generator, count,
				   i % 3 == 0 ? SNOWFLAKE_GROUP : SNOWFLAKE_RUN,
				   &run) == SNOWFLAKE_TAKEN)
			keep(taker, &run, count);
		else
			usleep(taker->holder->pause_us);
	}
	atomic_fetch_add(&taker->holder->done, 1);
	return NULL;
}

static void
start_takers(struct holder *holder)
{
	for (unsigned i = 0; i < TAKERS; i++) {
		holder->takers[i].holder = holder;
		if (pthread_create(&holder->takers[i].thread, NULL, take_all, &holder->takers[i]) !=
		    0)
			abort();
	}
}

static void
join_takers(struct holder *holder)
{
	for (unsigned i = 0; i < TAKERS; i++)
		pthread_join(holder->takers[i].thread, NULL);
}

static void
start_holder(struct holder *holder, struct lease_memory *memory, unsigned number)
{
	const struct lease_listener listener = {ignore, ignore_drift, NULL};
	char words[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(words);

	holder->clock = (struct snowflake_clock){read_skewed, read_boot, holder};
	holder->pause_us = 500;
	atomic_init(&holder->skew_ms, (int64_t)(number * 479 % MOST_SKEW_MS) - MOST_SKEW_MS / 2);
	holder->settings = (struct lease_settings){
		.epoch_ms = SNOWFLAKE_EPOCH_MS,
		.max_sequence = 4095,
		.drift_ms = 100,
		.worker = 5,
		.ahead_ms = 1000,
		.ttl_ms = 1000,
		.instance = "00",
		.state_dir = "",
		.clock = &holder->clock,
		.driver_settings = memory,
	};
	holder->generator = generator_new(&holder->clock, 100);
	holder->lease =
		lease_new(&lease_memory, &holder->settings, holder->generator, &listener, &reason);
	if (holder->lease == NULL || !lease_start(holder->lease))
		abort();
	start_takers(holder);
}

static int
compare_kept(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Return how many ids were taken, and complain of those that were taken twice. */
static uint64_t
count_distinct(const struct holder *holders, size_t holders_count)
{
	struct kept *all = xcalloc(holders_count * TAKERS * RUNS, sizeof(*all));
	uint64_t ids = 0;
	size_t count = 0;

	for (size_t i = 0; i < holders_count * TAKERS; i++) {
		const struct taker *taker = &holders[i / TAKERS].takers[i % TAKERS];

		for (size_t run = 0; run < taker->count; run++)
			all[count++] = taker->runs[run];
	}
	qsort(all, count, sizeof(*all), compare_kept);
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && all[i].first + all[i].count > all[i + 1].first)
			tap_complain("the id %ju was taken twice", (uintmax_t)all[i + 1].first);
		ids += all[i].count;
	}
	free(all);
	return ids;
}

/* A clock that is always behind the numbers, so each run begins where the last one ended. */
static uint64_t
read_fast(void *arg)
{
	struct holder *holder = arg;

	return SNOWFLAKE_EPOCH_MS + (uint64_t)atomic_fetch_add(&holder->skew_ms, 1) / 8;
}

/* One holder, whose ids in a millisecond change without a pause. */
static void
change_max_sequence(void)
{
	struct holder *holder = xcalloc(1, sizeof(*holder));
	struct snowflake_grant grant = {.epoch_ms = SNOWFLAKE_EPOCH_MS, .node = 5, .per_ms = 4096};
	uint64_t ids;

	holder->clock = (struct snowflake_clock){read_fast, read_boot, holder};
	holder->generator = generator_new(&holder->clock, 100);
	grant.bound_ms = SNOWFLAKE_END_MS - 1;
	generator_begin(holder->generator, &grant);
	start_takers(holder);
	for (uint32_t turn = 0; atomic_load(&holder->done) < TAKERS; turn++) {
		uint64_t takes = atomic_load(&holder->takes);

		while (atomic_load(&holder->takes) == takes && atomic_load(&holder->done) < TAKERS)
			;
		for (atomic_uint delay = 0; delay < turn % 64; delay++)
			;
		generator_set_per_ms(holder->generator, 1 + turn * 1237 % 4096);
	}
	join_takers(holder);
	ids = count_distinct(holder, 1);
	generator_free(holder->generator);
	free(holder);
	tap_report(ids > 1000, "ids were issued while their number in a millisecond changed");
	tap_report(tap_complaints() == 0, "no id was taken twice then");
}

int
main(void)
{
	static const uint64_t max_sequences[] = {4095, 499, 1999, 3};
	struct lease_shared shared = LEASE_SHARED_UNKNOWN;
	struct lease_memory *memory = lease_memory_new(&shared);
	struct holder *holders = xcalloc(HOLDERS, sizeof(*holders));
	struct lease_state state;
	uint64_t claims = 0, ids, began_ms;

	alarm(MOST_SECONDS);
	metrics_begin();
	change_max_sequence();
	for (unsigned i = 0; i < HOLDERS; i++)
		start_holder(&holders[i], memory, i);
	began_ms = clock_ms();
	for (unsigned turn = 0; clock_ms() < began_ms + LAST_MS; turn++) {
		struct holder *stepped = &holders[turn % HOLDERS];

		usleep(10000);
		lease_memory_expire(memory, 5);
		usleep(10000);
		shared.max_sequence = max_sequences[turn % ARRAY_LENGTH(max_sequences)];
		lease_memory_share(memory, &shared);
		atomic_store(&stepped->skew_ms,
			     (int64_t)(turn * 7919 % MOST_SKEW_MS) - MOST_SKEW_MS / 2);
		lease_memory_mute(memory, turn % 5 == 4);
	}
	lease_memory_mute(memory, false);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < HOLDERS; i++) {
		join_takers(&holders[i]);
		lease_state(holders[i].lease, &state);
		claims += state.claims;
		lease_stop(holders[i].lease, clock_ms() + 1000);
		lease_free(holders[i].lease);
	}
	ids = count_distinct(holders, HOLDERS);
	for (unsigned i = 0; i < HOLDERS; i++)
		generator_free(holders[i].generator);
	free(holders);
	lease_memory_free(memory);
	tap_report(claims > HOLDERS, "the worker id changed hands more often than once each");
	tap_report(ids > 10000, "ids were issued");
	tap_report(tap_complaints() == 0, "no id was taken twice by overlapping holders");
	return tap_end();
}
