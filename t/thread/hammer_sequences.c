/*
 * hammer_sequences -- threads reserve numbers of many named sequences from a pool over the memory store, which fails
 * in many ways, as fast as they can. Speaks TAP.
 *
 * Each thread keeps a fixed number of reservations out, withdraws some at random, and checks every answer. None of
 * its numbers was issued before, and the numbers of a sequence rise for each thread. Meanwhile an operator
 * changes policies, and in one phase the database is replaced by an older copy. The last phase stops the pool.
 *
 * Run it under the thread sanitizer too.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "pool/pool.h"
#include "store/memory.h"
#include "tap.h"

#define CLIENTS	     3
#define SESSIONS     3
#define SLOTS	     160 /* so that more than STORE_MOST_MOVES sequences wait at times */
#define NAMES	     600
#define CHUNK	     (UINT64_C(1) << 16) /* numbers */
#define CHUNKS	     1024		 /* of each sequence */
#define ENDLESS	     UINT32_MAX		 /* reservations: the main thread ends the phase */
#define STOP_MS	     30000
#define MOST_SECONDS 240 /* then the kernel ends the program */

#define MAY(status) (1u << (status))

struct phase {
	const char *promise;
	unsigned reservations; /* for each client */
	unsigned timeout_ms;
	unsigned reserve_us;
	unsigned fail_every;
	enum store_result failure;
	bool loses_after;
	bool goes_back; /* the database is replaced by an older copy, and an operator acts */
	unsigned may;	/* statuses that an answer may have besides TICKET_OK */
};

static const struct phase phases[] = {
	{.promise = "a good database answers everything",
	 .reservations = 20000,
	 .timeout_ms = 60000},
	{.promise = "a slow one too", .reservations = 4000, .timeout_ms = 60000, .reserve_us = 300},
	{.promise = "a session lost after it moved sequences leaves gaps, and no duplicate",
	 .reservations = 4000,
	 .timeout_ms = 60000,
	 .fail_every = 7,
	 .failure = STORE_LOST,
	 .loses_after = true,
	 .may = MAY(TICKET_DATABASE_FAILED)},
	{.promise = "a busy database is asked again",
	 .reservations = 2000,
	 .timeout_ms = 60000,
	 .fail_every = 5,
	 .failure = STORE_BUSY},
	{.promise = "a failure fails the reservations",
	 .reservations = 4000,
	 .timeout_ms = 60000,
	 .fail_every = 5,
	 .failure = STORE_FAILED,
	 .may = MAY(TICKET_DATABASE_FAILED)},
	{.promise = "an older copy of the database repeats no number",
	 .reservations = ENDLESS,
	 .timeout_ms = 60000,
	 .reserve_us = 200,
	 .goes_back = true,
	 .may = MAY(TICKET_DATABASE_REFUSED)},
};

static const struct phase last_phase = {
	.promise = "a stop in the middle of work answers everything",
	.reservations = ENDLESS,
	.timeout_ms = 60000,
	.reserve_us = 200,
	.may = MAY(TICKET_DRAINING) | MAY(TICKET_DATABASE_FAILED),
};

/* --- sequences ----------------------------------------------------------------------------------- */

static struct sequence sequences[NAMES];
static char names[NAMES][8];

/* A bit for each number that was issued. A raise leaves many chunks out. */
struct chunk {
	_Atomic uint64_t bits[CHUNK / 64];
};
static struct chunk *_Atomic chunks[NAMES][CHUNKS];
static pthread_mutex_t policies = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned changes;

static uint32_t
revision_of(struct sequence *sequence)
{
	uint32_t revision;

	pthread_mutex_lock(&policies);
	revision = sequence->policy.revision;
	pthread_mutex_unlock(&policies);
	return revision;
}

static bool
note_policy(void *arg, struct sequence *sequence, uint32_t seen,
	    const struct sequence_policy *policy, struct text *reason)
{
	(void)arg;
	(void)seen;
	(void)reason;
	pthread_mutex_lock(&policies);
	sequence->policy = *policy;
	pthread_mutex_unlock(&policies);
	changes++;
	return true;
}

static struct chunk *
chunk_of(const struct sequence *sequence, uint64_t number)
{
	struct chunk *_Atomic *place = &chunks[sequence - sequences][number / CHUNK];
	struct chunk *before = *place, *made;

	if (before != NULL)
		return before;
	made = xcalloc(1, sizeof(*made));
	if (atomic_compare_exchange_strong(place, &before, made))
		return made;
	free(made);
	return before;
}

static void
note_number(const struct sequence *sequence, uint64_t number)
{
	uint64_t bit = UINT64_C(1) << (number % 64);

	if (number / CHUNK >= CHUNKS)
		tap_complain("number %" PRIu64 " is beyond the memory of this test", number);
	else if (atomic_fetch_or(&chunk_of(sequence, number)->bits[number % CHUNK / 64], bit) & bit)
		tap_complain("number %" PRIu64 " of %.*s was issued twice", number,
			     sequence->name_len, sequence->name);
}

