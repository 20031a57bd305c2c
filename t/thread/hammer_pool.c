/*
 * hammer_pool -- loops submit, as fast as they can, to a pool over the memory store, which fails in every
 * way it can. Speaks TAP.
 *
 * Each loop keeps a fixed number of reservations out. It withdraws some at random, and all that have
 * expired. It checks that every answer was owed and comes once, and that none of its bases was issued
 * before. The last phase stops the pool at work.
 *
 * Run it under the thread sanitizer too. It is a plain program, because Criterion does not run there.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "behaviour.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "pool/pool.h"
#include "tap.h"

#define CLIENTS	     3
#define SESSIONS     4
#define SLOTS	     24
#define INCREMENT    3
#define MOST_BASE    (UINT64_C(1) << 26)
#define TICK_MS	     2
#define STOP_MS	     30000
#define MOST_SECONDS 240 /* then the kernel ends the program */

#define MAY(status) (1u << (status))

/* --- what is known ---------------------------------------------------------------------------- */

static _Atomic uint64_t *bitmap; /* a bit for each issued base */

static void
note_base(uint64_t base)
{
	uint64_t bit = UINT64_C(1) << (base % 64);

	if (base >= MOST_BASE)
		tap_complain("base %" PRIu64 " is beyond what this test can count", base);
	else if (atomic_fetch_or(&bitmap[base / 64], bit) & bit)
		tap_complain("base %" PRIu64 " was handed out twice", base);
}

/* --- phases ------------------------------------------------------------------------------------- */

struct phase {
	const char *promise;
	unsigned reservations; /* for each client */
	unsigned timeout_ms;
	struct behaviour database;
	unsigned may;  /* statuses an answer may have besides TICKET_OK */
	unsigned must; /* statuses that some answer must have */
};

static const struct phase phases[] = {
	{.promise = "a good database answers everything",
	 .reservations = 8000,
	 .timeout_ms = 60000,
	 .must = MAY(TICKET_OK)},
	{.promise = "a slow database answers everything",
	 .reservations = 1000,
	 .timeout_ms = 60000,
	 .database.reserve_us = 300,
	 .must = MAY(TICKET_OK)},
	{.promise = "a reservation survives the loss of a session that did nothing",
	 .reservations = 3000,
	 .timeout_ms = 60000,
	 .database.fail_every = 20,
	 .database.failure = STORE_LOST,
	 .may = MAY(TICKET_DATABASE_FAILED),
	 .must = MAY(TICKET_OK)},
	{.promise =
		 "a reservation survives the loss of a session that moved the counter, with a gap",
	 .reservations = 3000,
	 .timeout_ms = 60000,
	 .database.fail_every = 20,
	 .database.failure = STORE_LOST,
	 .database.loses_after = true,
	 .may = MAY(TICKET_DATABASE_FAILED),
	 .must = MAY(TICKET_OK)},
	{.promise = "a second loss fails the reservation",
	 .reservations = 500,
	 .timeout_ms = 60000,
	 .database.fail_every = 1,
	 .database.failure = STORE_LOST,
	 .database.loses_after = true,
	 .may = MAY(TICKET_DATABASE_FAILED),
	 .must = MAY(TICKET_DATABASE_FAILED)},
	{.promise = "a busy database is retried",
	 .reservations = 500,
	 .timeout_ms = 60000,
	 .database.fail_every = 7,
	 .database.failure = STORE_BUSY,
	 .must = MAY(TICKET_OK)},
	{.promise = "a database that stays busy fails the reservation at its deadline",
	 .reservations = 60,
	 .timeout_ms = 100,
	 .database.fail_every = 1,
	 .database.failure = STORE_BUSY,
	 .may = MAY(TICKET_DATABASE_FAILED) | MAY(TICKET_TIMED_OUT),
	 .must = MAY(TICKET_DATABASE_FAILED)},
	{.promise = "a refusal fails the reservation",
	 .reservations = 1000,
	 .timeout_ms = 60000,
	 .database.fail_every = 10,
	 .database.failure = STORE_FAILED,
	 .may = MAY(TICKET_DATABASE_FAILED),
	 .must = MAY(TICKET_OK) | MAY(TICKET_DATABASE_FAILED)},
	{.promise = "a counter at its end is not a refusal",
	 .reservations = 300,
	 .timeout_ms = 60000,
	 .database.fail_every = 3,
	 .database.failure = STORE_EXHAUSTED,
	 .may = MAY(TICKET_EXHAUSTED),
	 .must = MAY(TICKET_EXHAUSTED)},
	{.promise = "while the database is away each reservation ends at its deadline",
	 .reservations = 150,
	 .timeout_ms = 50,
	 .database.fail_every = 1,
	 .database.failure = STORE_LOST,
	 .database.loses_after = true,
	 .database.open_result = STORE_LOST,
	 .may = MAY(TICKET_DATABASE_FAILED) | MAY(TICKET_TIMED_OUT),
	 .must = MAY(TICKET_TIMED_OUT)},
	{.promise = "when the database is back everything is answered",
	 .reservations = 3000,
	 .timeout_ms = 60000,
	 .must = MAY(TICKET_OK)},
};

