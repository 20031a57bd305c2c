/*
 * guard -- notices that the time of day jumped forward. Pure; one thread at a time.
 *
 * A bound that is written by a clock that is years ahead wastes the worker id for these years. So the owner of a
 * lease that cannot ask another clock holds back for a while, until it is clear that the new time stays. A zeroed
 * guard trusts the first time that it sees.
 */
#ifndef TICKR_SNOWFLAKE_GUARD_H
#define TICKR_SNOWFLAKE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define GUARD_MOST_JUMP_MS 10000 /* a longer jump is held back .. */
#define GUARD_HOLD_MS	   60000 /* .. for so long */

struct clock_guard {
	bool has_seen;
	uint64_t unix_ms; /* the trusted time of day at BOOT_MS */
	uint64_t boot_ms;
	bool is_held;
	uint64_t held_since_ms; /* by the clock of BOOT_MS */
};

/*
 * Note both clocks. Return how long to hold back from now on; 0: the time of day is good. JUMP_MS: by how much it is
 * ahead of the trusted time.
 */
uint64_t guard_check(struct clock_guard *guard, uint64_t unix_ms, uint64_t boot_ms,
		     uint64_t *jump_ms) MUST_CHECK;

#endif
