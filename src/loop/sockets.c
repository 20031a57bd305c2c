#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parse.h"
#include "loop/sockets.h"

#define BACKLOG		1024
#define FIRST_INHERITED 3   /* as sd_listen_fds(3) has it */
#define MOST_SHOWN	100 /* bytes of a bad value that are shown */

static int *
place(const struct sockets *sockets, size_t loop, size_t address)
{
	return &sockets->fds[loop * sockets->addresses + address];
}

static void
add_error(struct text *problem, const char *what, const struct listen_address *address)
{
	int error = errno;

	text_addf(problem, "%s ", what);
	listen_address_describe(address, problem);
	text_addf(problem, ": %s", strerror(error));
}

static void
set_nodelay(int fd, int family)
{
	int on = 1;

	/* Accepted connections inherit it. */
	if (family == AF_INET || family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/*
 * An IPv6 socket takes IPv6 connections only, whatever net.ipv6.bindv6only says: so [::]:8080 and
 * 0.0.0.0:8080 mean the same on every machine, and can stand beside each other.
 */
static bool
keep_to_family(int fd, int family)
{
	int on = 1;

	return family != AF_INET6 ||
	       setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
}

/* A bound socket; IS_SHARED lets others of our user bind the same port. */
static int
bind_socket(const struct listen_address *address, bool is_shared)
{
	int family = address->address.ss_family;
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	set_nodelay(fd, family);
	if (!keep_to_family(fd, family) ||
	    bind(fd, (const struct sockaddr *)&address->address, address->len) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/*
 * With SO_REUSEPORT a second server could take a part of the first one's connections, and no user would
 * notice. So the first socket binds the port and listens without it, which fails if any other server
 * listens there. Only then it lets the sockets of the other loops share the port.
 */
static int
claim_port(struct listen_address *address)
{
	int fd = bind_socket(address, false);
	int on = 1;

	if (fd < 0)
		return -1;
	if (listen(fd, BACKLOG) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address->address, &address->len) == 0)
		return fd; /* the address has the port that the kernel chose */
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static bool
open_tcp(struct sockets *sockets, size_t index, struct text *problem)
{
	struct listen_address *address = &sockets->bound[index];
	bool is_open = true;

	for (size_t loop = 0; is_open && loop < sockets->loops; loop++) {
		int fd = loop == 0 ? claim_port(address) : bind_socket(address, true);

		*place(sockets, loop, index) = fd;
		is_open = fd >= 0 && (loop == 0 || listen(fd, BACKLOG) == 0);
	}
	if (!is_open)
		add_error(problem, "cannot listen on", address);
	return is_open;
}

/* Loop 0 has a socket: the others get duplicates. */
static bool
share(struct sockets *sockets, size_t index, struct text *problem)
{
	for (size_t loop = 1; loop < sockets->loops; loop++) {
		int copy = fcntl(*place(sockets, 0, index), F_DUPFD_CLOEXEC, 0);

		*place(sockets, loop, index) = copy;
		if (copy < 0) {
			add_error(problem, "cannot share", &sockets->bound[index]);
			return false;
		}
	}
	return true;
}

static bool
open_unix(struct sockets *sockets, size_t index, struct text *problem)
{
	struct listen_address *address = &sockets->bound[index];
	int fd = unix_path_listen(address, BACKLOG, &sockets->paths[index]);

	*place(sockets, 0, index) = fd;
	if (fd >= 0)
		return share(sockets, index, problem);
	add_error(problem, "cannot listen on", address);
	return false;
}

/* Whether the service manager has left sockets for this process, and not for one before it. */
static bool
is_for_us(const char *pid)
{
	uint64_t number;

	return pid != NULL && parse_number(pid, strlen(pid), UINT64_MAX, &number) &&
	       number == (uint64_t)getpid();
}

/* How many sockets there are, from descriptor 3 on. False if the environment does not say it well. */
static bool
count_inherited(size_t *count, struct text *problem)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t fds = 0;
	bool is_good = true;

	if (text == NULL || !is_for_us(getenv("LISTEN_PID")))
		return true;
	if (!parse_number(text, strlen(text), MOST_LISTEN_ADDRESSES, &fds)) {
		text_add(problem, "LISTEN_FDS=");
		text_add_quoted(problem, text, MOST_SHOWN);
		text_addf(problem,
			  " is not allowed: the service manager may hand over up to %d sockets. "
			  "Remove some ListenStream= lines of the socket unit",
			  MOST_LISTEN_ADDRESSES);
		is_good = false;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	*count = (size_t)fds;
	return is_good;
}

static bool
inherit(struct sockets *sockets, size_t index, struct text *problem)
{
	struct listen_address *address = &sockets->bound[index];
	int fd = FIRST_INHERITED + (int)index;
	int is_listening = 0;
	socklen_t len = sizeof(is_listening);

	address->len = sizeof(address->address);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0 || !is_listening ||
	    getsockname(fd, (struct sockaddr *)&address->address, &address->len) != 0) {
		text_addf(problem, "the inherited descriptor %d is not a listening socket", fd);
		return false;
	}
	*place(sockets, 0, index) = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	set_nodelay(fd, address->address.ss_family);
	return share(sockets, index, problem);
}

bool
sockets_open(struct sockets *sockets, size_t loops, const struct listen_address *addresses,
	     size_t count, struct text *problem)
{
	size_t inherited = 0;
	bool is_good;

	memset(sockets, 0, sizeof(*sockets));
	is_good = count_inherited(&inherited, problem);
	sockets->loops = loops;
	sockets->are_inherited = inherited > 0;
	sockets->addresses = inherited > 0 ? inherited : count;
	sockets->fds = xcalloc(loops * sockets->addresses, sizeof(*sockets->fds));
	for (size_t i = 0; i < loops * sockets->addresses; i++)
		sockets->fds[i] = -1;
	if (inherited == 0)
		memcpy(sockets->bound, addresses, count * sizeof(*addresses));

	for (size_t i = 0; is_good && i < sockets->addresses; i++) {
		if (sockets->are_inherited)
			is_good = inherit(sockets, i, problem);
		else if (sockets->bound[i].address.ss_family == AF_UNIX)
			is_good = open_unix(sockets, i, problem);
		else
			is_good = open_tcp(sockets, i, problem);
	}
	return is_good;
}

const int *
sockets_of_loop(const struct sockets *sockets, size_t loop)
{
	return place(sockets, loop, 0);
}

void
sockets_give_away(struct sockets *sockets)
{
	sockets->are_given_away = true;
}

/* A filter that drops every packet: no connection is made after this. */
static void
drop_packets(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &drop};

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void
sockets_remove_paths(struct sockets *sockets)
{
	for (size_t i = 0; i < MOST_LISTEN_ADDRESSES; i++)
		unix_path_remove(&sockets->bound[i], &sockets->paths[i]);
}

void
sockets_stop(struct sockets *sockets)
{
	sockets_remove_paths(sockets);
	for (size_t i = 0; i < sockets->addresses; i++) {
		if (sockets->are_inherited || sockets->bound[i].address.ss_family == AF_UNIX)
			continue;
		for (size_t loop = 0; loop < sockets->loops; loop++)
			drop_packets(*place(sockets, loop, i));
	}
}

void
sockets_close(struct sockets *sockets)
{
	sockets_remove_paths(sockets);
	for (size_t i = 0; i < sockets->loops * sockets->addresses; i++)
		if (!sockets->are_given_away && sockets->fds[i] >= 0)
			close(sockets->fds[i]);
	free(sockets->fds);
	sockets->fds = NULL;
	sockets->loops = sockets->addresses = 0;
}
