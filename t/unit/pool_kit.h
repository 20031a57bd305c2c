/*
 * pool_kit -- the pool of a test, and the state of its database as the pool sees it. One thread.
 */
#ifndef TICKR_T_POOL_KIT_H
#define TICKR_T_POOL_KIT_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "pool/pool.h"

#define POOL_MOST_MS 20000 /* that a condition is waited for */

static struct pool *pool;

static inline bool
is_ready(void)
{
	struct pool_view view;

	pool_view(pool, &view);
	return view.health.is_ready;
}

static inline bool
is_refused(void)
{
	struct pool_view view;

	pool_view(pool, &view);
	return view.health.is_refused;
}

/* Wait until IS_SO holds. False: it does not within POOL_MOST_MS. */
static inline bool
comes_true(bool (*is_so)(void))
{
	uint64_t until_ms = clock_ms() + POOL_MOST_MS;

	while (!is_so() && clock_ms() < until_ms)
		usleep(1000);
	return is_so();
}

#endif