/* --- clients -------------------------------------------------------------------------------------- */

struct slot {
	struct reservation reservation;
	bool is_out; /* the client's own */
	uint64_t floor;
};

struct client {
	pthread_t thread;
	struct source source; /* the pool */
	const struct phase *phase;
	unsigned seed;
	struct slot slots[SLOTS];
	uint64_t highest[NAMES];
	unsigned left, out;
	uint64_t issued;

	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct mail_list answered; /* under the mutex */
};

static _Atomic bool is_over;	/* the clients submit no more */
static _Atomic unsigned halted; /* clients that have noticed */

static void
note_answer(struct reservation *reservation)
{
	struct client *client = reservation->owner;

	pthread_mutex_lock(&client->mutex);
	TAILQ_INSERT_TAIL(&client->answered, &reservation->mail, link);
	pthread_cond_signal(&client->changed);
	pthread_mutex_unlock(&client->mutex);
}

static void
submit(struct client *client, struct slot *slot)
{
	unsigned dice = (unsigned)rand_r(&client->seed);
	unsigned chosen = dice % 4 == 0 ? dice / 4 % 10 : dice / 4 % NAMES;

	slot->reservation = (struct reservation){
		.sequence = &sequences[chosen],
		.revision = revision_of(&sequences[chosen]),
		.count = dice % 64 == 0 ? 2000 : 1 + dice % 8,
		.deadline_ms = clock_ms() + client->phase->timeout_ms,
		.answer = note_answer,
		.owner = client,
	};
	slot->floor = client->highest[chosen];
	slot->is_out = true;
	client->out++;
	client->left--;
	if (!source_submit(&client->source, &slot->reservation))
		abort();
}

static void
check(struct client *client, struct slot *slot)
{
	const struct reservation *reservation = &slot->reservation;
	uint64_t *highest = &client->highest[reservation->sequence - sequences];
	uint64_t first = reservation->bases.first;

	if (reservation->bases.count != reservation->count || reservation->bases.increment != 1)
		tap_complain("the numbers are not those that were wanted");
	if (first <= slot->floor)
		tap_complain("%" PRIu64 " is not above %" PRIu64, first, slot->floor);
	for (uint32_t i = 0; i < reservation->count; i++)
		note_number(reservation->sequence, first + i);
	if (first + reservation->count - 1 > *highest)
		*highest = first + reservation->count - 1;
	client->issued++;
}

static void
finish(struct client *client, struct mail *mail)
{
	struct slot *slot = CONTAINER_OF(mail, struct slot, reservation.mail);
	enum ticket_status status = slot->reservation.status;

	if (!slot->is_out)
		tap_complain("a reservation was answered twice");
	slot->is_out = false;
	client->out--;
	if (status == TICKET_OK)
		check(client, slot);
	else if (!(client->phase->may & MAY(status)))
		tap_complain("an answer is %s: %s", ticket_status_name(status),
			     slot->reservation.reason);
}

static void
wait_for_answers(struct client *client)
{
	struct mail_list answered = TAILQ_HEAD_INITIALIZER(answered);
	struct mail *mail;

	pthread_mutex_lock(&client->mutex);
	while (TAILQ_EMPTY(&client->answered))
		pthread_cond_wait(&client->changed, &client->mutex);
	TAILQ_CONCAT(&answered, &client->answered, link);
	pthread_mutex_unlock(&client->mutex);
	while ((mail = TAILQ_FIRST(&answered)) != NULL) {
		TAILQ_REMOVE(&answered, mail, link);
		finish(client, mail);
	}
}

static void
withdraw_one(struct client *client)
{
	struct slot *slot = &client->slots[(unsigned)rand_r(&client->seed) % SLOTS];

	if (!slot->is_out || !source_withdraw(&client->source, &slot->reservation))
		return;
	slot->is_out = false;
	client->out--;
}

static void *
client_main(void *arg)
{
	struct client *client = arg;

	while (client->left > 0 && !is_over) {
		for (unsigned i = 0; i < SLOTS && client->left > 0; i++)
			if (!client->slots[i].is_out)
				submit(client, &client->slots[i]);
		if (rand_r(&client->seed) % 4 == 0)
			withdraw_one(client);
		if (client->out > 0)
			wait_for_answers(client);
	}
	halted++;
	while (client->out > 0)
		wait_for_answers(client);
	return NULL;
}

/* --- the operator, and the world ------------------------------------------------------------------- */

static struct memory_script script;
static struct store_settings guest = {.own = &script, .is_guest = true};