/* The pool stops before so many are done. */
static const struct phase last_phase = {
	.promise = "a stop in the middle of work answers everything",
	.reservations = 1000000,
	.timeout_ms = 60000,
	.database.reserve_us = 500,
	.database.fail_every = 5,
	.database.failure = STORE_LOST,
	.database.loses_after = true,
	.may = MAY(TICKET_DATABASE_FAILED) | MAY(TICKET_DRAINING),
	.must = MAY(TICKET_OK),
};

/* --- clients: a loop each ------------------------------------------------------------------------ */

struct slot {
	struct reservation reservation;
	bool is_out;
	uint64_t floor; /* a base that was issued before this was submitted */
};

struct client {
	pthread_t thread;
	struct event_base *base;
	struct mailbox *mailbox;
	struct event *tick;
	struct source source; /* the pool */
	struct mail order;    /* the main thread's, one at a time */
	const struct phase *phase;
	unsigned seed;

	struct slot slots[SLOTS];
	unsigned out;
	unsigned left; /* to submit in this phase */
	uint64_t highest;
	unsigned seen; /* statuses of this phase */
	uint64_t submitted, answered, withdrawn;
};

/* Counts that the main thread waits for. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned idle;	   /* clients that have nothing out and nothing left */
	unsigned halted;   /* clients that submit no more */
	uint64_t answered; /* in this phase */
} board = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};

static void
note_progress(struct client *client)
{
	pthread_mutex_lock(&board.mutex);
	board.answered++;
	if (client->out == 0 && client->left == 0)
		board.idle++;
	pthread_mutex_unlock(&board.mutex);
	pthread_cond_signal(&board.changed);
}

static uint32_t
some_count(struct client *client)
{
	unsigned dice = (unsigned)rand_r(&client->seed) % 64;

	if (dice == 0)
		return 3000;
	return dice % 16 + 1;
}

static void open_answer(struct mail *mail);

/* Runs in a pool thread. */
static void
post_answer(struct reservation *reservation)
{
	struct client *client = reservation->owner;

	reservation->mail.open = open_answer;
	mailbox_post(client->mailbox, &reservation->mail);
}

static void
submit(struct client *client, struct slot *slot)
{
	slot->reservation = (struct reservation){
		.count = some_count(client),
		.deadline_ms = clock_ms() + client->phase->timeout_ms,
		.answer = post_answer,
		.owner = client,
	};
	slot->is_out = true;
	slot->floor = client->highest;
	client->out++;
	client->left--;
	client->submitted++;
	if (!source_submit(&client->source, &slot->reservation))
		abort();
}

static void withdraw(struct client *client, struct slot *slot);

