/*
 * One HTTP server and its allocator on a loop of the test's own. The test acts as the clients and as the
 * database. It chooses when a reservation is answered, so it can order any two events.
 */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allocator/allocator.h"
#include "base/clock.h"
#include "base/memory.h"
#include "http/connection.h"
#include "base/log.h"
#include "http/handlers.h"
#include "http/server.h"
#include "loop/descriptors.h"
#include "loop/loop.h"

#define PATIENCE_MS   10000
#define RECEIVED_SIZE 2000000

static struct event_base *base;
static struct http_server *server;
static struct allocator *allocator;
static struct event *flush;
static struct waiting_limit limit = {.most = 1000};
static struct sockaddr_in address;
static int listener;
static const struct ticket_space space = {.max_nodes = 1, .starting_offset = 2};
static struct reservation *asked[100];
static size_t asked_count;
static uint64_t next_base = 2;
static unsigned drained;

/* --- the database ---------------------------------------------------------------------------- */

static bool
submit(void *self, struct reservation *reservation)
{
	(void)self;
	asked[asked_count++] = reservation;
	return reservation_queue(reservation);
}

static bool
withdraw(void *self, struct reservation *reservation)
{
	(void)self;
	for (size_t i = 0; i < asked_count; i++)
		if (asked[i] == reservation)
			asked[i] = asked[--asked_count];
	return reservation_recall(reservation);
}

static void
answer_all(void)
{
	while (asked_count > 0) {
		struct reservation *reservation = asked[--asked_count];

		reservation_take(reservation);
		reservation->status = TICKET_OK;
		reservation->space = &space;
		reservation->bases = (struct ticket_range){next_base, 1, reservation->count};
		next_base += reservation->count;
		allocator_deliver(allocator, reservation);
	}
}

static void
wake(void *arg)
{
	(void)arg;
	event_active(flush, 0, 0);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	allocator_flush(allocator);
}

static size_t
databases(void *arg, struct database_state *states)
{
	(void)arg;
	(void)states;
	return 0;
}

static void
on_drained(void *arg)
{
	(void)arg;
	drained++;
}

/* --- the server ------------------------------------------------------------------------------ */

static void
listen_somewhere(void)
{
	socklen_t len = sizeof(address);
	int small = 32768;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	/* The connections inherit it, so that few answers fill the kernel's memory. */
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 64) == 0);
	assert(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
}

static struct ticket_service service = {.max_batch = 100000, .databases = databases};

static void
begin_with(const struct http_settings *serving, const struct route_table *table)
{
	struct allocator_settings allocating = {
		.pool_timeout_ms = 60000,
		.limit = &limit,
		.source = {.submit = submit, .withdraw = withdraw},
		.wake = wake,
	};

	signal(SIGPIPE, SIG_IGN);
	loop_library_begin();
	base = loop_base_new();
	flush = loop_event_new(base, -1, 0, on_flush, NULL);
	allocator = allocator_new(&allocating);
	listen_somewhere();
	service.allocator = allocator;
	server = http_server_new(base, serving, table, &listener, 1);
}

static void
begin(uint64_t deadline_ms)
{
	static struct connection_limit connections = {.most = UINT64_MAX};
	static struct log_limit error_lines;
	struct http_settings serving = {
		.password = "",
		.deadline_ms = deadline_ms,
		.context = &service,
		.drained = on_drained,
		.connections = &connections,
		.error_lines = &error_lines,
	};

	begin_with(&serving, &client_routes);
}

static void
end(void)
{
	answer_all();
	http_server_free(server);
	allocator_free(allocator);
	event_free(flush);
	event_base_free(base);
}

/* --- the clients ------------------------------------------------------------------------------ */

struct client {
	int fd;
	char *received; /* a string */
	size_t len;
	bool is_at_end; /* the server has closed its half */
	int error;	/* of sending or receiving; 0: none */
};