static void
act_as_operator(bool releases, unsigned *seed)
{
	/* Each in turn, because a policy that changes twice in a moment may fail a reservation. */
	const struct store *store = &memory_sequences_store;
	const struct sequence *sequence = &sequences[++*seed % NAMES];
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
	char memory[256];
	struct text reason = TEXT_OVER(memory);
	struct store_session *session;
	enum store_declared declared;

	policy.most = SEQUENCE_MOST - *seed;
	if (store->open(&guest, &session, &reason) != STORE_OK)
		abort();
	if (releases ? store->note_advance(session, 0, &reason) != STORE_OK
		     : store->declare(session, sequence->name, sequence->name_len, &policy,
				      &declared, &reason) != STORE_OK)
		abort();
	store->close(session);
}

static void
set_script(const struct phase *phase)
{
	memory_script_lock(&script);
	script.reserve_us = phase->reserve_us;
	script.sequences.fail_every = phase->fail_every;
	script.sequences.failure = phase->failure;
	script.sequences.loses_after = phase->loses_after;
	memory_script_unlock(&script);
}

static bool
is_refused(struct pool *pool)
{
	struct pool_view view;

	pool_view(pool, &view);
	return view.health.is_refused;
}

static bool
is_ready(struct pool *pool)
{
	struct pool_view view;

	pool_view(pool, &view);
	return view.health.is_ready;
}

/* Replace the database by a copy that is older, while the clients go on, until an operator acts. */
static void
go_back(struct pool *pool, unsigned *seed)
{
	memory_script_lock(&script);
	memory_sequences_keep_copy(&script.sequences);
	memory_script_unlock(&script);
	usleep(100000);
	memory_script_lock(&script);
	memory_sequences_restore_copy(&script.sequences);
	memory_script_unlock(&script);
	for (unsigned i = 0; i < 10000 && !is_refused(pool); i++)
		usleep(1000);
	if (!is_refused(pool))
		tap_complain("the older copy was not noticed");
	act_as_operator(true, seed);
	for (unsigned i = 0; i < 10000 && !is_ready(pool); i++)
		usleep(1000);
	if (!is_ready(pool))
		tap_complain("the database was not trusted again");
	usleep(300000);
	is_over = true;
}

/* --- phases ------------------------------------------------------------------------------------------ */

static void
start_phase(struct client *clients, const struct phase *phase)
{
	is_over = false;
	halted = 0;
	set_script(phase);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i].phase = phase;
		clients[i].left = phase->reservations;
		clients[i].issued = 0;
		if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) != 0)
			abort();
	}
}

static void
end_phase(struct client *clients, const struct phase *phase, unsigned before)
{
	uint64_t issued = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		issued += clients[i].issued;
	}
	if (issued == 0)
		tap_complain("nothing was issued");
	tap_report(tap_complaints() == before, phase->promise);
}

static void
run_phase(struct client *clients, struct pool *pool, const struct phase *phase, unsigned *seed)
{
	unsigned before = tap_complaints();

	start_phase(clients, phase);
	if (phase->goes_back)
		go_back(pool, seed);
	for (unsigned i = 0; i < 50 && !phase->goes_back; i++) {
		act_as_operator(false, seed);
		usleep(1000);
	}
	end_phase(clients, phase, before);
}

static void
run_last_phase(struct client *clients, struct pool *pool)
{
	unsigned before = tap_complaints();

	start_phase(clients, &last_phase);
	usleep(200000);
	is_over = true;
	while (halted < CLIENTS)
		usleep(100);
	if (!pool_stop(pool, clock_ms() + STOP_MS))
		tap_complain("the pool's threads have not ended in time");
	end_phase(clients, &last_phase, before);
}

int
main(void)
{
	static struct client clients[CLIENTS];
	struct pool_settings settings = {
		.store = &memory_sequences_store,
		.database = {.own = &script, .space = {1, 0, 1}},
		.sessions = SESSIONS,
		.name = "memory",
		.policies = {note_policy, NULL},
	};
	unsigned seed = 1;
	struct pool *pool;

	alarm(MOST_SECONDS);
	log_begin(LOG_LEVEL_ERROR);
	memory_script_init(&script);
	script.identity = "00000000000000000000000000000001";
	memory_sequences_store.claim(&guest);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof(names[i]), "s%03u", i);
		sequences[i] = (struct sequence){
			.name = names[i], .name_len = 4, .policy = SEQUENCE_DEFAULT_POLICY};
	}
	pool = pool_new(&settings);
	if (!pool_start(pool))
		abort();
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i].source = pool_source(pool);
		clients[i].seed = i + 1;
		pthread_mutex_init(&clients[i].mutex, NULL);
		pthread_cond_init(&clients[i].changed, NULL);
		TAILQ_INIT(&clients[i].answered);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(phases); i++)
		run_phase(clients, pool, &phases[i], &seed);
	run_last_phase(clients, pool);
	tap_report(changes > 0, "policies were changed under way");
	tap_report(script.sequences.opened == script.sequences.closed,
		   "every session that was opened is closed");
	pool_free(pool);
	memory_sequences_store.release(&guest);
	for (unsigned i = 0; i < NAMES; i++)
		for (unsigned j = 0; j < CHUNKS; j++)
			free(chunks[i][j]);
	memory_script_destroy(&script);
	return tap_end();
}
