/*
 * clock -- the clocks that Snowflake ids depend on. Any thread. Tests put their own in place.
 */
#ifndef TICKR_SNOWFLAKE_CLOCK_H
#define TICKR_SNOWFLAKE_CLOCK_H

#include <stdint.h>

#include "base/attributes.h"

struct snowflake_clock {
	uint64_t (*unix_ms)(
		void *arg); /* the time of day, in ms since 1970. It may step in both directions */
	uint64_t (*boot_ms)(
		void *arg); /* never steps, and counts the time of a suspended machine too */
	void *arg;
};

/* The clocks of the system. */
extern const struct snowflake_clock snowflake_system_clock;

static inline uint64_t
snowflake_unix_ms(const struct snowflake_clock *clock)
{
	return clock->unix_ms(clock->arg);
}

static inline uint64_t
snowflake_boot_ms(const struct snowflake_clock *clock)
{
	return clock->boot_ms(clock->arg);
}

/* The id-time at UNIX_MS; 0 before the epoch. */
static inline uint64_t
snowflake_id_time(uint64_t unix_ms, uint64_t epoch_ms)
{
	return unix_ms > epoch_ms ? unix_ms - epoch_ms : 0;
}

#endif
