/*
 * swarm -- many clients of one server that behave and misbehave in random order. They pipeline, wait for
 * "100 Continue", send half a request, close a half, reset, read slowly or never.
 *
 *	swarm PORT SEED SECONDS [ends]
 *
 * The program checks each answer (answers.h), and that no ticket occurs twice. With "ends" the server
 * stops meanwhile, so that connections may end early. The program prints a line for each fault, and a
 * summary. The exit status is 0 if there is no fault.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/memory.h"
#include "random.h"
#include "requests.h"

#define CLIENTS	    40
#define PATIENCE_MS 20000 /* the longest that an answer takes */
#define MOST_FAULTS 20

enum reading { READING_ALL, READING_SLOWLY, READING_NEVER };

enum closing {
	CLOSING_CALMLY, /* after the last answer */
	CLOSING_HALF,	/* the client's half, then as above */
	CLOSING_EARLY,
	CLOSING_WITH_RESET
};

struct client {
	int fd; /* -1: none */
	struct answers answers;
	unsigned requests_left;
	enum reading reading;
	enum closing closing;
	struct request request; /* being sent */
	size_t sent;
	bool has_paused;
	bool is_hoarding; /* it leaves as many answers unread as the server can send, and resets */
	bool is_done;	  /* it sends no more */
	bool is_half_asked; /* the last request is incomplete, so no answer is due */
	bool is_broken;	    /* the server has closed or reset the connection */
	uint64_t ready_ms;  /* it does nothing before this */
	uint64_t last_ms;   /* when it last sent or received something */
	unsigned patience_ms;
};

struct swarm {
	struct random random;
	struct sockaddr_in address;
	struct client clients[CLIENTS];
	struct tickets tickets;
	unsigned connections, answers, faults;
	bool ends; /* the server stops meanwhile */
	uint64_t until_ms;
};

static void
fault(struct swarm *swarm, const struct client *client, const char *what)
{
	if (swarm->faults++ < MOST_FAULTS)
		printf("fault: connection %u, answer %u: %s: %.200s\n", client->answers.connection,
		       client->answers.next_answer, what,
		       client->answers.buffer + client->answers.begin);
}

/* --- birth and death ------------------------------------------------------------------------- */

static enum reading
choose_reading(struct random *random)
{
	if (random_in(random, 70))
		return READING_ALL;
	return random_in(random, 50) ? READING_SLOWLY : READING_NEVER;
}

static void
open_client(struct swarm *swarm, struct client *client)
{
	struct random *random = &swarm->random;
	int small = 2304, segment = 536, yes = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->is_hoarding = random_in(random, 25);
	if (client->is_hoarding || random_in(random, 40)) {
		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	}
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(client->fd, (struct sockaddr *)&swarm->address, sizeof(swarm->address)) != 0) {
		close(client->fd);
		client->fd = -1;
		if (!swarm->ends)
			fault(swarm, client, strerror(errno));
		return;
	}
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	answers_begin(&client->answers, ++swarm->connections);
	client->patience_ms = PATIENCE_MS;
	client->requests_left = 1 + random_below(random, random_in(random, 30) ? 200 : 10);
	client->reading = choose_reading(random);
	client->closing = (enum closing)random_below(random, 4);
	if (client->is_hoarding) {
		client->requests_left = 2;
		client->reading = READING_NEVER;
		client->closing = CLOSING_WITH_RESET;
	}
	if (client->reading == READING_NEVER)
		client->patience_ms = 1 + random_below(random, client->is_hoarding ? 40 : 300);
	client->request.len = client->sent = 0;
	client->is_done = client->is_half_asked = client->is_broken = false;
	client->last_ms = clock_ms();
	client->ready_ms = 0;
}

static void
close_client(struct swarm *swarm, struct client *client)
{
	struct linger now = {.l_onoff = 1};

	if (client->closing == CLOSING_WITH_RESET)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(client->fd);
	client->fd = -1;
	swarm->answers += client->answers.next_answer;
}

/* --- sending --------------------------------------------------------------------------------- */

/* Return true if an answer is due and has not arrived. Half a request gets no answer. */
static bool
is_waiting(const struct client *client)
{
	return !client->answers.is_over && client->answers.waiting > client->is_half_asked;
}

static void
begin_request(struct swarm *swarm, struct client *client)
{
	struct answers *answers = &client->answers;
	struct request *request = &client->request;

	if (client->is_hoarding && answers->next_id == 0)
		request_make_burst(request, &swarm->random, answers->connection, 0);
	else if (client->is_hoarding)
		request_make_expectant(request, answers->connection, answers->next_id);
	else
		request_make(request, &swarm->random, answers->connection, answers->next_id);
	for (unsigned i = 0; i < request->count; i++)
		answers_expect(answers, &request->asked);
	client->sent = 0;
	client->has_paused = false;
	client->requests_left--;
	if (request->asked.is_last)
		client->requests_left = 0;
	if (request->is_cut && request->asked.kind != ASKED_NONSENSE) {
		request->len = request->pause_at;
		client->requests_left = 0;
		client->is_half_asked = true;
	}
}

static void
finish_sending(struct client *client)
{
	client->is_done = true;
	if (client->closing == CLOSING_HALF)
		shutdown(client->fd, SHUT_WR);
}

/* The request was sent, as far as it will be. Begin the next one, or finish. */
static void
go_on(struct swarm *swarm, struct client *client)
{
	if (client->requests_left == 0)
		finish_sending(client);
	else if (client->answers.waiting < MOST_ASKED / 2)
		begin_request(swarm, client);
	if (client->is_hoarding || random_in(&swarm->random, 10))
		client->ready_ms = clock_ms() + random_below(&swarm->random, 40);
}