static void
fill(struct client *client)
{
	for (unsigned i = 0; i < SLOTS && client->left > 0; i++)
		if (!client->slots[i].is_out)
			submit(client, &client->slots[i]);
	if (rand_r(&client->seed) % 16 == 0)
		withdraw(client, &client->slots[(unsigned)rand_r(&client->seed) % SLOTS]);
}

/* SLOT was answered or withdrawn. */
static void
finish(struct client *client, struct slot *slot, enum ticket_status status)
{
	slot->is_out = false;
	client->out--;
	client->seen |= MAY(status);
	note_progress(client);
}

static void
withdraw(struct client *client, struct slot *slot)
{
	if (!slot->is_out || !source_withdraw(&client->source, &slot->reservation))
		return;
	if (slot->reservation.reason[0] == '\0')
		tap_complain("a reservation was withdrawn without a reason");
	client->withdrawn++;
	finish(client, slot, TICKET_TIMED_OUT);
}

static void
check_bases(struct client *client, const struct slot *slot)
{
	const struct ticket_range *bases = &slot->reservation.bases;

	if (bases->count != slot->reservation.count)
		tap_complain("%u bases were given for %u", bases->count, slot->reservation.count);
	if (bases->first <= slot->floor)
		tap_complain("the bases are not above one that was handed out before");
	if (bases->increment != INCREMENT || bases->first % INCREMENT != 1)
		tap_complain("the bases are not the progression that was reserved");
	for (uint32_t i = 0; i < bases->count; i++)
		note_base(bases->first + i * bases->increment);
	if (bases->first > client->highest)
		client->highest = bases->first;
}

static void
open_answer(struct mail *mail)
{
	struct slot *slot = CONTAINER_OF(mail, struct slot, reservation.mail);
	struct client *client = slot->reservation.owner;
	enum ticket_status status = slot->reservation.status;

	if (!slot->is_out)
		tap_complain("a reservation was answered that nobody had submitted");
	if (!((client->phase->may | MAY(TICKET_OK)) & MAY(status)))
		tap_complain("an answer is %s", ticket_status_name(status));
	if (status == TICKET_OK)
		check_bases(client, slot);
	else if (slot->reservation.reason[0] == '\0')
		tap_complain("an answer is %s without a reason", ticket_status_name(status));
	client->answered++;
	finish(client, slot, status);
	fill(client);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	uint64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < SLOTS; i++)
		if (client->slots[i].is_out && client->slots[i].reservation.deadline_ms <= now_ms)
			withdraw(client, &client->slots[i]);
	fill(client);
	loop_event_in(client->tick, TICK_MS);
}

static void *
client_main(void *arg)
{
	struct client *client = arg;

	loop_event_in(client->tick, TICK_MS);
	event_base_dispatch(client->base);
	return NULL;
}

/* --- orders from the main thread ------------------------------------------------------------------ */

static void
open_start(struct mail *mail)
{
	struct client *client = CONTAINER_OF(mail, struct client, order);

	client->left = client->phase->reservations;
	client->seen = 0;
	fill(client);
}

static void
open_halt(struct mail *mail)
{
	struct client *client = CONTAINER_OF(mail, struct client, order);

	client->left = 0;
	pthread_mutex_lock(&board.mutex);
	board.halted++;
	pthread_mutex_unlock(&board.mutex);
	pthread_cond_signal(&board.changed);
}

static void
open_end(struct mail *mail)
{
	event_base_loopbreak(CONTAINER_OF(mail, struct client, order)->base);
}

static void
order_all(struct client *clients, void (*open)(struct mail *mail))
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i].order.open = open;
		mailbox_post(clients[i].mailbox, &clients[i].order);
	}
}

/* Until COUNT, one of the board's, is all clients, or so many were ANSWERED. */
static void
wait_for_all(const unsigned *count, uint64_t answered)
{
	pthread_mutex_lock(&board.mutex);
	while (*count < CLIENTS && board.answered < answered)
		pthread_cond_wait(&board.changed, &board.mutex);
	board.idle = 0;
	board.answered = 0;
	pthread_mutex_unlock(&board.mutex);
}