static struct client
connect_client(int receive_bytes)
{
	struct client client = {
		.fd = socket(AF_INET, SOCK_STREAM, 0),
		.received = xcalloc(1, RECEIVED_SIZE),
	};

	int yes = 1;

	setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (receive_bytes > 0)
		setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	assert(connect(client.fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	return client;
}

static void
leave(struct client *client)
{
	close(client->fd);
	free(client->received);
}

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Turn the loop so often that it has nothing left to do. */
static void
settle(void)
{
	for (unsigned i = 0; i < 50; i++)
		turn();
}

static void
receive(struct client *client)
{
	ssize_t len = recv(client->fd, client->received + client->len,
			   RECEIVED_SIZE - 1 - client->len, 0);

	if (len > 0)
		client->len += (size_t)len;
	else if (len == 0)
		client->is_at_end = true;
	else if (errno != EAGAIN)
		client->error = errno;
}

/* Send LEN BYTES. Turn the loop while the kernel accepts none. */
static void
send_bytes(struct client *client, const char *bytes, size_t len)
{
	uint64_t deadline_ms = clock_ms() + PATIENCE_MS;

	while (len > 0 && client->error == 0 && clock_ms() < deadline_ms) {
		ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			client->error = errno;
		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		}
		turn();
	}
}

static void
say(struct client *client, const char *text)
{
	send_bytes(client, text, strlen(text));
	settle();
}

/* Receive until TEXT has arrived. */
static void
expect(struct client *client, const char *text)
{
	uint64_t deadline_ms = clock_ms() + PATIENCE_MS;

	while (strstr(client->received, text) == NULL) {
		cr_assert(clock_ms() < deadline_ms && !client->is_at_end && client->error == 0,
			  "no \"%s\" in \"%s\"; at end: %d, error %d", text, client->received,
			  client->is_at_end, client->error);
		turn();
		receive(client);
	}
}

static void
expect_end(struct client *client)
{
	uint64_t deadline_ms = clock_ms() + PATIENCE_MS;

	while (!client->is_at_end) {
		cr_assert(clock_ms() < deadline_ms && client->error == 0,
			  "the connection does not end: \"%s\", error %d", client->received,
			  client->error);
		turn();
		receive(client);
	}
}

/* Close the connection by a reset. */
static void
reset(struct client *client)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	leave(client);
	settle();
}

static void
expect_connections(size_t count)
{
	uint64_t deadline_ms = clock_ms() + PATIENCE_MS;

	while (connections_count(server->connections) != count) {
		cr_assert(clock_ms() < deadline_ms, "%zu connections, not %zu",
			  connections_count(server->connections), count);
		turn();
	}
}

static void
pass_time(uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	while (clock_ms() < until_ms)
		turn();
}

#define LIVEZ  "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n"
#define CREATE "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n"

/* --- a connection lives until its answer ------------------------------------------------------ */

/* Send requests until the server cannot send more answers. */
static void
fill_up(struct client *client)
{
	unsigned requests = 0;

	while (connections_busy(server->connections) == 0) {
		cr_assert_lt(requests++, 10000);
		say(client, LIVEZ);
	}
}

/* Return whether the kernel would report the socket of CLIENT as writable: a third of its memory is free. */
static bool
can_send_to(const struct client *client)
{
	struct sockaddr_in ours, peer;
	socklen_t len = sizeof(ours);

	assert(getsockname(client->fd, (struct sockaddr *)&ours, &len) == 0);
	for (int fd = 3; fd < 64; fd++) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

		len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
		    peer.sin_port == ours.sin_port)
			return poll(&poll_fd, 1, 0) == 1;
	}
	return false;
}

Test(server, a_reset_while_100_continue_is_unsent_does_no_harm)
{
	size_t waited = 0;

	begin(75000);
	for (unsigned round = 0; round < 10; round++) {
		struct client client = connect_client(2048);

		expect_connections(1);
		while (can_send_to(&client))
			say(&client, LIVEZ);
		say(&client, "GET /tickets/create HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
			     "Content-Length: 1\r\n\r\n");
		say(&client, "x");
		waited += asked_count;
		reset(&client);
		answer_all();
		settle();
		expect_connections(0);
	}
	cr_assert_gt(waited, 0, "no request reaches the database");
	end();
}

Test(server, a_reset_while_a_request_waits_does_no_harm)
{
	static const char *const requests[] = {
		CREATE,
		CREATE CREATE CREATE,
		CREATE "GET /tick",
		"POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
		"POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\n\r\n" CREATE,
		"GET /tickets/create HTTP/1.0\r\n\r\n",
	};

	begin(75000);
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
		for (unsigned half_closed = 0; half_closed < 2; half_closed++) {
			struct client client = connect_client(0);
			struct client later;

			say(&client, requests[i]);
			cr_assert_eq(asked_count, 1, "request %zu", i);
			if (half_closed)
				shutdown(client.fd, SHUT_WR);
			settle();
			reset(&client);
			later = connect_client(0);
			say(&later, LIVEZ);
			expect(&later, "{\"live\":true}");
			answer_all();
			settle();
			cr_assert_null(strstr(later.received, "["),
				       "an answer went to another client");
			leave(&later);
			for (unsigned more = 0; more < 3; more++) {
				settle();
				answer_all();
			}
			expect_connections(0);
		}
	end();
}

