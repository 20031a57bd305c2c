#include "snowflake/guard.h"

static uint64_t
guard_trust(struct clock_guard *guard, uint64_t unix_ms, uint64_t boot_ms)
{
	*guard = (struct clock_guard){.has_seen = true, .unix_ms = unix_ms, .boot_ms = boot_ms};
	return 0;
}

/*
 * The trusted time runs with the clock that never steps. A step backwards does not lower it, so that the
 * return is no jump.
 */
uint64_t
guard_check(struct clock_guard *guard, uint64_t unix_ms, uint64_t boot_ms, uint64_t *jump_ms)
{
	uint64_t expected_ms = guard->unix_ms + (boot_ms - guard->boot_ms);

	*jump_ms = 0;
	if (!guard->has_seen)
		return guard_trust(guard, unix_ms, boot_ms);
	if (unix_ms <= expected_ms) {
		guard->is_held = false;
		return 0;
	}
	*jump_ms = unix_ms - expected_ms;
	if (*jump_ms <= GUARD_MOST_JUMP_MS)
		return guard_trust(guard, unix_ms, boot_ms);
	if (!guard->is_held)
		guard->held_since_ms = boot_ms;
	guard->is_held = true;
	if (boot_ms - guard->held_since_ms >= GUARD_HOLD_MS)
		return guard_trust(guard, unix_ms, boot_ms);
	return GUARD_HOLD_MS - (boot_ms - guard->held_since_ms);
}
