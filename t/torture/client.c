/*
 * client -- requests tickets in every allowed manner, as fast as it can, and records each ticket.
 *
 *	client FOLDER SEED CLIENTS KEYS PORT...
 *
 * CLIENTS threads for each PORT of 127.0.0.1 send requests until SIGTERM, on one connection each at a
 * time. Half of the requests are for ids of the named sequences key-1, key-2, .. There are KEYS at first, and
 * another one 8 times a second. With KEYS = 0 all requests are for tickets.
 *
 * An operator may have declared key-1 as strong and key-2 as weak. The others are made by their first use.
 * SIGUSR1: rest all keys but one. SIGHUP: rest all keys. SIGUSR2: use all keys again.
 *
 * FOLDER/client-PLACE-NUMBER has the records of one thread, see record.h. PLACE is the index of
 * the port among the arguments, from 0. The last line of output has the numbers of requests and tickets.
 */
#include <err.h>
#include <inttypes.h>
#include <limits.h>
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

#define DEADLINE_S     15 /* longer than any fault and the server's own time-outs */
#define PAUSE_MS       5  /* after a failure */
#define MOST_CLIENTS   1000
#define MOST_TICKETS   100000 /* TICKR_MAX_BATCH */
#define MOST_PIPELINED 8
#define FILE_BUFFER    (1 << 18)
#define NEW_KEY_NS     125000000 /* the time between two new keys */
#define MOST_KEYS      9000	 /* the torture itself uses higher ones */
#define HOT_KEYS       4	 /* the first ones */
#define NEW_KEYS       8	 /* the last ones */
#define STRONG_KEY     1
#define WEAK_KEY       2
#define ALL_KEYS       0
#define NO_KEY	       UINT_MAX

static atomic_bool is_over;
static atomic_uint key_count;
static atomic_uint only_key = ALL_KEYS; /* that is in use, or ALL_KEYS, or NO_KEY */

struct client {
	pthread_t thread;
	FILE *file;
	uint16_t port;
	uint8_t server;
	uint64_t random;
	struct connection connection;
	bool is_fresh; /* the connection has no record yet */
	uint64_t requests;
	uint64_t tickets;
};

struct request {
	uint32_t count;
	uint32_t key; /* 0: tickets */
	bool is_strong;
	char text[240];
	size_t len;
};

/* --- dice ------------------------------------------------------------------------------------- */

/* Splitmix64. */
static uint64_t
some_number(struct client *client, uint64_t below)
{
	uint64_t z = client->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

/* Return a count from 1 to MOST. Each power of two has the same chance, so small counts are frequent. */
static uint32_t
some_count(struct client *client, uint32_t most)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(most);
	uint64_t count = some_number(client, UINT64_C(1) << (1 + some_number(client, bits)));

	return count == 0 ? 1 : count > most ? most : (uint32_t)count;
}

/* --- requests ----------------------------------------------------------------------------------- */

/* Return the key of the next request, or 0 for tickets. A few keys are busy, and new ones have many first users. */
static uint32_t
some_key(struct client *client)
{
	unsigned only = only_key, count = key_count;
	uint64_t dice = some_number(client, 100);

	if (dice < 50 || count == 0 || only == NO_KEY)
		return 0;
	if (only != ALL_KEYS)
		return only;
	if (dice < 70 || count <= NEW_KEYS)
		return 1 + (uint32_t)some_number(client, count < HOT_KEYS ? count : HOT_KEYS);
	if (dice < 80)
		return count - (uint32_t)some_number(client, NEW_KEYS);
	return 1 + (uint32_t)some_number(client, count);
}

/* Return the parameter "order" of a request for KEY. A weak key over several databases cannot be strong. */
static const char *
some_order(struct client *client, uint32_t key, bool *is_strong)
{
	uint64_t dice = some_number(client, 10);

	*is_strong = key == STRONG_KEY || (key != WEAK_KEY && dice < 7);
	if (dice >= 7)
		return "order=weak";
	return dice < 3 && key != WEAK_KEY ? "order=strong" : "";
}

static bool
some_format(struct client *client, uint32_t *count)
{
	uint64_t dice = some_number(client, 100);

	*count = 1;
	if (dice >= 90)
		*count = some_count(client, dice == 99 ? MOST_TICKETS : 1000);
	else if (dice >= 75)
		*count = some_count(client, dice == 89 ? 10000 : 200);
	return dice < 5 || dice >= 90;
}

