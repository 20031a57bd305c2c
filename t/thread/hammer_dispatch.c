/*
 * hammer_dispatch -- clients reserve from two databases of a dispatcher, over memory stores that fail, hang,
 * go away and are drained for maintenance. Speaks TAP.
 *
 * Each client keeps a fixed number of reservations out, and withdraws those that have expired. It checks
 * that every answer was owed and comes once, and that none of its tickets was issued before. The last phase
 * stops the dispatcher at work.
 *
 * Run it under the thread sanitizer too. It is a plain program, because Criterion does not run there.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "behaviour.h"
#include "dispatch/dispatch.h"
#include "tap.h"

#define CLIENTS		3
#define SESSIONS	3
#define DATABASES	2
#define SLOTS		16
#define MOST_TICKET	(UINT64_C(1) << 27)
#define TICK_MS		2
#define POOL_TIMEOUT_MS 200 /* for attempts; reservations have their phase's */
#define PATIENCE_MS	60000
#define STOP_MS		30000
#define MOST_SECONDS	240 /* then the kernel ends the program */

static _Atomic uint64_t *bitmap; /* a bit for each issued ticket */
static struct memory_script scripts[DATABASES];
static struct dispatch *dispatch;
static struct source source; /* the dispatcher's */

/* --- phases -------------------------------------------------------------------------------------- */

struct phase {
	const char *promise;
	unsigned reservations; /* for each client */
	unsigned timeout_ms;
	struct behaviour databases[DATABASES];
	bool drains;	    /* one after the other is taken out and given back */
	bool may_time_out;  /* some may be withdrawn at their deadline */
	bool must_time_out; /* all must */
};

#define GOOD                     \
	{                        \
		.reserve_us = 50 \
	}
#define AWAY                                                                 \
	{                                                                    \
		.fail_every = 1, .failure = STORE_LOST, .loses_after = true, \
		.open_result = STORE_LOST                                    \
	}

static const struct phase phases[] = {
	{.promise = "two good databases answer everything",
	 .reservations = 6000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, GOOD}},
	{.promise = "a session lost now and then costs no answer",
	 .reservations = 3000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {{.fail_every = 20, .failure = STORE_LOST, .loses_after = true}, GOOD}},
	{.promise = "a database that refuses now and then costs no answer",
	 .reservations = 2000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, {.fail_every = 10, .failure = STORE_FAILED}}},
	{.promise = "a database at the end of its counter costs no answer",
	 .reservations = 2000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {{.fail_every = 1, .failure = STORE_EXHAUSTED}, GOOD}},
	{.promise = "a database that is always busy costs no answer",
	 .reservations = 300,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, {.fail_every = 1, .failure = STORE_BUSY}}},
	{.promise = "a database that hangs costs no answer",
	 .reservations = 2000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {{.hangs = true}, GOOD}},
	{.promise = "a database that is away costs no answer",
	 .reservations = 2000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, AWAY}},
	{.promise = "two databases that fail in turns cost no answer",
	 .reservations = 300,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {{.fail_every = 70, .failure = STORE_LOST},
		       {.fail_every = 50, .failure = STORE_LOST}}},
	{.promise = "maintenance costs no answer",
	 .reservations = 8000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, GOOD},
	 .drains = true},
	{.promise = "while all are away each reservation ends at its deadline",
	 .reservations = 40,
	 .timeout_ms = 50,
	 .databases = {AWAY, AWAY},
	 .may_time_out = true,
	 .must_time_out = true},
	{.promise = "while all hang each reservation ends at its deadline",
	 .reservations = 40,
	 .timeout_ms = 50,
	 .databases = {{.hangs = true}, {.hangs = true}},
	 .may_time_out = true,
	 .must_time_out = true},
	{.promise = "with little time every reservation is answered or withdrawn, once",
	 .reservations = 500,
	 .timeout_ms = 20,
	 .databases =
		 {{.reserve_us = 3000, .fail_every = 3, .failure = STORE_LOST, .loses_after = true},
		  {.reserve_us = 6000}},
	 .may_time_out = true},
	{.promise = "when all are up again everything is answered",
	 .reservations = 3000,
	 .timeout_ms = PATIENCE_MS,
	 .databases = {GOOD, GOOD}},
};

/* The dispatcher stops before so many are done. */
static const struct phase last_phase = {
	.promise = "a stop in the middle of work answers everything",
	.reservations = 1000000,
	.timeout_ms = PATIENCE_MS,
	.databases =
		{{.reserve_us = 500, .fail_every = 5, .failure = STORE_LOST, .loses_after = true},
		 {.reserve_us = 300}},
	.may_time_out = true,
};

/* --- clients: a thread each ---------------------------------------------------------------------- */

struct slot {
	struct reservation reservation;
	bool is_out;
};

struct client {
	pthread_t thread;
	unsigned seed;
	struct slot slots[SLOTS];
	const struct phase *phase;
	unsigned left;
	unsigned out;
	uint64_t submitted, answered, withdrawn;

	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex: */
	struct mail_list answers;
	bool must_halt; /* submit no more */
	bool has_halted;
};

