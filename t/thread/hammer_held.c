/*
 * hammer_held -- threads take and reserve numbers of a few weak sequences, while strong reservations, refusals
 * and failures happen. Speaks TAP.
 *
 * Run it under the thread sanitizer too. A plain program, because Criterion does not run there.
 *
 * The threads of a pool commit each fetch, rest for a while at random, and then answer it. So answers come in
 * another order than the commits, and some committed numbers are lost.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "held/held.h"
#include "tap.h"

#define CLIENTS	     6
#define SESSIONS     3
#define SEQUENCES    5
#define RUN_MS	     4000
#define PATIENCE_MS  200
#define MOST_COUNT   20
#define MOST_NUMBERS (64u << 20) /* of a sequence; more are not checked for repetition */
#define MOST_SECONDS 120	 /* then the kernel ends the program */

static const struct ticket_space space = {1, 0, 1};

static struct sequence sequences[SEQUENCES];
static struct held *held;
static struct source source;
static _Atomic bool is_ending, is_over;

/* The database: the newest number of each sequence, and the highest one that a client has received. */
static _Atomic uint64_t newest[SEQUENCES];
static _Atomic uint64_t highest[SEQUENCES];
static _Atomic uint8_t *issued[SEQUENCES]; /* a bit for each number */
static _Atomic uint64_t weak_answers, strong_answers, from_memory;

/* --- the pool ---------------------------------------------------------------------------------- */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct mail_list queue;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static bool
pool_submit(void *self, struct reservation *reservation)
{
	bool is_queued;

	(void)self;
	pthread_mutex_lock(&pool.mutex);
	is_queued = reservation_queue(reservation);
	if (is_queued) {
		TAILQ_INSERT_TAIL(&pool.queue, &reservation->mail, link);
		pthread_cond_signal(&pool.filled);
	}
	pthread_mutex_unlock(&pool.mutex);
	return is_queued;
}

static void
pool_explain(void *self, struct text *reason)
{
	(void)self;
	text_add(reason, "busy");
}

/* NULL: the pool ends. */
static struct reservation *
pool_next(void)
{
	struct mail *mail;

	pthread_mutex_lock(&pool.mutex);
	while ((mail = TAILQ_FIRST(&pool.queue)) == NULL && !atomic_load(&is_over))
		pthread_cond_wait(&pool.filled, &pool.mutex);
	if (mail != NULL) {
		TAILQ_REMOVE(&pool.queue, mail, link);
		reservation_take(reservation_of(mail));
	}
	pthread_mutex_unlock(&pool.mutex);
	return mail != NULL ? reservation_of(mail) : NULL;
}

static struct ticket_range
commit(const struct sequence *sequence, uint32_t count)
{
	uint64_t before = atomic_fetch_add(&newest[sequence - sequences], count);

	return (struct ticket_range){before + 1, 1, count};
}

static void *
serve(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	struct reservation *reservation;

	while ((reservation = pool_next()) != NULL) {
		reservation->bases = commit(reservation->sequence, reservation->count);
		reservation->space = &space;
		reservation->status = TICKET_OK;
		if (rand_r(&seed) % 4 == 0)
			usleep((unsigned)rand_r(&seed) % 2000);
		if (rand_r(&seed) % 1000 == 0)
			usleep(300000); /* a session that hangs */
		if (rand_r(&seed) % 20 == 0)
			reservation->status =
				rand_r(&seed) % 4 == 0 ? TICKET_EXHAUSTED : TICKET_DATABASE_FAILED;
		snprintf(reservation->reason, sizeof(reservation->reason), "it failed");
		reservation->answer(reservation);
	}
	return NULL;
}

/* --- clients ----------------------------------------------------------------------------------- */

struct client {
	struct reservation reservation;
	pthread_t thread;
	unsigned seed;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	bool is_answered;
};

static void
check(unsigned i, const struct ticket_range *bases, uint64_t floor)
{
	uint64_t last = bases->first + bases->count - 1, known = atomic_load(&highest[i]);

	if (bases->first <= floor)
		tap_complain("sequence %u: %llu after %llu", i, (unsigned long long)bases->first,
			     (unsigned long long)floor);
	for (uint64_t n = bases->first; n <= last && n < MOST_NUMBERS; n++)
		if (atomic_fetch_or(&issued[i][n / 8], (uint8_t)(1u << n % 8)) >> n % 8 & 1)
			tap_complain("sequence %u: %llu twice", i, (unsigned long long)n);
	while (known < last && !atomic_compare_exchange_weak(&highest[i], &known, last))
		;
}

static void
note_answer(struct reservation *reservation)
{
	struct client *client = reservation->owner;

	pthread_mutex_lock(&client->mutex);
	client->is_answered = true;
	pthread_cond_signal(&client->answered);
	pthread_mutex_unlock(&client->mutex);
}

/* Wait for the answer until UNTIL_MS. */
static bool
wait_for_answer(struct client *client, uint64_t until_ms)
{
	struct timespec until = clock_moment(until_ms);
	bool is_answered;

	pthread_mutex_lock(&client->mutex);
	while (!client->is_answered && clock_ms() < until_ms)
		pthread_cond_timedwait(&client->answered, &client->mutex, &until);
	is_answered = client->is_answered;
	pthread_mutex_unlock(&client->mutex);
	return is_answered;
}

