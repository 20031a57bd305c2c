/*
 * client -- requests tickets in every allowed manner, as fast as it can, and records each ticket.
 *
 *	client FOLDER SEED CLIENTS KEYS STORES PORT...
 *
 * CLIENTS threads for each PORT of 127.0.0.1 send requests until SIGTERM, on one connection each at a
 * time. Half of the requests are for ids of the named sequences key-1, key-2, .. There are KEYS at first, and
 * another one 8 times a second. With KEYS = 0 all requests are for tickets.
 *
 * STORES: - (the server's own), or NAME,.. of more stores, or `snowflakes`: the tickets are Snowflake ids. NAME@PLACE is a
 * store of one server, and ~NAME one of Snowflake ids. A store has a number, from 1 on, by its place in the list.
 *
 * An operator may have declared key-1 as strong and key-2 as weak. The others are made by their first use.
 * SIGUSR1: rest all keys but one. SIGHUP: rest all keys. SIGUSR2: use all keys again.
 *
 * FOLDER/client-PLACE-NUMBER has the records of one thread, see record.h. PLACE is the index of
 * the port among the arguments, from 0. The last line of output has the numbers of requests and tickets.
 */
#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "connection.h"
#include "record.h"
#include "request.h"

#define DEADLINE_S     15 /* longer than any fault and the server's own time-outs */
#define PAUSE_MS       5  /* after a failure */
#define MOST_CLIENTS   1000
#define MOST_PIPELINED 8
#define FILE_BUFFER    (1 << 18)
#define NEW_KEY_NS     125000000 /* the time between two new keys */
#define MOST_KEYS      9000	 /* the torture itself uses higher ones */

static atomic_bool is_over;

struct client {
	pthread_t thread;
	FILE *file;
	uint16_t port;
	uint8_t server;
	uint64_t random;
	const struct keys *keys;
	struct connection connection;
	bool is_fresh; /* the connection has no record yet */
	uint64_t requests;
	uint64_t tickets;
};

/* --- records ---------------------------------------------------------------------------------- */

static void
note(struct client *client, struct record record, enum record_kind kind, unsigned flags)
{
	if (client->is_fresh)
		flags |= RECORD_IS_FIRST;
	client->is_fresh = false;
	record.server = client->server;
	record.marks = RECORD_MARKS(kind, flags);
	client->tickets += record.count;
	if (fwrite_unlocked(&record, sizeof(record), 1, client->file) != 1)
		err(1, "cannot record the answer of a client");
	if (kind != RECORD_TICKETS)
		poll(NULL, 0, PAUSE_MS);
}

/* The request, for note_range(). */
struct noting {
	struct client *client;
	struct record record;
	unsigned flags;
	uint64_t asked_for;
	bool may_split;
	uint64_t got;
};

static void
note_range(void *arg, struct ticket_range range, bool is_whole)
{
	struct noting *noting = arg;
	bool is_wrong = (!noting->may_split && (!is_whole || range.count != noting->asked_for)) ||
			range.increment > UINT32_MAX || range.increment == 0;

	noting->record.first = range.first;
	noting->record.increment = (uint32_t)range.increment;
	noting->record.count = range.count;
	noting->got += range.count;
	note(noting->client, noting->record, RECORD_TICKETS,
	     noting->flags | (is_wrong ? RECORD_IS_WRONG : 0));
}

static void
note_response(struct client *client, const struct request *request, const struct response *response,
	      struct record record, unsigned flags)
{
	struct noting noting = {client, record, flags, request->count, request->may_split, 0};

	record.status = noting.record.status = (uint16_t)response->status;
	if (response->status == 200 &&
	    answer_read(response->body, response->len, note_range, &noting) &&
	    noting.got == request->count)
		return;
	record.increment = request->count;
	note(client, record, RECORD_STATUS,
	     flags | (response->status == 200 ? RECORD_IS_WRONG : 0));
}

