/*
 * hammer_high_water -- several threads issue bases while the bound moves up and down. Speaks TAP.
 *
 * Run it under the thread sanitizer too. It is a plain program, because Criterion does not run there.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "pool/high_water.h"
#include "tap.h"

#define GIVERS	     4
#define RANGES	     400 /* of each giver */
#define MOST_SECONDS 120 /* then the kernel ends the program */

static const struct ticket_space space = {10, 3, 326};
static char folder[] = "/tmp/tickr-test-hammer-XXXXXX";

static struct high_water mark;
static uint64_t first_step;	  /* increment of the first half of the ranges; then 3 */
static _Atomic uint64_t next = 2; /* the counter of the database */
static atomic_uint uncovered;	  /* ranges that were let through, and the disk did not know */
static atomic_uint refused;
static atomic_bool is_over;

/* Whether the bound on the disk is at or above each of BASES. */
static bool
disk_knows(const struct ticket_range *bases)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};
	bool knows = state_file_look(folder, &space, &record, &problem) && record.ahead.step > 0;

	for (uint32_t i = 0; knows && i < bases->count; i++) {
		uint64_t base = bases->first + bases->increment * i;

		knows = base <= record.ahead.highest[base % record.ahead.step];
	}
	record_free(&record);
	return knows;
}

static void *
give(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	char memory[256];

	for (unsigned i = 0; i < RANGES; i++) {
		struct text reason = TEXT_OVER(memory);
		uint32_t count = 1 + (uint32_t)rand_r(&seed) % 2000;
		uint64_t step = i < RANGES / 2 ? first_step : 3;
		struct ticket_range bases = {atomic_fetch_add(&next, step * count), step, count};

		if (!high_water_covers(&mark, &bases, &reason))
			refused++;
		else if (!disk_knows(&bases))
			uncovered++;
	}
	return NULL;
}

/* Simulate fast time, so that the bound is lowered whenever there is room. */
static void *
lower(void *arg)
{
	char memory[256];

	(void)arg;
	while (!is_over) {
		struct text reason = TEXT_OVER(memory);

		if (!high_water_tend(&mark, clock_ms() + 60000, &reason))
			refused++;
	}
	return NULL;
}

static void
hammer(void)
{
	pthread_t givers[GIVERS], lowerer;
	unsigned seeds[GIVERS];

	if (pthread_create(&lowerer, NULL, lower, NULL) != 0)
		abort();
	for (unsigned i = 0; i < GIVERS; i++) {
		seeds[i] = i + 1;
		if (pthread_create(&givers[i], NULL, give, &seeds[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < GIVERS; i++)
		pthread_join(givers[i], NULL);
	is_over = true;
	pthread_join(lowerer, NULL);
}

static struct state_file *
open_file(void)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct state_file *file = state_file_open(folder, &space, &problem);

	if (file == NULL)
		printf("Bail out! %s\n", memory);
	return file;
}

static bool
end_is_exact(void)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};
	bool is_exact = high_water_end(&mark, &problem) &&
			state_file_look(folder, &space, &record, &problem) &&
			classes_top(&record.given) == classes_top(&record.ahead) &&
			classes_top(&record.given) < next;

	record_free(&record);
	return is_exact;
}

static void
give_with(uint64_t step, const char *promise, const char *end_promise)
{
	struct state_file *file = open_file();

	if (file == NULL)
		exit(1);
	first_step = step;
	is_over = false;
	high_water_init(&mark, file, "db");
	hammer();
	tap_report(uncovered == 0 && refused == 0, promise);
	tap_report(end_is_exact(), end_promise);
	high_water_destroy(&mark);
	state_file_close(file);
}

static void
remove_folder(void)
{
	static const char *const names[] = {"state", "lock"};
	char path[128];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/node-3.%s", folder, names[i]);
		unlink(path);
	}
	tap_report(rmdir(folder) == 0, "no other file is left behind");
}

int
main(void)
{
	alarm(MOST_SECONDS);
	if (mkdtemp(folder) == NULL)
		return 1;
	give_with(3, "covered bases are on the disk already", "the end is exact");
	give_with(2, "also while the increment changes", "and so is its end");
	remove_folder();
	return tap_end();
}
