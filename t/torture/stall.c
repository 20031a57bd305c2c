/*
 * stall -- a disk that stalls or is full: a library that, preloaded into a server, replaces fsync() and fdatasync().
 *
 *	LD_PRELOAD=t/torture/stall.so TORTURE_STALL=FILE TORTURE_FULL=FILE tickrd
 *
 * While the first FILE exists both calls wait. While the second one exists they fail. Any thread may call them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool
is_there(const char *variable)
{
	const char *path = getenv(variable);

	return path != NULL && access(path, F_OK) == 0;
}

/* Return false if the disk is full. */
static bool
wait_for_the_disk(void)
{
	struct timespec pause = {.tv_nsec = 5000000};

	while (is_there("TORTURE_STALL"))
		nanosleep(&pause, NULL);
	if (!is_there("TORTURE_FULL"))
		return true;
	errno = ENOSPC;
	return false;
}

int
fsync(int fd)
{
	return wait_for_the_disk() ? (int)syscall(SYS_fsync, fd) : -1;
}

int
fdatasync(int fd)
{
	return wait_for_the_disk() ? (int)syscall(SYS_fdatasync, fd) : -1;
}
