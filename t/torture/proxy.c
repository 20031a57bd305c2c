/*
 * proxy -- passes bytes between tickrd and its database, and cuts connections on order.
 *
 *	proxy PORT FIFO
 *
 * The proxy listens on a port of 127.0.0.1, which it prints, and passes all bytes to PORT and back.
 * A line in FIFO is an order:
 *
 *	to-database BYTES reset		from-database BYTES end		to-database BYTES hang
 *	all 0 reset			move PORT all
 *
 * The first three arm one cut. The proxy passes BYTES more in that direction, over all connections, and
 * cuts the connection that carries the next byte, before that byte. With reset both ends are reset, with
 * end both are closed in order, with hang the connection stays open and passes no byte.
 *
 * The order all cuts all connections immediately. After move new connections go to another PORT, and open
 * ones stay: the address moves. The proxy prints a line for each cut or move.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/parse.h"

#define MOST_PAIRS 256
#define CONNECT_S  2

enum direction { TO_DATABASE, FROM_DATABASE };

/* fds[TO_DATABASE] is tickrd's connection, whose bytes go to the database. -1: the pair is free. */
struct pair {
	int fds[2];
	bool is_hung;
};

enum cut_way { CUT_RESET, CUT_END, CUT_HANG };

struct cut {
	bool is_armed;
	enum direction direction;
	unsigned long bytes; /* that pass before the cut */
	enum cut_way way;
};

struct proxy {
	uint16_t port;
	int listener;
	int orders;
	struct pair pairs[MOST_PAIRS];
	struct cut cut;
};

/* --- pairs -------------------------------------------------------------------------------------- */

