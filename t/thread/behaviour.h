/*
 * behaviour -- how a database of the memory store answers in a phase of a hammer.
 */
#ifndef TICKR_THREAD_BEHAVIOUR_H
#define TICKR_THREAD_BEHAVIOUR_H

#include <stdbool.h>

#include "store/memory.h"

/* Zeroed, it answers everything immediately. The fields are those of struct memory_script. */
struct behaviour {
	unsigned reserve_us;
	unsigned fail_every;
	enum store_result failure;
	bool loses_after;
	bool hangs;
	enum store_result open_result;
};

/* Let the database of SCRIPT behave so from now on. Any thread. */
static inline void
set_behaviour(struct memory_script *script, const struct behaviour *behaviour)
{
	memory_script_lock(script);
	script->reserve_us = behaviour->reserve_us;
	script->fail_every = behaviour->fail_every;
	script->failure = behaviour->failure;
	script->loses_after = behaviour->loses_after;
	script->open_result = behaviour->open_result;
	script->hangs = behaviour->hangs;
	memory_script_unlock(script);
}

#endif