static void
make_path(struct client *client, char *path, size_t size, struct request *request)
{
	char resource[32] = "tickets", number[16] = "";
	bool is_group = some_format(client, &request->count);
	const char *order = "";

	request->key = some_key(client);
	request->is_strong = false;
	if (request->key > 0) {
		snprintf(resource, sizeof(resource), "sequences/key-%" PRIu32, request->key);
		order = some_order(client, request->key, &request->is_strong);
	}
	if (request->count > 1)
		snprintf(number, sizeof(number), "/%" PRIu32, request->count);
	snprintf(path, size, "/%s/create%s%s%s%s%s", resource, number,
		 is_group || order[0] != '\0' ? "?" : "", is_group ? "format=group" : "",
		 is_group && order[0] != '\0' ? "&" : "", order);
}

static void
make_request(struct client *client, struct request *request, const char *version,
	     const char *headers)
{
	bool is_post = some_number(client, 10) == 0;
	char path[96];

	make_path(client, path, sizeof(path), request);
	request->len =
		(size_t)snprintf(request->text, sizeof(request->text),
				 "%s %s HTTP/%s\r\nHost: t\r\n%s%s\r\n", is_post ? "POST" : "GET",
				 path, version, headers, is_post ? "Content-Length: 0\r\n" : "");
}

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
	uint64_t got;
};

static void
note_range(void *arg, struct ticket_range range, bool is_whole)
{
	struct noting *noting = arg;
	bool is_wrong = !is_whole || range.count != noting->asked_for ||
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
	struct noting noting = {client, record, flags, request->count, 0};

	record.status = noting.record.status = (uint16_t)response->status;
	if (response->status == 200 &&
	    answer_read(response->body, response->len, note_range, &noting))
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

	make_request(client, &request, version, headers);
	asked_us = clock_us();
	/* If the request cannot be sent, take_answer() finds the end of the connection. */
	(void)!connection_send(&client->connection, request.text, request.len);
	return take_answer(client, &request, asked_us, 0);
}

static void
one_after_the_other(struct client *client)
{
	uint32_t requests = some_count(client, 1000);

	while (requests-- > 0 && !is_over && ask(client, "1.1", ""))
		;
}

static void
in_the_old_version(struct client *client)
{
	bool is_kept = some_number(client, 2) == 0;
	uint32_t requests = is_kept ? some_count(client, 50) : 1;

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

	make_request(client, &request, "1.1", "");
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
	size_t count = 2 + some_number(client, MOST_PIPELINED - 1), len = 0, i;
	uint64_t asked_us;

	for (i = 0; i < count; i++) {
		make_request(client, &requests[i], "1.1", "");
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
	uint32_t rounds = some_count(client, 100);

	while (rounds-- > 0 && !is_over && ask_several(client))
		;
}

/* Leave without the answer. Its tickets become a gap. */
static void
without_waiting(struct client *client)
{
	struct request request;

	make_request(client, &request, "1.1", "");
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
	uint64_t dice = some_number(client, 100);
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

/* Handle the signals until SIGTERM, and make new keys meanwhile. */
static void
wait_for_the_end(const sigset_t *signals, uint64_t seed)
{
	const struct timespec pause = {.tv_nsec = NEW_KEY_NS};
	struct client dice = {.random = seed};

	for (;;) {
		switch (sigtimedwait(signals, NULL, &pause)) {
		case SIGTERM: return;
		case SIGHUP: only_key = NO_KEY; break;
		case SIGUSR1: only_key = 1 + (unsigned)some_number(&dice, key_count); break;
		case SIGUSR2: only_key = ALL_KEYS; break;
		default:
			if (key_count > 0 && key_count < MOST_KEYS && only_key == ALL_KEYS)
				key_count++;
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
	struct client *clients;
	size_t count;
	sigset_t signals;

	if (argc < 6 || argc > 5 + 200)
		errx(64, "usage: client FOLDER SEED CLIENTS KEYS PORT...");
	seed = number_of(argv[2], UINT64_MAX);
	per_port = number_of(argv[3], MOST_CLIENTS);
	key_count = (unsigned)number_of(argv[4], MOST_KEYS);
	block_signals(&signals);

	count = per_port * (size_t)(argc - 5);
	clients = xcalloc(count, sizeof(*clients));
	for (size_t i = 0; i < count; i++) {
		clients[i].server = (uint8_t)(i / per_port);
		clients[i].port = (uint16_t)number_of(argv[5 + i / per_port], UINT16_MAX);
		clients[i].random = seed * MOST_CLIENTS + i;
		start(&clients[i], argv[1], (unsigned)(i % per_port));
	}
	wait_for_the_end(&signals, seed);
	is_over = true;
	for (size_t i = 0; i < count; i++)
		finish(&clients[i], &requests, &tickets);
	free(clients);
	printf("requests=%" PRIu64 " tickets=%" PRIu64 "\n", requests, tickets);
	return 0;
}
