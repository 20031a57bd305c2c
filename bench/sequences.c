/*
 * sequences -- measures the rooms of named sequences without a database: names, and numbers held ahead.
 *
 *	sequences [SECONDS]
 *
 * It prints the resident bytes of a name, with 100,000 names, and exits with 1 if they are above the limits. It also
 * prints nanoseconds of processor time: to find a name, and to take a held number. 1000 names are in use, at random.
 */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "directory/directory.h"
#include "held/held.h"

#define IN_USE	     1000
#define MOST_NAMES   100000
#define MOST_THREADS 2
#define KNOWN_BYTES  250 /* at most, of a name that is known */
#define HELD_BYTES   400 /* at most, of a name of which numbers are held, all in all */
#define NOW_MS	     1000000

static const struct ticket_space space = {1, 0, 1};

struct bench {
	struct directory *directory;
	struct source source; /* the held numbers */
	unsigned names;
	uint64_t duration_us;
	uint64_t newest;
};

struct worker {
	pthread_t thread;
	struct bench *bench;
	unsigned seed;
	double find_ns, take_ns;
};

static size_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long total, resident = 0;

	if (file == NULL || fscanf(file, "%lu %lu", &total, &resident) != 2)
		errx(1, "cannot read /proc/self/statm");
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* The source of the fetches: it answers before the submission returns. */
static bool
submit(void *self, struct reservation *reservation)
{
	struct bench *bench = self;
	uint64_t newest = __atomic_add_fetch(&bench->newest, reservation->count, __ATOMIC_RELAXED);

	if (!reservation_queue(reservation))
		return false;
	reservation_take(reservation);
	reservation->status = TICKET_OK;
	reservation->bases =
		(struct ticket_range){newest - reservation->count + 1, 1, reservation->count};
	reservation->space = &space;
	reservation->answer(reservation);
	return true;
}

struct asked {
	struct reservation reservation;
	_Atomic bool is_answered;
};

static void
note_answer(struct reservation *reservation)
{
	struct asked *asked = CONTAINER_OF(reservation, struct asked, reservation);

	asked->is_answered = true;
}

static size_t
name_of(unsigned i, char name[32])
{
	return (size_t)snprintf(name, 32, "customers/%06u/orders", i);
}

static struct sequence *
find(struct bench *bench, unsigned i)
{
	struct directory_found found;
	char name[32];
	size_t len = name_of(i, name);

	if (directory_find(bench->directory, name, len, NOW_MS, &found) != DIRECTORY_KNOWN &&
	    directory_make(bench->directory, name, len, NOW_MS, &found) != DIRECTORY_KNOWN)
		errx(1, "cannot make %s", name);
	return found.sequence;
}

/* The names that are in use are spread over all. */
static unsigned
next_name(struct worker *worker)
{
	unsigned stride = worker->bench->names / IN_USE;

	worker->seed = worker->seed * 1664525 + 1013904223;
	return (worker->seed >> 8) % IN_USE * stride;
}

static void
take(struct bench *bench, struct sequence *sequence, uint32_t count, uint64_t now_ms)
{
	struct ticket_piece taken;
	struct asked asked = {.reservation = {.sequence = sequence,
					      .count = count,
					      .deadline_ms = UINT64_MAX,
					      .answer = note_answer}};

	if (source_take(&bench->source, sequence, count, now_ms, &taken))
		return;
	if (!source_submit(&bench->source, &asked.reservation))
		errx(1, "a reservation was not taken");
	while (!asked.is_answered) /* another thread submits the fetch that brings it */
		sched_yield();
}

/* Of this thread, so that other programs do not count. */
static double
processor_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	struct bench *bench = worker->bench;
	struct sequence *sequences[IN_USE];
	uint64_t end_us = clock_us() + bench->duration_us, steps = 0, now_us;
	double began_ns = processor_ns();

	for (; clock_us() < end_us; steps += 256)
		for (unsigned i = 0; i < 256; i++)
			(void)find(bench, next_name(worker));
	worker->find_ns = (processor_ns() - began_ns) / (double)steps;
	for (unsigned i = 0; i < IN_USE; i++)
		sequences[i] = find(bench, i * (bench->names / IN_USE));
	began_ns = processor_ns();
	end_us = clock_us() + bench->duration_us;
	for (steps = 0; (now_us = clock_us()) < end_us; steps += 256)
		for (unsigned i = 0; i < 256; i++)
			take(bench, sequences[next_name(worker) / (bench->names / IN_USE)], 1,
			     now_us / 1000);
	worker->take_ns = (processor_ns() - began_ns) / (double)steps;
	return NULL;
}

/* Hold numbers of each name: its rate is known after two windows of use. */
static void
warm(struct bench *bench)
{
	for (unsigned round = 0; round < 2; round++) {
		uint64_t until_ms = clock_ms() + 101;

		for (unsigned i = 0; i < bench->names; i++)
			take(bench, find(bench, i), 1000, clock_ms());
		while (clock_ms() < until_ms)
			usleep(1000);
	}
}

/* The resident bytes of a name that is KNOWN, and HELD more if numbers of it are held. */
static bool
report_bytes(size_t known, size_t held)
{
	printf("%u names: %zu resident bytes a name known (at most %d), %zu with numbers held (at "
	       "most %d)\n",
	       MOST_NAMES, known, KNOWN_BYTES, known + held, HELD_BYTES);
	return known <= KNOWN_BYTES && known + held <= HELD_BYTES;
}

/* False: a name takes too many bytes. Only the first call measures them, because later ones use freed memory. */
static bool
measure(unsigned names, unsigned threads, uint64_t duration_us)
{
	struct directory_settings of_names = {
		.most = MOST_NAMES, .per_second = MOST_NAMES, .miss_ms = 1, .hash_key = {{1, 2}}};
	struct held_settings of_held = {.ahead_ms = 1000,
					.most = UINT64_MAX / 2,
					.pool_timeout_ms = 1000,
					.outage_ms = 3600000};
	struct worker workers[MOST_THREADS] = {0};
	size_t begin = resident_bytes(), known;
	struct bench bench = {.names = names, .duration_us = duration_us};
	struct held *held;
	bool is_small = true;

	bench.directory = directory_new(&of_names);
	for (unsigned i = 0; i < names; i++)
		(void)find(&bench, i);
	known = resident_bytes();
	of_held.source = (struct source){.submit = submit, .self = &bench};
	held = held_new(&of_held);
	bench.source = held_source(held);
	warm(&bench);
	if (known > begin + MOST_NAMES)
		is_small =
			report_bytes((known - begin) / names, (resident_bytes() - known) / names);
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){.bench = &bench, .seed = i + 1};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			errx(1, "cannot create a thread");
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	printf("%6u names, %u threads: find %4.0f ns, take %4.0f ns\n", names, threads,
	       workers[0].find_ns, workers[0].take_ns);
	held_stop(held);
	held_free(held);
	directory_free(bench.directory);
	return is_small;
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	uint64_t duration_us = (uint64_t)(seconds * 1e6);

	bool is_small = measure(MOST_NAMES, 1, duration_us);

	(void)measure(IN_USE, 1, duration_us);
	(void)measure(MOST_NAMES, 2, duration_us);
	(void)measure(IN_USE, 2, duration_us);
	return is_small ? 0 : 1;
}