Test(server, a_deadline_frees_no_connection_that_is_owed_an_answer)
{
	struct client client;

	begin(50);
	client = connect_client(0);
	say(&client, CREATE);
	pass_time(800);
	cr_assert_eq(connections_count(server->connections), 1);
	answer_all();
	expect(&client, "[2]");
	leave(&client);
	end();
}

/* --- the last answer arrives ------------------------------------------------------------------ */

Test(server, an_error_reaches_a_client_that_is_still_sending)
{
	static const char *const requests[][2] = {
		{"POST /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n", " 413 "},
		{"POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2dc6c0\r\n",
		 " 413 "},
		{"POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		 " 400 "},
		{"POST /livez HTTP/1.1\r\nHost: t\r\nExpect: x\r\nContent-Length: 3000000\r\n\r\n",
		 " 417 "},
		{"HEAD /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n", " 400 "},
		{"POST /livez HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3000000\r\n\r\n",
		 " 400 "},
		{"POST /livez HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n", " 400 "},
		{"POST /livez HTTP/9.9\r\n", " 400 "},
		{"garbage\r\n", " 400 "},
		{"G", " 400 "},
	};
	static char body[3000000];

	begin(75000);
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
		struct client client = connect_client(0);

		send_bytes(&client, requests[i][0], strlen(requests[i][0]));
		send_bytes(&client, body, sizeof(body));
		cr_assert_eq(client.error, 0, "request %zu: the client is reset: %d", i,
			     client.error);
		expect(&client, requests[i][1]);
		expect(&client, "Connection: close\r\n");
		expect(&client, "\r\n\r\n");
		expect_end(&client);
		cr_assert_eq(connections_count(server->connections), 1, "it lingers");
		leave(&client);
		expect_connections(0);
	}
	end();
}

Test(server, a_client_that_sends_for_ever_is_cut_off)
{
	static char body[1024 * 1024];
	struct client client;

	begin(75000);
	client = connect_client(0);
	say(&client, "garbage\r\n");
	for (unsigned i = 0; i < 64 && client.error == 0; i++)
		send_bytes(&client, body, sizeof(body));
	cr_assert_neq(client.error, 0, "64 MB are taken");
	expect_connections(0);
	leave(&client);
	end();
}

Test(server, a_client_that_never_closes_is_cut_off)
{
	struct client client;
	uint64_t began_ms = clock_ms();

	begin(75000);
	client = connect_client(0);
	say(&client, "garbage\r\n");
	expect_end(&client);
	expect_connections(0);
	cr_assert_gt(clock_ms() - began_ms, 3000);
	leave(&client);
	end();
}

Test(server, requests_that_follow_the_last_one_do_not_reset_its_answer)
{
	struct client client;

	begin(75000);
	client = connect_client(0);
	say(&client, "GET /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n" LIVEZ LIVEZ);
	expect(&client, "{\"live\":true}");
	expect_end(&client);
	cr_assert_null(strstr(strstr(client.received, "{\"live\":true}"), "HTTP"));
	cr_assert_eq(connections_count(server->connections), 1, "it lingers");
	leave(&client);
	expect_connections(0);
	client = connect_client(0);
	say(&client, "GET /livez HTTP/1.0\r\n\r\n");
	expect_connections(0); /* no other bytes arrived, so it ends without lingering */
	leave(&client);
	end();
}

Test(server, an_error_after_100_continue_is_ours)
{
	struct client client;

	begin(75000);
	client = connect_client(0);
	say(&client, "POST /livez HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n");
	expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
	say(&client, "zz\r\n");
	expect(&client, "HTTP/1.1 400 ");
	expect(&client, "{\"error\":");
	expect_end(&client);
	cr_assert_null(strstr(client.received, "<"), "%s", client.received);
	leave(&client);
	client = connect_client(2048);
	fill_up(&client);
	say(&client, "POST /livez HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n");
	say(&client, "zz\r\n");
	expect(&client, "HTTP/1.1 400 ");
	expect(&client, "{\"error\":");
	expect_end(&client);
	cr_assert_null(strstr(client.received, "<"), "%s", client.received);
	leave(&client);
	end();
}

/* --- sound requests are understood ------------------------------------------------------------ */

