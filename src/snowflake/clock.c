#include <stddef.h>
#include <time.h>

#include "snowflake/clock.h"

static uint64_t
clock_read(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t
clock_read_unix(void *arg)
{
	(void)arg;
	return clock_read(CLOCK_REALTIME);
}

static uint64_t
clock_read_boot(void *arg)
{
	(void)arg;
	return clock_read(CLOCK_BOOTTIME);
}

const struct snowflake_clock snowflake_system_clock = {clock_read_unix, clock_read_boot, NULL};
