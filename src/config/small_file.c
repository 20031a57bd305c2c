#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/small_file.h"

#define MOST_SIZE  (64 * 1024)
#define PATIENCE_S 5

/* Wait until FD has bytes to read, or is at its end. False, with errno, at the deadline. */
static bool
small_file_wait_for_bytes(int fd, uint64_t deadline_ms)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int ready;

	do {
		uint64_t now_ms = clock_ms();

		ready = poll(&poller, 1, now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0;
}

/* Read up to SIZE bytes, to the end of the file. Return their number; -1 with errno. */
static ssize_t
small_file_read_all(int fd, char *to, size_t size)
{
	uint64_t deadline_ms = clock_ms() + PATIENCE_S * 1000;
	size_t len = 0;

	while (len < size) {
		ssize_t part;

		if (!small_file_wait_for_bytes(fd, deadline_ms))
			return -1;
		part = read(fd, to + len, size - len);
		if (part == 0)
			break;
		if (part > 0)
			len += (size_t)part;
		else if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
	return (ssize_t)len;
}

static void
small_file_explain(int error, struct text *problem)
{
	if (error == EFBIG)
		text_addf(problem, "it is larger than %d bytes", MOST_SIZE);
	else if (error == ETIMEDOUT)
		text_addf(problem, "it is a pipe, and its writer did not end within %d seconds",
			  PATIENCE_S);
	else
		text_add(problem, strerror(error));
}

char *
small_file_read(const char *path, size_t *len, struct text *problem)
{
	/* Without O_NONBLOCK, open() of a pipe would wait for a writer for ever. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char *content = xcalloc(1, MOST_SIZE + 2);
	ssize_t size = fd >= 0 ? small_file_read_all(fd, content, MOST_SIZE + 1) : -1;

	if (size > MOST_SIZE) {
		errno = EFBIG;
		size = -1;
	}
	if (size < 0) {
		small_file_explain(errno, problem);
		explicit_bzero(content, MOST_SIZE + 1);
		free(content);
		content = NULL;
	}
	if (fd >= 0)
		close(fd);
	*len = size < 0 ? 0 : (size_t)size;
	return content;
}