/* Read the answer to REQUEST, sent at ASKED_US. Return false if it was the last of the connection. */
static bool
take_answer(struct client *client, const struct request *request, uint64_t asked_us, unsigned flags)
{
	struct response response;
	enum read_result result = connection_read(&client->connection, &response);
	struct record record = {.asked_us = asked_us, .key = request->key};

	if (request->is_strong)
		flags |= RECORD_IS_STRONG;
	record.took_us = (uint32_t)(clock_us() - asked_us);
	client->requests++;
	switch (result) {
	case READ_RESPONSE:
		note_response(client, request, &response, record, flags);
		return !response.is_last;
	case READ_END: note(client, record, RECORD_CLOSED, flags); break;
	case READ_HUNG: note(client, record, RECORD_HUNG, flags); break;
	case READ_NONSENSE: note(client, record, RECORD_STATUS, flags | RECORD_IS_WRONG); break;
	}
	return false;
}

/* --- manners of using a connection ------------------------------------------------------------- */

static bool
ask(struct client *client, const char *version, const char *headers)
{
	struct request request;
	uint64_t asked_us;

	request_make(&request, &client->random, client->keys, client->server, version, headers);
	asked_us = clock_us();
	/* If the request cannot be sent, take_answer() finds the end of the connection. */
	(void)!connection_send(&client->connection, request.text, request.len);
	return take_answer(client, &request, asked_us, 0);
}

static void
one_after_the_other(struct client *client)
{
	uint32_t requests = request_count(&client->random, 1000);

	while (requests-- > 0 && !is_over && ask(client, "1.1", ""))
		;
}

static void
in_the_old_version(struct client *client)
{
	bool is_kept = request_dice(&client->random, 2) == 0;
	uint32_t requests = is_kept ? request_count(&client->random, 50) : 1;

	while (requests-- > 0 && !is_over &&
	       ask(client, "1.0", is_kept ? "Connection: keep-alive\r\n" : ""))
		;
}

/* Shut down our half after the request. The server must still answer. */
static void
half_closed(struct client *client)
{
	struct request request;
	uint64_t asked_us;

	request_make(&request, &client->random, client->keys, client->server, "1.1", "");
	asked_us = clock_us();
	(void)!connection_send(&client->connection, request.text, request.len);
	connection_end_sending(&client->connection);
	(void)take_answer(client, &request, asked_us, 0);
}

/* Send several requests together. Return false if the connection has ended. */
static bool
ask_several(struct client *client)
{
	struct request requests[MOST_PIPELINED];
	char all[sizeof(requests)];
	size_t count = 2 + request_dice(&client->random, MOST_PIPELINED - 1), len = 0, i;
	uint64_t asked_us;

	for (i = 0; i < count; i++) {
		request_make(&requests[i], &client->random, client->keys, client->server, "1.1",
			     "");
		memcpy(all + len, requests[i].text, requests[i].len);
		len += requests[i].len;
	}
	asked_us = clock_us();
	(void)!connection_send(&client->connection, all, len);
	for (i = 0; i < count; i++)
		if (!take_answer(client, &requests[i], asked_us, i > 0 ? RECORD_IS_BEHIND : 0))
			return false;
	return true;
}

static void
pipelined(struct client *client)
{
	uint32_t rounds = request_count(&client->random, 100);

	while (rounds-- > 0 && !is_over && ask_several(client))
		;
}

/* Leave without the answer. Its tickets become a gap. */
static void
without_waiting(struct client *client)
{
	struct request request;

	request_make(&request, &client->random, client->keys, client->server, "1.1", "");
	(void)!connection_send(&client->connection, request.text, request.len);
}

static const struct {
	void (*talk)(struct client *client);
	unsigned weight;
} manners[] = {
	{one_after_the_other, 60}, {in_the_old_version, 12}, {half_closed, 8},
	{pipelined, 15},	   {without_waiting, 5},
};

static void
talk(struct client *client)
{
	uint64_t dice = request_dice(&client->random, 100);
	size_t i = 0;

	while (dice >= manners[i].weight)
		dice -= manners[i++].weight;
	manners[i].talk(client);
}

/* --- clients ------------------------------------------------------------------------------------ */

static void
note_unreachable(struct client *client, uint64_t asked_us)
{
	struct record record = {.asked_us = asked_us, .took_us = (uint32_t)(clock_us() - asked_us)};

	note(client, record, RECORD_UNREACHABLE, 0);
}

