/*
 * snowflake -- makes Snowflake ids in memory, to measure the generator alone.
 *
 *	snowflake [SECONDS]
 *
 * The program prints a line for each number of threads and of ids a call. The line has the ids a second, and their
 * share of 4,096,000. That is the most that the format has for a worker. A thread that must wait sleeps.
 */
#include <err.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "snowflake/generator.h"

#define MOST_THREADS 2
#define DRIFT_MS     100

struct bench {
	struct snowflake_generator *generator;
	uint32_t count; /* ids a call */
	uint64_t until_us;
	_Atomic uint64_t ids;
	_Atomic uint64_t calls;
};

static void *
bench_take(void *arg)
{
	struct bench *bench = arg;
	uint64_t ids = 0, calls = 0;
	struct snowflake_run run;

	while (calls++ % 64 != 0 || clock_us() < bench->until_us) {
		enum snowflake_result result =
			generator_take(bench->generator, bench->count, SNOWFLAKE_RUN, &run);

		if (result == SNOWFLAKE_TAKEN)
			ids += bench->count;
		else if (result == SNOWFLAKE_WAIT)
			usleep((useconds_t)run.wait_ms * 1000);
		else
			errx(1, "the generator refuses: %d", (int)result);
	}
	atomic_fetch_add(&bench->ids, ids);
	atomic_fetch_add(&bench->calls, calls);
	return NULL;
}

static void
bench_measure(unsigned threads, uint32_t count, uint64_t duration_us)
{
	uint64_t now_ms = snowflake_unix_ms(&snowflake_system_clock) - SNOWFLAKE_EPOCH_MS;
	struct snowflake_grant grant = {SNOWFLAKE_EPOCH_MS, 5, SNOWFLAKE_MOST_PER_MS, now_ms,
					now_ms + 3600000};
	struct bench bench = {.count = count};
	pthread_t all[MOST_THREADS];
	/* The first ids borrow from the future. */
	double seconds = (double)(duration_us + DRIFT_MS * 1000) / 1e6, rate;

	bench.generator = generator_new(&snowflake_system_clock, DRIFT_MS);
	generator_begin(bench.generator, &grant);
	bench.until_us = clock_us() + duration_us;
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&all[i], NULL, bench_take, &bench) != 0)
			errx(1, "cannot create a thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
	rate = (double)atomic_load(&bench.ids) / seconds;
	printf("%u threads, %4" PRIu32 " ids a call: %9.0f ids/s, %.3f of 4096000\n", threads,
	       count, rate, rate / 4096000);
	generator_free(bench.generator);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;

	for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
		bench_measure(threads, 1, (uint64_t)(seconds * 1e6));
		bench_measure(threads, 1000, (uint64_t)(seconds * 1e6));
	}
	return 0;
}