/* False: the reservation had no numbers. */
static bool
reserve(struct client *client, struct sequence *sequence, uint32_t count)
{
	struct reservation *reservation = &client->reservation;
	uint64_t patience_ms = rand_r(&client->seed) % 8 == 0 ? 1 : PATIENCE_MS;
	bool is_submitted;

	*reservation = (struct reservation){.sequence = sequence,
					    .count = count,
					    .deadline_ms = clock_ms() + PATIENCE_MS,
					    .answer = note_answer,
					    .owner = client};
	client->is_answered = false;
	is_submitted = source_submit(&source, reservation);
	if (!is_submitted) {
		tap_complain("a reservation was not taken");
		return false;
	}
	if (!wait_for_answer(client, clock_ms() + patience_ms)) {
		if (source_withdraw(&source, reservation))
			return false;
		if (!wait_for_answer(client, clock_ms() + 1000ull * MOST_SECONDS))
			return false;
	}
	return reservation->status == TICKET_OK;
}

static void
ask_weak(struct client *client, unsigned i, uint32_t count)
{
	uint64_t floor = atomic_load(&highest[i]);
	struct ticket_piece taken;

	if (source_take(&source, &sequences[i], count, clock_ms(), &taken)) {
		atomic_fetch_add(&from_memory, 1);
		check(i, &taken.bases, floor);
	} else if (reserve(client, &sequences[i], count)) {
		check(i, &client->reservation.bases, floor);
	} else {
		return;
	}
	atomic_fetch_add(&weak_answers, 1);
}

static void
ask_strong(unsigned i, uint32_t count)
{
	uint64_t floor = atomic_load(&highest[i]);
	struct ticket_range bases = commit(&sequences[i], count);

	held_drop(held, &sequences[i]);
	check(i, &bases, floor);
	atomic_fetch_add(&strong_answers, 1);
}

static void *
run_client(void *arg)
{
	struct client *client = arg;

	while (!atomic_load(&is_ending)) {
		unsigned i = (unsigned)rand_r(&client->seed) % SEQUENCES;
		uint32_t count = 1 + (uint32_t)rand_r(&client->seed) % MOST_COUNT;
		bool is_strong = rand_r(&client->seed) % (i == 0 ? 4 : 2000) == 0;

		if (rand_r(&client->seed) % 200 == 0)
			count *= 200;
		if (is_strong)
			ask_strong(i, count);
		else
			ask_weak(client, i, count);
		if (rand_r(&client->seed) % 20000 == 0)
			held_drop_database(held, &space);
	}
	return NULL;
}

static void
start_client(struct client *client, unsigned seed)
{
	client->seed = seed;
	pthread_mutex_init(&client->mutex, NULL);
	clock_cond_init(&client->answered);
	if (pthread_create(&client->thread, NULL, run_client, client) != 0)
		abort();
}

/* --- the run ----------------------------------------------------------------------------------- */

static void
run(struct client *clients)
{
	uint64_t until_ms = clock_ms() + RUN_MS;

	for (unsigned i = 0; i < CLIENTS; i++)
		start_client(&clients[i], i + 1);
	while (clock_ms() < until_ms) {
		held_fill(held, clock_ms());
		held_see(held, &space);
		usleep(10000);
	}
	atomic_store(&is_ending, true);
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
}

int
main(void)
{
	struct held_settings settings = {
		.ahead_ms = 200,
		.most = 1000000,
		.pool_timeout_ms = PATIENCE_MS,
		.outage_ms = 10000,
		.source = {.submit = pool_submit, .explain = pool_explain}};
	static struct client clients[CLIENTS];
	pthread_t sessions[SESSIONS];
	unsigned seeds[SESSIONS];

	alarm(MOST_SECONDS);
	TAILQ_INIT(&pool.queue);
	held = held_new(&settings);
	source = held_source(held);
	for (unsigned i = 0; i < SEQUENCES; i++)
		issued[i] = xcalloc(1, MOST_NUMBERS / 8);
	for (unsigned i = 0; i < SESSIONS; i++) {
		seeds[i] = 100 + i;
		if (pthread_create(&sessions[i], NULL, serve, &seeds[i]) != 0)
			abort();
	}
	run(clients);
	held_stop(held);
	pthread_mutex_lock(&pool.mutex);
	atomic_store(&is_over, true);
	pthread_cond_broadcast(&pool.filled);
	pthread_mutex_unlock(&pool.mutex);
	for (unsigned i = 0; i < SESSIONS; i++)
		pthread_join(sessions[i], NULL);
	printf("# %llu weak answers (%llu from memory), %llu strong ones, %llu numbers abandoned\n",
	       (unsigned long long)weak_answers, (unsigned long long)from_memory,
	       (unsigned long long)strong_answers, (unsigned long long)held_abandoned(held));
	tap_report(tap_complaints() == 0,
		   "no number is issued twice, and those of a sequence rise over all threads");
	tap_report(weak_answers > 100 && strong_answers > 100 && from_memory > 100,
		   "there were answers of each kind");
	for (unsigned i = 0; i < 24; i++)
		held_fill(held, clock_ms() + 5000ull * i);
	tap_report(held_total(held) == 0, "nothing is held when the sequences are idle");
	tap_report(held_keys(held) == 0, "no memory is left of idle sequences");
	held_free(held);
	for (unsigned i = 0; i < SEQUENCES; i++)
		free(issued[i]);
	return tap_end();
}
