/*
 * hammer_snowflake -- twelve holders of one worker id overlap, with clocks that differ and step, and threads that take
 * without a pause. No number may appear twice. Speaks TAP.
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
#define RUNS	     4000 /* that each of these threads keeps */
#define LAST_MS	     6000 /* then the hammer ends, however much was taken */
#define MOST_SECONDS 120  /* then the kernel ends the program */
#define MOST_SKEW_MS 3000

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

static void *
take_all(void *arg)
{
	struct taker *taker = arg;
	unsigned i = 0;

	while (!atomic_load(&is_over) && taker->count < RUNS) {
		uint32_t count = 1 + i++ * 37 % 3000;
		struct snowflake_run run;

		if (generator_take(taker->holder->generator, count,
				   i % 3 == 0 ? SNOWFLAKE_GROUP : SNOWFLAKE_RUN,
				   &run) == SNOWFLAKE_TAKEN)
			taker->runs[taker->count++] = (struct kept){run.first, count};
		else
			usleep(500);
	}
	return NULL;
}

static void
start_holder(struct holder *holder, struct lease_memory *memory, unsigned number)
{
	const struct lease_listener listener = {ignore, ignore_drift, NULL};
	char words[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(words);

	holder->clock = (struct snowflake_clock){read_skewed, read_boot, holder};
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
	for (unsigned i = 0; i < TAKERS; i++) {
		holder->takers[i].holder = holder;
		if (pthread_create(&holder->takers[i].thread, NULL, take_all, &holder->takers[i]) !=
		    0)
			abort();
	}
}

static int
compare_kept(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Return how many numbers were taken, or 0 if one was taken twice. */
static uint64_t
count_distinct(const struct holder *holders)
{
	struct kept *all = xcalloc(HOLDERS * TAKERS * RUNS, sizeof(*all));
	uint64_t numbers = 0;
	size_t count = 0;

	for (size_t i = 0; i < HOLDERS * TAKERS; i++) {
		const struct taker *taker = &holders[i / TAKERS].takers[i % TAKERS];

		for (size_t run = 0; run < taker->count; run++)
			all[count++] = taker->runs[run];
	}
	qsort(all, count, sizeof(*all), compare_kept);
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && all[i].first + all[i].count > all[i + 1].first)
			tap_complain("the number %ju was taken twice", (uintmax_t)all[i + 1].first);
		numbers += all[i].count;
	}
	free(all);
	return numbers;
}

int
main(void)
{
	const struct lease_shared shared = LEASE_SHARED_UNKNOWN;
	struct lease_memory *memory = lease_memory_new(&shared);
	struct holder *holders = xcalloc(HOLDERS, sizeof(*holders));
	struct lease_state state;
	uint64_t claims = 0, numbers, began_ms;

	alarm(MOST_SECONDS);
	metrics_begin();
	for (unsigned i = 0; i < HOLDERS; i++)
		start_holder(&holders[i], memory, i);
	began_ms = clock_ms();
	for (unsigned turn = 0; clock_ms() < began_ms + LAST_MS; turn++) {
		struct holder *stepped = &holders[turn % HOLDERS];

		usleep(20000);
		lease_memory_expire(memory, 5);
		atomic_store(&stepped->skew_ms,
			     (int64_t)(turn * 7919 % MOST_SKEW_MS) - MOST_SKEW_MS / 2);
		lease_memory_mute(memory, turn % 5 == 4);
	}
	lease_memory_mute(memory, false);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < HOLDERS; i++) {
		for (unsigned j = 0; j < TAKERS; j++)
			pthread_join(holders[i].takers[j].thread, NULL);
		lease_state(holders[i].lease, &state);
		claims += state.claims;
		lease_stop(holders[i].lease, clock_ms() + 1000);
		lease_free(holders[i].lease);
	}
	numbers = count_distinct(holders);
	for (unsigned i = 0; i < HOLDERS; i++)
		generator_free(holders[i].generator);
	free(holders);
	lease_memory_free(memory);
	tap_report(claims > HOLDERS, "the worker id changed hands more often than once each");
	tap_report(numbers > 10000, "ids were issued");
	tap_report(tap_complaints() == 0, "no number was taken twice by overlapping holders");
	return tap_end();
}
