/* Promises about several sessions: no number twice, no deadlock, and no sequence faster than the clock. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "contract.h"

#define SESSIONS   4
#define STATEMENTS 150
#define KEYS	   12 /* of a statement */
#define NAMES	   40

/* A range of numbers of a sequence, or of the clock. */
struct piece {
	uint64_t first, last;
};

struct pieces {
	struct piece all[SESSIONS * STATEMENTS * 2];
	size_t count;
};

struct run {
	struct contract *contract;
	const char *prefix;
	unsigned names; /* 0: each statement has new ones, the same in all sessions */
	bool raises;
	pthread_mutex_t mutex;
	struct pieces clock, keys[NAMES];
	_Atomic unsigned busy, failed;
};

static void
threads_note(struct run *run, struct pieces *pieces, uint64_t last, uint32_t count)
{
	pthread_mutex_lock(&run->mutex);
	if (pieces->count < ARRAY_LENGTH(pieces->all))
		pieces->all[pieces->count++] = (struct piece){last - count + 1, last};
	pthread_mutex_unlock(&run->mutex);
}

/* Choose KEYS different names of the run, in any order. */
static void
threads_choose(const struct run *run, unsigned statement, unsigned *seed, unsigned *chosen)
{
	unsigned from = run->names > 0 ? (unsigned)rand_r(seed) % run->names : statement;
	unsigned step = 1 + 2 * ((unsigned)rand_r(seed) % 2);

	for (unsigned i = 0; i < KEYS; i++)
		chosen[i] = run->names > 0 ? (from + i * step) % run->names : i;
}

static bool
threads_move(struct run *run, struct store_session *session, unsigned statement, unsigned *seed)
{
	char words[512], names[KEYS][48];
	struct text reason = TEXT_OVER(words);
	struct store_move moves[KEYS];
	struct store_order order = {.moves = moves, .moves_count = KEYS};
	struct ticket_range clock;
	unsigned chosen[KEYS], tries = 0;
	enum store_result result;

	threads_choose(run, statement, seed, chosen);
	for (unsigned i = 0; i < KEYS; i++) {
		int len = run->names > 0 ? snprintf(names[i], sizeof(names[i]), "%s/%u",
						    run->prefix, chosen[i])
					 : snprintf(names[i], sizeof(names[i]), "%s/%u/%u",
						    run->prefix, statement, chosen[i]);

		moves[i] = (struct store_move){
			.sequence = (void *)&run->keys[chosen[i]],
			.name = names[i],
			.name_len = (uint8_t)len,
			.count = 1 + (uint32_t)rand_r(seed) % 9,
		};
		order.count += moves[i].count;
	}
	while ((result = run->contract->store->move(session, &order, &clock, &reason)) ==
		       STORE_BUSY &&
	       ++tries < 10)
		run->busy++;
	if (result != STORE_OK) {
		fprintf(stderr, "# %s\n", words);
		return false;
	}
	threads_note(run, &run->clock, clock.first + clock.count - 1, clock.count);
	for (unsigned i = 0; run->names > 0 && i < KEYS; i++)
		threads_note(run, (struct pieces *)(void *)moves[i].sequence, moves[i].newest,
			     moves[i].count);
	return true;
}

static void *
threads_run(void *arg)
{
	static _Atomic unsigned number;
	struct run *run = arg;
	char words[512];
	struct text reason = TEXT_OVER(words);
	const struct store *store = run->contract->store;
	struct store_session *session;
	unsigned seed = ++number;

	store->thread_begin();
	if (store->open(run->contract->settings, &session, &reason) != STORE_OK) {
		fprintf(stderr, "# %s\n", words);
		run->failed++;
		store->thread_end();
		return NULL;
	}
	for (unsigned i = 0; i < STATEMENTS; i++) {
		if (!threads_move(run, session, i, &seed))
			run->failed++;
		if (run->raises && i % 50 == 10) {
			uint64_t clock;

			if (store->newest(session, &clock, &reason) != STORE_OK ||
			    store->advance(session, clock + 100, &reason) != STORE_OK)
				run->failed++;
		}
	}
	store->close(session);
	store->thread_end();
	return NULL;
}

static int
threads_compare(const void *a, const void *b)
{
	const struct piece *one = a, *other = b;

	return (one->first > other->first) - (one->first < other->first);
}

static bool
threads_are_apart(struct pieces *pieces)
{
	qsort(pieces->all, pieces->count, sizeof(pieces->all[0]), threads_compare);
	for (size_t i = 1; i < pieces->count; i++)
		if (pieces->all[i].first <= pieces->all[i - 1].last)
			return false;
	return true;
}

static void
threads_all(struct contract *contract, const char *prefix, unsigned names, bool raises)
{
	struct run *run = xcalloc(1, sizeof(*run));
	pthread_t threads[SESSIONS];

	run->contract = contract;
	run->prefix = prefix;
	run->names = names;
	run->raises = raises;
	pthread_mutex_init(&run->mutex, NULL);
	for (unsigned i = 0; i < SESSIONS; i++)
		CHECK(contract, pthread_create(&threads[i], NULL, threads_run, run) == 0);
	for (unsigned i = 0; i < SESSIONS; i++)
		pthread_join(threads[i], NULL);
	CHECK(contract, run->failed == 0);
	CHECK(contract, run->busy == 0);
	CHECK(contract, run->clock.count == SESSIONS * STATEMENTS);
	CHECK(contract, threads_are_apart(&run->clock));
	for (unsigned i = 0; i < NAMES; i++)
		CHECK(contract, threads_are_apart(&run->keys[i]));
	pthread_mutex_destroy(&run->mutex);
	free(run);
}

static void
threads_same(struct contract *contract)
{
	threads_all(contract, "same", NAMES, false);
}

/* The rows of each statement are new, and all sessions make them in the same moment. */
static void
threads_new(struct contract *contract)
{
	threads_all(contract, "new", 0, false);
	for (unsigned i = 0; i < STATEMENTS; i += 10) {
		char name[48];
		uint64_t newest;

		snprintf(name, sizeof(name), "new/%u/0", i);
		newest = contract_newest(contract, name, 1);
		CHECK(contract, newest > SESSIONS);
	}
}

static void
threads_raised(struct contract *contract)
{
	threads_all(contract, "raised", NAMES, true);
}

const struct contract_test contract_threads[] = {
	{"several sessions move the same sequences without a duplicate or a deadlock",
	 threads_same},
	{"several sessions make the same sequences without a deadlock", threads_new},
	{"raises in the midst of statements make no duplicate", threads_raised},
	{NULL, NULL},
};
