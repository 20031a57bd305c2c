#include <errno.h>
#include <unistd.h>

#include "base/write_all.h"

bool
write_all(int fd, const void *bytes, size_t len)
{
	const char *next = bytes;

	while (len > 0) {
		ssize_t written = write(fd, next, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		next += written;
		len -= (size_t)written;
	}
	return true;
}
