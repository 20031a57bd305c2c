/*
 * Move sequences in several sessions until SIGTERM, and open a lost session again. Each line of the output has the
 * clock and a range of numbers that a clean statement brought:
 *
 *	NAME FIRST LAST CLOCK
 *
 * The statement that is under way when the database dies brings no line.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "contract.h"

#define SESSIONS 3
#define KEYS	 5 /* of a statement */
#define NAMES	 30

struct load {
	struct contract *contract;
	unsigned number;
	unsigned seed;
};

static _Atomic bool load_is_over;

static void
load_write(const struct store_move *moves, const struct ticket_range *clock)
{
	char memory[1024];
	struct text lines = TEXT_OVER(memory);

	for (unsigned i = 0; i < KEYS; i++)
		text_addf(&lines, "%.*s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", moves[i].name_len,
			  moves[i].name, moves[i].newest - moves[i].count + 1, moves[i].newest,
			  clock->first + clock->count - 1);
	if (write(STDOUT_FILENO, memory, lines.len) != (ssize_t)lines.len)
		load_is_over = true;
}

static enum store_result
load_move(struct load *load, struct store_session *session, struct text *reason)
{
	char names[KEYS][32];
	struct store_move moves[KEYS];
	struct store_order order = {.moves = moves, .moves_count = KEYS};
	struct ticket_range clock;
	unsigned from = (unsigned)rand_r(&load->seed) % NAMES;
	enum store_result result;

	for (unsigned i = 0; i < KEYS; i++) {
		int len = snprintf(names[i], sizeof(names[i]), "load/%u", (from + 7 * i) % NAMES);

		moves[i] = (struct store_move){
			.name = names[i],
			.name_len = (uint8_t)len,
			.count = 1 + (uint32_t)rand_r(&load->seed) % 3,
		};
		order.count += moves[i].count;
	}
	result = load->contract->store->reserve(session, &order, &clock, reason);
	if (result == STORE_OK)
		load_write(moves, &clock);
	return result;
}

static void *
load_run(void *arg)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	struct load *load = arg;
	const struct store *store = load->contract->store;
	struct store_session *session = NULL;

	store->thread_begin();
	while (!load_is_over) {
		char words[512];
		struct text reason = TEXT_OVER(words);
		enum store_result result;

		if (session == NULL &&
		    store->open(load->contract->settings, &session, &reason) != STORE_OK) {
			session = NULL;
			nanosleep(&pause, NULL);
			continue;
		}
		result = load_move(load, session, &reason);
		if (result == STORE_OK || result == STORE_BUSY)
			continue;
		fprintf(stderr, "# %d %s\n", result, words);
		store->close(session);
		session = NULL;
	}
	if (session != NULL)
		store->close(session);
	store->thread_end();
	return NULL;
}

int
contract_load(struct contract *contract)
{
	pthread_t threads[SESSIONS];
	struct load loads[SESSIONS];
	sigset_t ends;
	int signal;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	for (unsigned i = 0; i < SESSIONS; i++) {
		loads[i] = (struct load){contract, i, i + 1};
		if (pthread_create(&threads[i], NULL, load_run, &loads[i]) != 0)
			return 2;
	}
	sigwait(&ends, &signal);
	load_is_over = true;
	for (unsigned i = 0; i < SESSIONS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
