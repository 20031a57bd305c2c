/*
 * The input is what a client sends after the preface of HTTP/2 and its settings. Its first byte says how the server
 * is set up, and in how many pieces the rest arrives. Whatever it is, the connection ends without a call left.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allocator/allocator.h"
#include "base/log.h"
#include "directory/directory.h"
#include "front/service.h"
#include "fuzz.h"
#include "grpc/connection.h"
#include "grpc/server.h"
#include "grpc/state.h"
#include "loop/loop.h"
#include "ticket/sequence_result.h"

#define HAS_PASSWORD  1
#define ANSWERS_LATE  2 /* after the client has gone */
#define ANSWERS_BADLY 4
#define MOST_OUT      1024
#define LONGEST_INPUT 65536

/* The NUL at its end is the last byte of an empty SETTINGS frame. */
static const unsigned char beginning[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

static struct {
	struct event_base *base;
	struct grpc_server *server, *guarded;
	struct allocator *allocator;
	struct ticket_service service;
	struct waiting_limit limit;
	struct log_limit error_lines;
	struct ticket_space space;
	struct reservation *out[MOST_OUT];
	size_t out_count;
	uint64_t next;
	bool fails;
} world;

/* --- a source of numbers ---------------------------------------------------------------------------- */

static bool
world_submit(void *self, struct reservation *reservation)
{
	(void)self;
	MUST_HOLD(world.out_count < MOST_OUT);
	world.out[world.out_count++] = reservation;
	return reservation_queue(reservation);
}

static bool
world_withdraw(void *self, struct reservation *reservation)
{
	(void)self;
	for (size_t i = 0; i < world.out_count; i++)
		if (world.out[i] == reservation)
			world.out[i] = world.out[--world.out_count];
	return reservation_withdraw(reservation);
}

static void
world_answer(struct reservation *reservation)
{
	struct sequence_shown *shown = reservation->result;

	reservation_take(reservation);
	reservation->space = &world.space;
	reservation->status = world.fails ? TICKET_DATABASE_FAILED : TICKET_OK;
	if (reservation->status == TICKET_OK && reservation->task == RESERVATION_SHOW)
		shown->is_found = false;
	else if (reservation->status == TICKET_OK)
		reservation->bases = (struct ticket_range){world.next, 1, reservation->count};
	world.next += reservation->count;
	allocator_deliver(world.allocator, reservation);
}

static void
world_answer_all(void)
{
	for (;;) {
		allocator_flush(world.allocator);
		if (world.out_count == 0)
			return;
		world_answer(world.out[--world.out_count]);
	}
}

static void
world_wake(void *arg)
{
	(void)arg;
}

static uint64_t
world_held(void *arg, struct sequence *sequence)
{
	(void)arg;
	(void)sequence;
	return 0;
}

static void
world_drop(void *arg, struct sequence *sequence)
{
	(void)arg;
	(void)sequence;
}

static size_t
world_databases(void *arg, struct database_state *states)
{
	(void)arg;
	states[0] = (struct database_state){
		.name = "db", .space = &world.space, .condition = DATABASE_UP, .newest_base = 7};
	return 1;
}

static bool
world_is_ready(void *arg)
{
	(void)arg;
	return true;
}

/* --- the server ------------------------------------------------------------------------------------- */

static void
world_begin(void)
{
	struct directory_settings names = {.most = 1000, .per_second = 100000, .miss_ms = 1000};
	struct source source = {.submit = world_submit, .withdraw = world_withdraw};
	struct allocator_settings allocating = {.pool_timeout_ms = 60000,
						.limit = &world.limit,
						.source = source,
						.strong = source,
						.weak = source,
						.wake = world_wake};
	struct front_settings settings = {
		.names = FRONT_NAMES_ANY, .databases = 1, .held = world_held, .drop = world_drop};
	struct front_store store = {.name = FRONT_STORE_OWN, .is_ready = world_is_ready};
	struct grpc_settings serving = {.password = "",
					.idle_ms = 60000,
					.patience_ms = 60000,
					.service = &world.service,
					.error_lines = &world.error_lines};

	log_begin(LOG_LEVEL_ERROR);
	loop_library_begin();
	world.limit.most = 10000;
	world.space = (struct ticket_space){1, 0, 1};
	world.next = 2;
	world.base = loop_base_new();
	world.allocator = settings.allocator = allocator_new(&allocating);
	settings.directory = directory_new(&names);
	store.front = front_new(&settings);
	world.service = (struct ticket_service){
		.allocator = world.allocator, .max_batch = 1000, .databases = world_databases};
	front_stores_add(&world.service.stores, &store);
	world.server = grpc_server_new(world.base, &serving, NULL, 0);
	serving.password = "secret";
	world.guarded = grpc_server_new(world.base, &serving, NULL, 0);
}

static void
world_turn(void)
{
	MUST_HOLD(event_base_loop(world.base, EVLOOP_NONBLOCK) >= 0);
}

static void
world_read_answers(int fd)
{
	char answers[16384];

	while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		world_turn();
}

static void
world_send(int fd, const void *bytes, size_t len)
{
	/* The server may have closed the connection. */
	(void)!send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	world_turn();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct grpc_server *server;
	unsigned options;
	size_t piece;
	int fds[2];

	if (world.base == NULL)
		world_begin();
	if (len < 2 || len > LONGEST_INPUT)
		return 0;
	options = bytes[0];
	piece = options & 8 ? 1 + (options >> 4) : len;
	server = options & HAS_PASSWORD ? world.guarded : world.server;
	world.fails = options & ANSWERS_BADLY;
	MUST_HOLD(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	MUST_HOLD(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
	server->connection_count++;
	grpc_connection_open(server, fds[0]);
	world_send(fds[1], beginning, sizeof(beginning));
	for (size_t at = 1; at < len; at += piece)
		world_send(fds[1], bytes + at, len - at < piece ? len - at : piece);
	if ((options & ANSWERS_LATE) == 0)
		world_answer_all();
	world_turn();
	world_read_answers(fds[1]);
	close(fds[1]);
	world_turn();
	world_answer_all();
	world_turn();
	MUST_HOLD(server->connection_count == 0);
	MUST_HOLD(LIST_EMPTY(&server->connections) && LIST_EMPTY(&server->watchers));
	MUST_HOLD(server->held == 0);
	MUST_HOLD(world.limit.waiting == 0);
	return 0;
}