static void *
client_main(void *arg)
{
	struct client *client = arg;

	connection_init(&client->connection);
	while (!is_over) {
		uint64_t asked_us = clock_us();

		client->is_fresh = true;
		if (!connection_open(&client->connection, client->port, DEADLINE_S)) {
			note_unreachable(client, asked_us);
			continue;
		}
		talk(client);
		connection_close(&client->connection);
	}
	connection_destroy(&client->connection);
	return NULL;
}

static void
start(struct client *client, const char *folder, unsigned number)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/client-%u-%u", folder, client->server, number);
	client->file = fopen(path, "we");
	if (client->file == NULL || setvbuf(client->file, NULL, _IOFBF, FILE_BUFFER) != 0)
		err(1, "%s", path);
	if (pthread_create(&client->thread, NULL, client_main, client) != 0)
		errx(1, "cannot create a thread");
}

static void
finish(struct client *client, uint64_t *requests, uint64_t *tickets)
{
	pthread_join(client->thread, NULL);
	if (fclose(client->file) != 0)
		err(1, "cannot record the answer of a client");
	*requests += client->requests;
	*tickets += client->tickets;
}

static uint64_t
number_of(const char *argument, uint64_t most)
{
	uint64_t number;

	if (!parse_number(argument, strlen(argument), most, &number))
		errx(64, "%s is not a number up to %" PRIu64, argument, most);
	return number;
}

/* Take the stores of LIST, which is cut up. */
static void
take_stores(struct keys *keys, char *list)
{
	char *rest, *name;

	keys->are_snowflakes = strcmp(list, "snowflakes") == 0;
	if (keys->are_snowflakes || strcmp(list, "-") == 0)
		return;
	for (name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
		char *place = strchr(name, '@');

		if (keys->store_count == MOST_STORES)
			errx(64, "at most %d stores are supported", MOST_STORES);
		keys->stores[keys->store_count++] = (struct store){
			.name = name + (name[0] == '~'),
			.server = place != NULL ? (unsigned)number_of(place + 1, UINT8_MAX)
						: EACH_SERVER,
			.is_snowflake = name[0] == '~'};
		if (place != NULL)
			*place = '\0';
	}
}

/* Handle the signals until SIGTERM, and make new keys meanwhile. */
static void
wait_for_the_end(const sigset_t *signals, struct keys *keys, uint64_t dice)
{
	const struct timespec pause = {.tv_nsec = NEW_KEY_NS};

	for (;;) {
		switch (sigtimedwait(signals, NULL, &pause)) {
		case SIGTERM: return;
		case SIGHUP: keys->only = NO_KEY; break;
		case SIGUSR1: keys->only = 1 + (unsigned)request_dice(&dice, keys->count); break;
		case SIGUSR2: keys->only = ALL_KEYS; break;
		default:
			if (keys->count > 0 && keys->count < MOST_KEYS && keys->only == ALL_KEYS)
				keys->count++;
		}
	}
}

static void
block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
}

int
main(int argc, char **argv)
{
	uint64_t seed, per_port, requests = 0, tickets = 0;
	struct keys keys = {.only = ALL_KEYS};
	struct client *clients;
	size_t count;
	sigset_t signals;

	if (argc < 7 || argc > 6 + 200)
		errx(64, "usage: client FOLDER SEED CLIENTS KEYS STORES PORT...");
	seed = number_of(argv[2], UINT64_MAX);
	per_port = number_of(argv[3], MOST_CLIENTS);
	keys.count = (unsigned)number_of(argv[4], MOST_KEYS);
	take_stores(&keys, argv[5]);
	block_signals(&signals);

	count = per_port * (size_t)(argc - 6);
	clients = xcalloc(count, sizeof(*clients));
	for (size_t i = 0; i < count; i++) {
		clients[i].server = (uint8_t)(i / per_port);
		clients[i].port = (uint16_t)number_of(argv[6 + i / per_port], UINT16_MAX);
		clients[i].keys = &keys;
		clients[i].random = seed * MOST_CLIENTS + i;
		start(&clients[i], argv[1], (unsigned)(i % per_port));
	}
	wait_for_the_end(&signals, &keys, seed);
	is_over = true;
	for (size_t i = 0; i < count; i++)
		finish(&clients[i], &requests, &tickets);
	free(clients);
	printf("requests=%" PRIu64 " tickets=%" PRIu64 "\n", requests, tickets);
	return 0;
}
