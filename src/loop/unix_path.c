/*
 * DESIGN. Two servers, A and B, find the path of a dead server:
 *
 *	1. A and B connect, and are refused. So the path belongs to a dead server.
 *	2. A unlinks it, binds it again and listens.
 *	3. B unlinks the path of A and binds its own. A serves, and no client reaches it.
 *
 * So each server takes all steps under a lock. It locks the folder (flock), which leaves no file. If the
 * folder cannot be read or locked, the server takes the steps without the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/unix_path.h"

#define LOCK_WAIT_MS  2000
#define LOCK_PAUSE_MS 5

static const char *
unix_path_of(const struct socket_address *address)
{
	return ((const struct sockaddr_un *)&address->address)->sun_path;
}

/* --- the lock of the folder ------------------------------------------------------------------ */

static int
unix_path_open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(folder);
	return fd;
}

/* Return the descriptor that holds the lock, for close(); -1: the folder cannot be locked. */
static int
unix_path_lock_folder(const char *path)
{
	static const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
	uint64_t give_up_ms = clock_ms() + LOCK_WAIT_MS;
	int fd = unix_path_open_folder(path);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK && clock_ms() < give_up_ms) {
			nanosleep(&pause, NULL);
			continue;
		}
		close(fd);
		fd = -1;
	}
	return fd;
}

/* --- listening ------------------------------------------------------------------------------------ */

/* Return whether the kernel refuses a connection. A server that lives accepts it, or has a full queue (EAGAIN). */
static bool
unix_path_is_dead(const struct socket_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool is_refused =
		fd >= 0 &&
		connect(fd, (const struct sockaddr *)&address->address, address->len) != 0 &&
		errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return is_refused;
}

/* Remove the path of a dead server. Return false, with errno, if it is a file or belongs to a live server. */
static bool
unix_path_clear(const struct socket_address *address)
{
	struct stat status;

	if (lstat(unix_path_of(address), &status) != 0)
		return true;
	if (!S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return false;
	}
	if (unix_path_is_dead(address))
		return unlink(unix_path_of(address)) == 0;
	errno = EADDRINUSE;
	return false;
}

static void
unix_path_note(const struct socket_address *address, struct unix_path *path)
{
	struct stat status;

	if (lstat(unix_path_of(address), &status) != 0)
		return;
	path->device = status.st_dev;
	path->inode = status.st_ino;
	path->is_ours = true;
}

static bool
unix_path_bind_and_listen(int fd, const struct socket_address *address, int backlog,
			  struct unix_path *path)
{
	if (bind(fd, (const struct sockaddr *)&address->address, address->len) != 0)
		return false;
	unix_path_note(address, path);
	return listen(fd, backlog) == 0;
}

int
unix_path_listen(const struct socket_address *address, int backlog, struct unix_path *path)
{
	int lock = unix_path_lock_folder(unix_path_of(address));
	int fd = -1;
	int error = 0;

	if (unix_path_clear(address))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || !unix_path_bind_and_listen(fd, address, backlog, path))
		error = errno;
	if (error != 0 && fd >= 0) {
		unix_path_remove(address, path);
		close(fd);
		fd = -1;
	}
	if (lock >= 0)
		close(lock);
	errno = error;
	return fd;
}

void
unix_path_remove(const struct socket_address *address, struct unix_path *path)
{
	struct stat status;

	if (!atomic_exchange(&path->is_ours, false))
		return;
	if (lstat(unix_path_of(address), &status) == 0 && status.st_dev == path->device &&
	    status.st_ino == path->inode)
		unlink(unix_path_of(address));
}
