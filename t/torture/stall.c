/*
 * stall -- a disk that stalls: a library that, preloaded into a server, blocks fsync() and fdatasync().
 *
 *	LD_PRELOAD=t/torture/stall.so TORTURE_STALL=FILE tickrd
 *
 * While FILE exists both calls wait. Any thread may call them.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void
wait_for_the_disk(void)
{
	const char *path = getenv("TORTURE_STALL");
	struct timespec pause = {.tv_nsec = 5000000};

	while (path != NULL && access(path, F_OK) == 0)
		nanosleep(&pause, NULL);
}

int
fsync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