static void
cut_pair(struct pair *pair, enum cut_way way)
{
	struct linger reset = {1, 0};

	pair->is_hung = way == CUT_HANG;
	for (int i = 0; i < 2 && !pair->is_hung; i++) {
		if (way == CUT_RESET)
			setsockopt(pair->fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(pair->fds[i]);
		pair->fds[i] = -1;
	}
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval most = {.tv_sec = CONNECT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
accept_pair(struct proxy *proxy)
{
	struct pair pair = {{-1, -1}, false}, *unused = proxy->pairs;
	int on = 1;

	pair.fds[TO_DATABASE] = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair.fds[TO_DATABASE] < 0)
		return;
	while (unused < proxy->pairs + MOST_PAIRS && unused->fds[0] >= 0)
		unused++;
	pair.fds[FROM_DATABASE] = connect_to(proxy->port);
	if (pair.fds[FROM_DATABASE] < 0 || unused == proxy->pairs + MOST_PAIRS) {
		cut_pair(&pair, CUT_RESET);
		return;
	}
	for (int i = 0; i < 2; i++)
		setsockopt(pair.fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*unused = pair;
}

static bool
send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* Return the number of LEN bytes that may still pass in DIRECTION. If it is less than LEN, the cut is due. */
static size_t
allowed(struct cut *cut, enum direction direction, size_t len)
{
	if (!cut->is_armed || cut->direction != direction)
		return len;
	if (len <= cut->bytes) {
		cut->bytes -= len;
		return len;
	}
	cut->is_armed = false;
	return cut->bytes;
}

static void
pump(struct proxy *proxy, struct pair *pair, enum direction direction)
{
	char buffer[65536];
	ssize_t got = recv(pair->fds[direction], buffer, sizeof(buffer), 0);
	size_t may_pass;

	if (got <= 0 || pair->is_hung) {
		cut_pair(pair, got < 0 ? CUT_RESET : CUT_END);
		return;
	}
	may_pass = allowed(&proxy->cut, direction, (size_t)got);
	if (!send_all(pair->fds[!direction], buffer, may_pass)) {
		cut_pair(pair, CUT_RESET);
	} else if (may_pass < (size_t)got) {
		printf("cut %s after byte %zu of %zd\n",
		       direction == TO_DATABASE ? "to-database" : "from-database", may_pass, got);
		cut_pair(pair, proxy->cut.way);
	}
}

/* --- orders ------------------------------------------------------------------------------------- */

static void
cut_all(struct proxy *proxy, enum cut_way way)
{
	for (struct pair *pair = proxy->pairs; pair < proxy->pairs + MOST_PAIRS; pair++)
		if (pair->fds[0] >= 0)
			cut_pair(pair, way);
	printf("cut all\n");
}

static enum cut_way
way_called(const char *name)
{
	static const char *const names[] = {"reset", "end", "hang"};

	for (unsigned i = 0; i < ARRAY_LENGTH(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum cut_way)i;
	errx(64, "unknown way to cut: %s", name);
}

/* Read an order. Its writer writes the whole line in one call. */
static void
take_order(struct proxy *proxy)
{
	char line[128], where[16], how[8];
	ssize_t got = read(proxy->orders, line, sizeof(line) - 1);
	unsigned long bytes;

	if (got <= 0)
		return;
	line[got] = '\0';
	if (sscanf(line, "%15s %lu %7s", where, &bytes, how) != 3)
		errx(64, "not an order: %s", line);
	if (strcmp(where, "all") == 0) {
		cut_all(proxy, way_called(how));
	} else if (strcmp(where, "move") == 0) {
		proxy->port = (uint16_t)bytes;
		printf("moved to %lu\n", bytes);
	} else {
		proxy->cut = (struct cut){
			.is_armed = true,
			.direction =
				strcmp(where, "to-database") == 0 ? TO_DATABASE : FROM_DATABASE,
			.bytes = bytes,
			.way = way_called(how),
		};
	}
}

/* --- the loop --------------------------------------------------------------------------------------- */

/* Poll a pair that hangs only for its end. */
static struct pollfd
polled_of(const struct pair *pair, enum direction direction)
{
	return (struct pollfd){pair->fds[direction], pair->is_hung ? POLLRDHUP : POLLIN, 0};
}

static void
turn(struct proxy *proxy)
{
	struct pollfd polled[2 + 2 * MOST_PAIRS] = {{proxy->listener, POLLIN, 0},
						    {proxy->orders, POLLIN, 0}};

	for (size_t i = 0; i < 2 * MOST_PAIRS; i++)
		polled[2 + i] = polled_of(&proxy->pairs[i / 2], (enum direction)(i % 2));
	if (poll(polled, 2 + 2 * MOST_PAIRS, -1) < 0 && errno != EINTR)
		err(1, "poll");
	for (size_t i = 0; i < 2 * MOST_PAIRS; i++)
		if (polled[2 + i].revents != 0 && proxy->pairs[i / 2].fds[i % 2] >= 0)
			pump(proxy, &proxy->pairs[i / 2], (enum direction)(i % 2));
	if (polled[1].revents != 0)
		take_order(proxy);
	if (polled[0].revents != 0)
		accept_pair(proxy);
}

static void
listen_somewhere(struct proxy *proxy)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(proxy->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(proxy->listener, 128) != 0 ||
	    getsockname(proxy->listener, (struct sockaddr *)&address, &len) != 0)
		err(1, "cannot listen");
	printf("port=%u\n", ntohs(address.sin_port));
}

int
main(int argc, char **argv)
{
	static struct proxy proxy;
	uint64_t port;

	if (argc != 3 || !parse_number(argv[1], strlen(argv[1]), UINT16_MAX, &port))
		errx(64, "usage: proxy PORT FIFO");
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	proxy.port = (uint16_t)port;
	/* Open it for writing too, so that it never ends. */
	proxy.orders = open(argv[2], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (proxy.orders < 0)
		err(1, "%s", argv[2]);
	for (size_t i = 0; i < MOST_PAIRS; i++)
		proxy.pairs[i] = (struct pair){{-1, -1}, false};
	listen_somewhere(&proxy);
	for (;;)
		turn(&proxy);
}
