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
sockets_place(const struct sockets *sockets, size_t loop, size_t address)
{
	return &sockets->fds[loop * sockets->addresses + address];
}

static void
sockets_add_error(struct text *problem, const char *what, const struct socket_address *address)
{
	int error = errno;

	text_addf(problem, "%s ", what);
	socket_address_describe(&address->address, problem);
	text_addf(problem, ": %s", strerror(error));
}

static void
sockets_set_nodelay(int fd, int family)
{
	int on = 1;

	/* Accepted connections inherit it. */
	if (family == AF_INET || family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/*
 * Return a bound socket. IS_SHARED lets other sockets of our user bind the same port. An IPv6 socket
 * accepts IPv6 connections only, with any net.ipv6.bindv6only. So [::]:8080 and 0.0.0.0:8080 mean
 * the same on every machine, and one server can listen on both.
 */
static int
sockets_bind(const struct socket_address *address, bool is_shared)
{
	int family = address->address.ss_family;
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	sockets_set_nodelay(fd, family);
	if ((family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    bind(fd, (const struct sockaddr *)&address->address, address->len) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/*
 * Return the first socket of a port. With SO_REUSEPORT a second server could take a part of the first
 * one's connections, and no user would notice. So the first socket binds the port and listens without
 * it. That fails if another server listens there. Only then may the sockets of the other loops share the
 * port.
 */
static int
sockets_claim_port(struct socket_address *address)
{
	int fd = sockets_bind(address, false);
	int on = 1;

	if (fd < 0)
		return -1;
	if (listen(fd, BACKLOG) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address->address, &address->len) == 0)
		return fd; /* ADDRESS now has the port that the kernel chose */
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static bool
sockets_open_tcp(struct sockets *sockets, size_t index, struct text *problem)
{
	struct socket_address *address = &sockets->bound[index];
	bool is_open = true;

	for (size_t loop = 0; is_open && loop < sockets->loops; loop++) {
		int fd = loop == 0 ? sockets_claim_port(address) : sockets_bind(address, true);

		*sockets_place(sockets, loop, index) = fd;
		is_open = fd >= 0 && (loop == 0 || listen(fd, BACKLOG) == 0);
	}
	if (!is_open)
		sockets_add_error(problem, "cannot listen on", address);
	return is_open;
}

/* Duplicate the socket of loop 0 for the other loops. */
static bool
sockets_share(struct sockets *sockets, size_t index, struct text *problem)
{
	for (size_t loop = 1; loop < sockets->loops; loop++) {
		int copy = fcntl(*sockets_place(sockets, 0, index), F_DUPFD_CLOEXEC, 0);

		*sockets_place(sockets, loop, index) = copy;
		if (copy < 0) {
			sockets_add_error(problem, "cannot share", &sockets->bound[index]);
			return false;
		}
	}
	return true;
}

static bool
sockets_open_unix(struct sockets *sockets, size_t index, struct text *problem)
{
	struct socket_address *address = &sockets->bound[index];
	int fd = unix_path_listen(address, BACKLOG, &sockets->paths[index]);

	*sockets_place(sockets, 0, index) = fd;
	if (fd >= 0)
		return sockets_share(sockets, index, problem);
	sockets_add_error(problem, "cannot listen on", address);
	return false;
}

/*
 * Read how many sockets the service manager left for this process. A LISTEN_PID of another process means
 * none. Return false if the number is not allowed.
 */
static bool
sockets_count_inherited(size_t *count, struct text *problem)
{
	const char *text = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");
	uint64_t fds = 0, pid_number;
	bool is_good = true;

	if (text == NULL || pid == NULL ||
	    !parse_number(pid, strlen(pid), UINT64_MAX, &pid_number) ||
	    pid_number != (uint64_t)getpid())
		return true;
	if (!parse_number(text, strlen(text), MOST_SOCKET_ADDRESSES, &fds)) {
		text_add(problem, "LISTEN_FDS=");
		text_add_quoted(problem, text, MOST_SHOWN);
		text_addf(problem,
			  " is not allowed: the service manager may hand over up to %d sockets. "
			  "Remove some ListenStream= lines of the socket unit",
			  MOST_SOCKET_ADDRESSES);
		is_good = false;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	*count = (size_t)fds;
	return is_good;
}

static bool
sockets_inherit(struct sockets *sockets, size_t index, struct text *problem)
{
	struct socket_address *address = &sockets->bound[index];
	int fd = FIRST_INHERITED + (int)index;
	int is_listening = 0;
	socklen_t len = sizeof(is_listening);

	address->len = sizeof(address->address);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0 || !is_listening ||
	    getsockname(fd, (struct sockaddr *)&address->address, &address->len) != 0) {
		text_addf(problem, "the inherited descriptor %d is not a listening socket", fd);
		return false;
	}
	*sockets_place(sockets, 0, index) = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	sockets_set_nodelay(fd, address->address.ss_family);
	return sockets_share(sockets, index, problem);
}

bool
sockets_open(struct sockets *sockets, size_t loops, const struct socket_address *addresses,
	     size_t count, struct text *problem)
{
	size_t inherited = 0;
	bool is_good;

	memset(sockets, 0, sizeof(*sockets));
	is_good = sockets_count_inherited(&inherited, problem);
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
			is_good = sockets_inherit(sockets, i, problem);
		else if (sockets->bound[i].address.ss_family == AF_UNIX)
			is_good = sockets_open_unix(sockets, i, problem);
		else
			is_good = sockets_open_tcp(sockets, i, problem);
	}
	return is_good;
}

const int *
sockets_of_loop(const struct sockets *sockets, size_t loop)
{
	return sockets_place(sockets, loop, 0);
}

void
sockets_give_away(struct sockets *sockets)
{
	sockets->are_given_away = true;
}

void
sockets_remove_paths(struct sockets *sockets)
{
	for (size_t i = 0; i < MOST_SOCKET_ADDRESSES; i++)
		unix_path_remove(&sockets->bound[i], &sockets->paths[i]);
}

/* A filter drops every packet of a TCP socket, so that the kernel makes no further connection. */
void
sockets_stop(struct sockets *sockets)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &drop};

	sockets_remove_paths(sockets);
	for (size_t i = 0; i < sockets->addresses; i++) {
		if (sockets->are_inherited || sockets->bound[i].address.ss_family == AF_UNIX)
			continue;
		for (size_t loop = 0; loop < sockets->loops; loop++)
			(void)setsockopt(*sockets_place(sockets, loop, i), SOL_SOCKET,
					 SO_ATTACH_FILTER, &program, sizeof(program));
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