/* Runs in a thread of the dispatcher or of a pool. */
static void
post_answer(struct reservation *reservation)
{
	struct client *client = reservation->owner;

	pthread_mutex_lock(&client->mutex);
	TAILQ_INSERT_TAIL(&client->answers, &reservation->mail, link);
	pthread_mutex_unlock(&client->mutex);
	pthread_cond_signal(&client->changed);
}

static uint32_t
some_count(struct client *client)
{
	unsigned dice = (unsigned)rand_r(&client->seed) % 64;

	if (dice == 0)
		return 1000;
	return dice % 16 + 1;
}

static void
fill(struct client *client)
{
	for (unsigned i = 0; i < SLOTS && client->left > 0; i++) {
		struct slot *slot = &client->slots[i];

		if (slot->is_out)
			continue;
		slot->reservation = (struct reservation){
			.count = some_count(client),
			.deadline_ms = clock_ms() + client->phase->timeout_ms,
			.answer = post_answer,
			.owner = client,
		};
		slot->is_out = true;
		client->out++;
		client->left--;
		client->submitted++;
		if (!source_submit(&source, &slot->reservation))
			abort();
	}
}

static void
withdraw_what_is_late(struct client *client)
{
	uint64_t now_ms = clock_ms();

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *slot = &client->slots[i];

		if (!slot->is_out || slot->reservation.deadline_ms > now_ms ||
		    !source_withdraw(&source, &slot->reservation))
			continue;
		if (strstr(slot->reservation.reason, "first: ") == NULL ||
		    strstr(slot->reservation.reason, "second: ") == NULL)
			tap_complain("the reason is \"%s\"", slot->reservation.reason);
		if (!client->phase->may_time_out)
			tap_complain("a reservation was not answered in time");
		slot->is_out = false;
		client->out--;
		client->withdrawn++;
	}
}

static void
note_tickets(const struct reservation *answered)
{
	struct ticket_range tickets;

	if (answered->bases.count != answered->count)
		tap_complain("%u bases were given for %u", answered->bases.count, answered->count);
	if (!space_tickets(answered->space, &answered->bases, &tickets)) {
		tap_complain("the bases are no tickets");
		return;
	}
	for (uint32_t i = 0; i < tickets.count; i++) {
		uint64_t ticket = tickets.first + i * tickets.increment;
		uint64_t bit = UINT64_C(1) << (ticket % 64);

		if (ticket >= MOST_TICKET)
			tap_complain("ticket %" PRIu64 " is beyond what this test can count",
				     ticket);
		else if (atomic_fetch_or(&bitmap[ticket / 64], bit) & bit)
			tap_complain("ticket %" PRIu64 " was handed out twice", ticket);
	}
}

static void
open_answer(struct client *client, struct mail *mail)
{
	struct slot *slot = CONTAINER_OF(mail, struct slot, reservation.mail);
	enum ticket_status status = slot->reservation.status;

	if (!slot->is_out)
		tap_complain("a reservation was answered that nobody had submitted");
	if (status == TICKET_OK)
		note_tickets(&slot->reservation);
	else if (client->phase != &last_phase)
		tap_complain("an answer is %s: %s", ticket_status_name(status),
			     slot->reservation.reason);
	slot->is_out = false;
	client->out--;
	client->answered++;
}

/* Wait a little if there is nothing. False: CLIENT must submit no more. */
static bool
open_answers(struct client *client)
{
	struct mail_list answers = TAILQ_HEAD_INITIALIZER(answers);
	struct timespec until = clock_moment(clock_ms() + TICK_MS);
	struct mail *mail;
	bool goes_on;

	pthread_mutex_lock(&client->mutex);
	if (TAILQ_EMPTY(&client->answers))
		pthread_cond_timedwait(&client->changed, &client->mutex, &until);
	TAILQ_CONCAT(&answers, &client->answers, link);
	goes_on = !client->must_halt;
	pthread_mutex_unlock(&client->mutex);
	while ((mail = TAILQ_FIRST(&answers)) != NULL) {
		TAILQ_REMOVE(&answers, mail, link);
		open_answer(client, mail);
	}
	return goes_on;
}

static void
note_halt(struct client *client)
{
	client->left = 0;
	pthread_mutex_lock(&client->mutex);
	client->has_halted = true;
	pthread_mutex_unlock(&client->mutex);
}

static void *
client_main(void *arg)
{
	struct client *client = arg;

	do {
		fill(client);
		if (!open_answers(client))
			note_halt(client);
		withdraw_what_is_late(client);
	} while (client->out > 0 || client->left > 0);
	return NULL;
}

/* --- the databases ------------------------------------------------------------------------------- */

static bool
has_condition(size_t database, enum database_condition condition)
{
	struct database_state states[MOST_DATABASES];

	(void)dispatch_states(dispatch, states);
	return states[database].condition == condition;
}

