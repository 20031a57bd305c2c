#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop/descriptors.h"

#define QUIET_MS 1000 /* after so long without a failure the system counts as accepting again */

uint64_t
descriptors_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return UINT64_MAX;
	if (limit.rlim_cur != limit.rlim_max) {
		rlim_t before = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			limit.rlim_cur = before;
	}
	return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

/*
 * Without /proc, return the lowest free descriptor, which the kernel uses next. If the descriptors in use
 * have no holes, it is their number.
 */
static uint64_t
descriptors_lowest_free(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	close(fd);
	return (uint64_t)fd;
}

uint64_t
descriptors_in_use(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;
	struct dirent *entry;

	if (folder == NULL)
		return descriptors_lowest_free();
	while ((entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - (count > 0); /* without the folder's own */
}

uint64_t
descriptors_for_connections(uint64_t limit, uint64_t in_use, uint64_t reserve, bool *is_short)
{
	uint64_t free = limit > in_use ? limit - in_use : 0;
	uint64_t left = free > reserve ? free - reserve : 0;
	uint64_t least = free / 2 < LEAST_CONNECTIONS ? free / 2 : LEAST_CONNECTIONS;

	*is_short = left < LEAST_CONNECTIONS;
	if (left < least)
		left = least;
	return left > 0 ? left : 1;
}

bool
connection_limit_enter(struct connection_limit *limit)
{
	return atomic_fetch_add(&limit->open, 1) + 1 < limit->most;
}

void
connection_limit_leave(struct connection_limit *limit)
{
	atomic_fetch_sub(&limit->open, 1);
}

bool
connection_limit_has_room(const struct connection_limit *limit)
{
	return atomic_load(&limit->open) < limit->most;
}

/* Note that a state begins at NOW_MS. Return false if it had begun before. */
static bool
descriptors_begin_state(_Atomic uint64_t *state_ms, uint64_t now_ms)
{
	uint64_t none = 0;

	return atomic_compare_exchange_strong(state_ms, &none, now_ms);
}

/* Note that a state ends. Return false if it had not begun, or if another thread has ended it. */
static bool
descriptors_end_state(_Atomic uint64_t *state_ms, uint64_t *since_ms)
{
	*since_ms = atomic_exchange(state_ms, 0);
	return *since_ms != 0;
}

bool
connection_limit_is_reached_now(struct connection_limit *limit, uint64_t now_ms)
{
	return descriptors_begin_state(&limit->reached_ms, now_ms);
}

bool
connection_limit_is_over_now(struct connection_limit *limit, uint64_t *since_ms)
{
	return atomic_load(&limit->reached_ms) != 0 &&
	       atomic_load(&limit->open) < limit->most - limit->most / 16 &&
	       descriptors_end_state(&limit->reached_ms, since_ms);
}

bool
connection_limit_fails_now(struct connection_limit *limit, uint64_t now_ms)
{
	atomic_store(&limit->last_failed_ms, now_ms);
	return descriptors_begin_state(&limit->failing_ms, now_ms);
}

bool
connection_limit_recovers_now(struct connection_limit *limit, uint64_t now_ms, uint64_t *since_ms)
{
	return atomic_load(&limit->failing_ms) != 0 &&
	       now_ms >= atomic_load(&limit->last_failed_ms) + QUIET_MS &&
	       descriptors_end_state(&limit->failing_ms, since_ms);
}