static void
start_phase(struct client *clients, struct memory_script *script, const struct phase *phase)
{
	set_behaviour(script, &phase->database);
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i].phase = phase;
	order_all(clients, open_start);
}

/* Each reservation is back: the clients rest, and their numbers may be read. */
static void
judge_phase(const struct client *clients, const struct phase *phase, unsigned complaints_before)
{
	unsigned seen = 0;
	bool is_even = true;

	for (unsigned i = 0; i < CLIENTS; i++) {
		seen |= clients[i].seen;
		is_even = is_even && clients[i].out == 0 &&
			  clients[i].submitted == clients[i].answered + clients[i].withdrawn;
	}
	if (!is_even)
		tap_complain("some reservations were not answered exactly once");
	if ((seen & phase->must) != phase->must)
		tap_complain("statuses seen: %#x, expected: %#x", seen, phase->must);
	tap_report(tap_complaints() == complaints_before, phase->promise);
}

static void
run_phase(struct client *clients, struct memory_script *script, const struct phase *phase)
{
	unsigned before = tap_complaints();

	start_phase(clients, script, phase);
	wait_for_all(&board.idle, UINT64_MAX);
	judge_phase(clients, phase, before);
}

/* The loops still run, and withdraw, while the pool stops. */
static void
run_last_phase(struct client *clients, struct memory_script *script, struct pool *pool)
{
	unsigned before = tap_complaints();

	start_phase(clients, script, &last_phase);
	wait_for_all(&board.idle, 2000);
	order_all(clients, open_halt);
	wait_for_all(&board.halted, UINT64_MAX);
	if (!pool_stop(pool, clock_ms() + STOP_MS))
		tap_complain("the pool's threads have not ended in time");
	order_all(clients, open_end);
	for (unsigned i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		mailbox_open_all(clients[i].mailbox);
	}
	judge_phase(clients, &last_phase, before);
}

/* --- all of it -------------------------------------------------------------------------------------- */

static void
start_client(struct client *client, struct pool *pool, unsigned seed)
{
	client->source = pool_source(pool);
	client->seed = seed;
	client->base = loop_base_new();
	client->mailbox = mailbox_new(client->base);
	client->tick = loop_event_new(client->base, -1, 0, on_tick, client);
	client->phase = &phases[0];
	if (pthread_create(&client->thread, NULL, client_main, client) != 0)
		abort();
}

static void
free_client(struct client *client)
{
	event_free(client->tick);
	mailbox_free(client->mailbox);
	event_base_free(client->base);
}

int
main(void)
{
	static struct client clients[CLIENTS];
	struct memory_script script;
	struct pool_settings settings = {
		.store = &memory_store,
		.database.own = &script,
		.sessions = SESSIONS,
		.name = "memory",
	};
	struct pool *pool;

	alarm(MOST_SECONDS);
	log_begin(LOG_LEVEL_ERROR);
	loop_library_begin();
	bitmap = xcalloc(MOST_BASE / 64, sizeof(*bitmap));
	memory_script_init(&script);
	script.increment = INCREMENT;
	pool = pool_new(&settings);
	if (!pool_start(pool))
		abort();
	for (unsigned i = 0; i < CLIENTS; i++)
		start_client(&clients[i], pool, i + 1);

	for (size_t i = 0; i < ARRAY_LENGTH(phases); i++)
		run_phase(clients, &script, &phases[i]);
	run_last_phase(clients, &script, pool);
	tap_report(script.opened == script.closed, "every session that was opened is closed");
	tap_report(script.newest < MOST_BASE, "every base was counted");

	pool_free(pool);
	for (unsigned i = 0; i < CLIENTS; i++)
		free_client(&clients[i]);
	memory_script_destroy(&script);
	free(bitmap);
	loop_library_end();
	return tap_end();
}