static void
wait_for_condition(size_t database, enum database_condition condition)
{
	uint64_t deadline_ms = clock_ms() + STOP_MS;

	while (!has_condition(database, condition)) {
		if (clock_ms() > deadline_ms) {
			tap_complain("database %zu is never %s", database,
				     database_condition_name(condition));
			return;
		}
		usleep(1000);
	}
}

static void
drain_in_turn(void)
{
	for (size_t i = 0; i < DATABASES; i++) {
		if (!dispatch_drain(dispatch, i))
			tap_complain("database %zu cannot be drained", i);
		if (dispatch_drain(dispatch, 1 - i))
			tap_complain("the last database can be drained");
		wait_for_condition(i, DATABASE_DRAINED);
		memory_script_lock(&scripts[i]);
		if (scripts[i].opened != scripts[i].closed)
			tap_complain("a drained database has sessions");
		memory_script_unlock(&scripts[i]);
		dispatch_resume(dispatch, i);
		wait_for_condition(i, DATABASE_UP);
	}
}

static void
calm_down(void)
{
	static const struct behaviour good = GOOD;

	for (size_t i = 0; i < DATABASES; i++)
		set_behaviour(&scripts[i], &good);
	for (size_t i = 0; i < DATABASES; i++)
		wait_for_condition(i, DATABASE_UP);
}

/* --- a phase ------------------------------------------------------------------------------------- */

static void
start_phase(struct client *clients, const struct phase *phase)
{
	for (size_t i = 0; i < DATABASES; i++)
		set_behaviour(&scripts[i], &phase->databases[i]);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i].phase = phase;
		clients[i].left = phase->reservations;
		clients[i].submitted = clients[i].answered = clients[i].withdrawn = 0;
		if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) != 0)
			abort();
	}
}

static void
end_phase(struct client *clients, const struct phase *phase, unsigned complaints_before)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &clients[i];

		pthread_join(client->thread, NULL);
		if (client->submitted != client->answered + client->withdrawn)
			tap_complain("some reservations were not answered exactly once");
		if (phase->must_time_out && client->answered > 0)
			tap_complain("%" PRIu64 " reservations were answered", client->answered);
	}
	tap_report(tap_complaints() == complaints_before, phase->promise);
}

static void
run_phase(struct client *clients, const struct phase *phase)
{
	unsigned before = tap_complaints();

	start_phase(clients, phase);
	if (phase->drains)
		drain_in_turn();
	end_phase(clients, phase, before);
	calm_down();
}

static void
halt(struct client *client)
{
	bool has_halted = false;

	while (!has_halted) {
		pthread_mutex_lock(&client->mutex);
		client->must_halt = true;
		has_halted = client->has_halted;
		pthread_mutex_unlock(&client->mutex);
		usleep(100);
	}
}

/* The dispatcher stops while reservations are out and no client submits any more. */
static void
run_last_phase(struct client *clients)
{
	unsigned before = tap_complaints();

	start_phase(clients, &last_phase);
	usleep(300000);
	for (unsigned i = 0; i < CLIENTS; i++)
		halt(&clients[i]);
	if (!dispatch_stop(dispatch, clock_ms() + STOP_MS))
		tap_complain("the threads have not ended in time");
	end_phase(clients, &last_phase, before);
}

static struct dispatch *
make_dispatch(void)
{
	static const char *const names[DATABASES] = {"first", "second"};
	struct pool_settings pools[DATABASES];
	struct dispatch_settings settings = {
		.pools = pools, .count = DATABASES, .pool_timeout_ms = POOL_TIMEOUT_MS};

	for (unsigned i = 0; i < DATABASES; i++) {
		memory_script_init(&scripts[i]);
		pools[i] = (struct pool_settings){
			.store = &memory_store,
			.database = {.own = &scripts[i], .space = {DATABASES, i, 0}},
			.sessions = SESSIONS,
			.number = i,
			.name = names[i],
		};
	}
	return dispatch_new(&settings);
}

int
main(void)
{
	static struct client clients[CLIENTS];

	alarm(MOST_SECONDS);
	log_begin(LOG_LEVEL_ERROR);
	bitmap = xcalloc(MOST_TICKET / 64, sizeof(*bitmap));
	dispatch = make_dispatch();
	source = dispatch_source(dispatch);
	if (!dispatch_start(dispatch))
		abort();
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i].seed = i + 1;
		pthread_mutex_init(&clients[i].mutex, NULL);
		clock_cond_init(&clients[i].changed);
		TAILQ_INIT(&clients[i].answers);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(phases); i++)
		run_phase(clients, &phases[i]);
	run_last_phase(clients);
	for (size_t i = 0; i < DATABASES; i++) {
		tap_report(scripts[i].opened == scripts[i].closed,
			   "every session that was opened is closed");
	}
	dispatch_free(dispatch);
	for (size_t i = 0; i < DATABASES; i++)
		memory_script_destroy(&scripts[i]);
	free(bitmap);
	return tap_end();
}