Test(server, empty_lines_before_a_request_are_skipped)
{
	static const char *const before[] = {"\r\n", "\r\n\r\n\r\n", "\n", "\r\n\n\r\n"};

	begin(75000);
	for (size_t i = 0; i < ARRAY_LENGTH(before); i++)
		for (unsigned piece = 0; piece < 3; piece++) {
			struct client client = connect_client(0);

			if (piece == 2)
				say(&client, "POST /tickets/create/x HTTP/1.1\r\nHost: t\r\n"
					     "Content-Length: 3\r\n\r\nabc");
			for (const char *at = before[i]; piece > 0 && *at != '\0'; at++) {
				send_bytes(&client, at, 1);
				settle();
			}
			if (piece == 0)
				send_bytes(&client, before[i], strlen(before[i]));
			say(&client, LIVEZ);
			expect(&client, "{\"live\":true}");
			leave(&client);
		}
	expect_connections(0);
	end();
}

Test(server, a_bare_CR_before_a_request_is_refused)
{
	struct client client;

	begin(75000);
	client = connect_client(0);
	say(&client, "\r\n\r" LIVEZ);
	expect(&client, " 400 ");
	expect_end(&client);
	leave(&client);
	end();
}

Test(server, chunk_extensions_are_accepted)
{
	static const char *const bodies[] = {
		"3;a=b\r\nabc\r\n0\r\n\r\n",
		"3 ; a = \"x;y\" ;c\r\nabc\r\n0;last\r\n\r\n",
		"003\r\nabc\r\n00\r\nX-Trailer: t\r\nY: u\r\n\r\n",
		"A\r\n0123456789\r\na;x\r\n\r\n\0\r\n\r\n\0\r\n\r\n0\r\n\r\n",
	};

	begin(75000);
	for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
		for (unsigned bytewise = 0; bytewise < 2; bytewise++) {
			struct client client = connect_client(0);
			size_t len = i == 3 ? 37 : strlen(bodies[i]);

			say(&client, "POST /tickets/create HTTP/1.1\r\nHost: t\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n");
			for (size_t at = 0; at < len; at += bytewise ? 1 : len) {
				cr_assert_eq(asked_count, 0);
				send_bytes(&client, bodies[i] + at, bytewise ? 1 : len);
			}
			say(&client, CREATE); /* the server reads nothing after chunks */
			cr_assert_eq(asked_count, 1, "body %zu", i);
			answer_all();
			expect(&client, " 200 ");
			expect_end(&client);
			settle();
			cr_assert_eq(asked_count, 0);
			leave(&client);
		}
	end();
}

/* --- deadlines -------------------------------------------------------------------------------- */

Test(server, a_request_begun_in_the_last_moment_of_an_idle_connection_is_answered)
{
	struct client client;

	begin(1000);
	client = connect_client(0);
	say(&client, LIVEZ);
	expect(&client, "{\"live\":true}");
	pass_time(700);
	say(&client, "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n");
	pass_time(700);
	say(&client, "\r\nabc");
	cr_assert_eq(asked_count, 1);
	answer_all();
	expect(&client, "[2]");
	leave(&client);
	end();
}

Test(server, a_slow_sender_does_not_hold_a_connection_for_ever)
{
	static const char *const drips[] = {
		"\r\n",
		"GET /livez HTTP/1.1\r\nHost: ttttttttttttttttttttttttttttttttttttttttttttttttttt",
	};

	begin(500);
	for (size_t i = 0; i < ARRAY_LENGTH(drips); i++) {
		struct client client = connect_client(0);
		uint64_t began_ms = clock_ms();

		for (size_t at = 0; !client.is_at_end && client.error == 0;
		     at = (at + 1) % strlen(drips[i])) {
			cr_assert_lt(clock_ms() - began_ms, PATIENCE_MS, "drip %zu", i);
			send_bytes(&client, drips[i] + at, 1);
			pass_time(50);
			receive(&client);
		}
		leave(&client);
		expect_connections(0);
	}
	end();
}

Test(server, a_reply_that_is_not_read_ends_at_its_deadline)
{
	struct client client;

	begin(500);
	client = connect_client(2048);
	fill_up(&client);
	cr_assert_eq(connections_count(server->connections), 1);
	expect_connections(0);
	leave(&client);
	end();
}

Test(server, a_connection_ends_when_its_client_closes_its_half)
{
	static const char *const requests[] = {
		"",
		"\r\n",
		"GET /liv",
		LIVEZ,
		LIVEZ LIVEZ "GET",
		"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nx"};

	begin(75000);
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
		struct client client = connect_client(0);

		say(&client, requests[i]);
		shutdown(client.fd, SHUT_WR);
		expect_end(&client);
		expect_connections(0);
		cr_assert_eq(strstr(client.received, "{\"live\":true}") != NULL, i == 3 || i == 4);
		leave(&client);
	}
	end();
}

