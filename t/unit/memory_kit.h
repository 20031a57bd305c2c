/*
 * memory_kit -- a store over the memory of a script, for tests that ask it directly. One thread.
 */
#ifndef TICKR_T_MEMORY_KIT_H
#define TICKR_T_MEMORY_KIT_H

#include <assert.h>

#include "store/memory.h"

static struct memory_script script;
static struct store_settings settings;
static char reason_memory[256];
static struct text reason; /* of the last failure */

/* Claim the script for STORE, one of the memory stores. */
static inline void
memory_begin(const struct store *store)
{
	memory_script_init(&script);
	settings.own = &script;
	store->claim(&settings);
	reason = TEXT_OVER(reason_memory);
}

/* All sessions are closed. */
static inline void
memory_end(const struct store *store)
{
	store->release(&settings);
	assert(script.claims == 0);
	memory_script_destroy(&script);
}

#endif