static void
send_some(struct swarm *swarm, struct client *client)
{
	struct request *request = &client->request;
	size_t end = request->len;
	ssize_t sent;

	if (client->sent == request->len) {
		go_on(swarm, client);
		return;
	}
	if (client->sent < request->pause_at)
		end = request->pause_at;
	sent = send(client->fd, request->bytes + client->sent, end - client->sent, MSG_NOSIGNAL);
	if (sent < 0) {
		client->is_broken = errno != EAGAIN;
		return;
	}
	client->sent += (size_t)sent;
	client->last_ms = clock_ms();
	if (client->sent == request->pause_at && !client->has_paused) {
		client->has_paused = true;
		if (client->is_hoarding || random_in(&swarm->random, 30))
			client->ready_ms = client->last_ms + random_below(&swarm->random, 20);
	}
}

/* --- receiving ------------------------------------------------------------------------------- */

static void
receive_some(struct swarm *swarm, struct client *client)
{
	size_t room;
	char *to = answers_room(&client->answers, &room);
	const char *problem;
	ssize_t len;

	if (client->reading == READING_SLOWLY && room > 200)
		room = 200;
	len = recv(client->fd, to, room, 0);
	if (len <= 0) {
		client->is_broken = len == 0 || errno != EAGAIN;
		return;
	}
	client->last_ms = clock_ms();
	answers_received(&client->answers, (size_t)len);
	problem = answers_check(&client->answers, &swarm->tickets);
	if (problem != NULL) {
		fault(swarm, client, problem);
		client->is_broken = true;
	}
}

/* --- the life of a client ---------------------------------------------------------------------- */

/* The server has ended the connection. It may owe an answer only if the client broke the rules. */
static void
meet_end(struct swarm *swarm, struct client *client)
{
	bool is_excused = swarm->ends || client->answers.is_over ||
			  client->request.asked.kind == ASKED_NONSENSE;

	if (is_waiting(client) && !is_excused)
		fault(swarm, client, "the connection ends before an answer");
	close_client(swarm, client);
}

static bool
has_come_to_end(const struct client *client)
{
	if (!client->is_done)
		return client->answers.is_over;
	if (client->reading == READING_NEVER)
		return false; /* until its patience ends */
	if (client->closing == CLOSING_EARLY || client->closing == CLOSING_WITH_RESET)
		return true;
	return !is_waiting(client);
}

static void
act(struct swarm *swarm, struct client *client, short happened)
{
	if ((happened & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive_some(swarm, client);
	if (!client->is_broken && (happened & POLLOUT) != 0)
		send_some(swarm, client);
	if (client->is_broken)
		meet_end(swarm, client);
	else if (has_come_to_end(client))
		close_client(swarm, client);
}

/* Close a client that waits too long. That is a fault unless the client does not read. */
static void
check_patience(struct swarm *swarm, struct client *client, uint64_t now_ms)
{
	uint64_t since_ms = client->last_ms > client->ready_ms ? client->last_ms : client->ready_ms;

	if (now_ms < since_ms + client->patience_ms)
		return;
	if (client->reading != READING_NEVER && is_waiting(client))
		fault(swarm, client, "an answer does not arrive");
	close_client(swarm, client);
}

static short
wants(const struct client *client, uint64_t now_ms)
{
	short events = 0;

	if (client->reading != READING_NEVER)
		events |= POLLIN;
	if (!client->is_done && client->ready_ms <= now_ms)
		events |= POLLOUT;
	return events;
}

static void
turn(struct swarm *swarm)
{
	struct pollfd fds[CLIENTS];
	uint64_t now_ms = clock_ms();

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &swarm->clients[i];

		if (client->fd < 0 && now_ms < swarm->until_ms)
			open_client(swarm, client);
		fds[i] = (struct pollfd){.fd = client->fd};
		if (client->fd >= 0)
			fds[i].events = wants(client, now_ms);
	}
	poll(fds, CLIENTS, 2);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &swarm->clients[i];

		/* A client that neither reads nor writes now ignores errors. */
		if (client->fd >= 0 && fds[i].events != 0 && fds[i].revents != 0)
			act(swarm, client, fds[i].revents);
		if (client->fd >= 0)
			check_patience(swarm, client, clock_ms());
	}
}

static bool
has_clients(const struct swarm *swarm)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (swarm->clients[i].fd >= 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct swarm *swarm = xcalloc(1, sizeof(*swarm));
	bool is_good;
	size_t repeated;

	if (argc < 4) {
		fprintf(stderr, "usage: swarm PORT SEED SECONDS [ends]\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	swarm->address.sin_family = AF_INET;
	swarm->address.sin_port = htons((uint16_t)atoi(argv[1]));
	swarm->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	swarm->random.state = strtoull(argv[2], NULL, 10);
	swarm->until_ms = clock_ms() + strtoull(argv[3], NULL, 10) * 1000;
	swarm->ends = argc > 4;
	for (unsigned i = 0; i < CLIENTS; i++) {
		swarm->clients[i].fd = -1;
		answers_init(&swarm->clients[i].answers);
	}
	while (swarm->faults < MOST_FAULTS && (clock_ms() < swarm->until_ms || has_clients(swarm)))
		turn(swarm);
	repeated = tickets_repeated(&swarm->tickets);
	printf("seed=%s connections=%u answers=%u tickets=%zu repeated=%zu faults=%u\n", argv[2],
	       swarm->connections, swarm->answers, swarm->tickets.count, repeated, swarm->faults);
	for (unsigned i = 0; i < CLIENTS; i++)
		answers_destroy(&swarm->clients[i].answers);
	is_good = repeated == 0 && swarm->faults == 0;
	free(swarm->tickets.list);
	free(swarm);
	return !is_good;
}