/* --- a drain ---------------------------------------------------------------------------------- */

Test(server, a_connection_accepted_in_the_last_round_of_a_drain_is_answered)
{
	struct client client;

	begin(75000);
	http_server_drain(server);
	client = connect_client(0);
	send_bytes(&client, CREATE, strlen(CREATE));
	settle();
	cr_assert_eq(drained, 0, "the drain is over, and a client has no answer");
	cr_assert_eq(asked_count, 1);
	answer_all();
	expect(&client, "HTTP/1.1 200 OK\r\n");
	expect(&client, "Connection: close\r\n");
	expect(&client, "[2]");
	expect_end(&client);
	leave(&client);
	expect_connections(0);
	pass_time(100);
	cr_assert_eq(drained, 1);
	end();
}

Test(server, creates_are_answered_during_a_drain_and_probes_are_not)
{
	struct client clients[3];
	static const char *const requests[] = {
		CREATE,
		"GET /status HTTP/1.1\r\nHost: t\r\n\r\n",
		"GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n",
	};

	begin(75000);
	for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
		clients[i] = connect_client(0);
		say(&clients[i], LIVEZ);
		expect(&clients[i], "{\"live\":true}");
	}
	http_server_drain(server);
	for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
		memset(clients[i].received, 0, clients[i].len);
		clients[i].len = 0;
		say(&clients[i], requests[i]);
		say(&clients[i], LIVEZ); /* too late: its answer would follow the last one */
		answer_all();
		expect(&clients[i], i == 0 ? " 200 OK\r\n" : " 503 Service Unavailable\r\n");
		expect(&clients[i], "Connection: close\r\n");
		expect_end(&clients[i]);
		cr_assert_eq(clients[i].error, 0);
		leave(&clients[i]);
	}
	expect_connections(0);
	pass_time(100);
	cr_assert_eq(drained, 1);
	end();
}

/* --- access --------------------------------------------------------------------------------------- */

static const struct route guarded_routes[] = {
	{"/open", EVHTTP_REQ_GET, ROUTE_ANYBODY, handle_livez, ROUTE_OTHER},
	{"/client", EVHTTP_REQ_GET, ROUTE_CLIENT, handle_livez, ROUTE_OTHER},
	{"/operator", EVHTTP_REQ_GET, ROUTE_OPERATOR, handle_livez, ROUTE_OTHER},
};

/* TCP carries no credentials of a user, so no client there is the operator. */
Test(server, each_route_asks_for_its_access_and_an_unknown_path_for_the_strictest)
{
	static const struct {
		const char *request;
		const char *answer;
	} cases[] = {
		{"GET /open HTTP/1.1\r\nHost: t\r\n\r\n", " 200 OK\r\n"},
		{"GET /client HTTP/1.1\r\nHost: t\r\n\r\n", " 401 Unauthorized\r\n"},
		{"GET /client HTTP/1.1\r\nHost: t\r\nAuthorization: Basic OnB3\r\n\r\n",
		 " 200 OK\r\n"},
		{"GET /operator HTTP/1.1\r\nHost: t\r\nAuthorization: Basic OnB3\r\n\r\n",
		 " 403 Forbidden\r\n"},
		{"GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", " 403 Forbidden\r\n"},
	};
	static const struct route_table all = {guarded_routes, 3}, clients = {guarded_routes, 2};
	static struct log_limit error_lines;
	struct http_settings serving = {.password = "pw",
					.deadline_ms = 75000,
					.context = &service,
					.ends_lines = true,
					.error_lines = &error_lines};
	uint64_t connections = metrics_get(METRIC_HTTP_CONNECTIONS);
	struct client client;

	begin_with(&serving, &all);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		client = connect_client(0);
		say(&client, cases[i].request);
		expect(&client, cases[i].answer);
		expect(&client, "}\n"); /* the server ends lines */
		cr_assert_eq(metrics_get(METRIC_HTTP_CONNECTIONS), connections, "not counted");
		leave(&client);
	}
	end();
	begin_with(&serving, &clients);
	client = connect_client(0);
	say(&client, "GET /nowhere HTTP/1.1\r\nHost: t\r\nAuthorization: Basic OnB3\r\n\r\n");
	expect(&client, " 404 Not Found\r\n");
	expect(&client, "try GET /open or GET /client\"}\n");
	leave(&client);
	end();
}
