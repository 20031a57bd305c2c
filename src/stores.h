/*
 * stores -- serves the named sequences in the stores of TICKR_SEQUENCERS_FILE.
 *
 * Each store has a pool, a state file, a directory and held numbers of its own, so it fails alone. A store of type
 * snowflake has none of these (snowflake_store.h).
 *
 * At the start a thread checks each store, and raises the keys of its biggerThan. If the store refuses, the start fails.
 * If the store cannot be reached, the thread tries again, and the store is not ready meanwhile.
 *
 * Main thread, unless a function says otherwise.
 */
#ifndef TICKR_STORES_H
#define TICKR_STORES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "config/config.h"
#include "front/stores.h"
#include "loop/mailbox.h"
#include "snowflakes.h"

struct stores;

/*
 * Make the stores of CONFIG over the main thread's BASE and MAILBOX. Those of type snowflake take their ids from
 * SNOWFLAKES, which outlive the stores. NULL, with a line in the log: a state file or a
 * client library cannot be used. CONFIG outlives the stores.
 */
struct stores *stores_new(const struct config *config, struct snowflakes *snowflakes,
			  struct event_base *base, struct mailbox *mailbox) MUST_CHECK;

/* Return how many descriptors the stores need together. */
uint64_t stores_descriptors(const struct config *config);

/*
 * Start a thread for each store that checks it, and wait for the first answers, for 3 s at most. False, with a line in
 * the log: a store was refused, or a thread cannot be created, so tickrd must not start.
 */
bool stores_look(struct stores *stores) MUST_CHECK;

/* Start the threads. False, with errno: the system cannot create one. */
bool stores_start(struct stores *stores) MUST_CHECK;

/* Add a front of each store to FRONTS, for the loop of ALLOCATOR. */
void stores_add(struct stores *stores, struct allocator *allocator, struct front_stores *fronts);

/* End the threads. No worker runs. False: one has not ended by DEADLINE_MS of clock_ms(), and nothing may be freed. */
bool stores_stop(struct stores *stores, uint64_t deadline_ms) MUST_CHECK;
void stores_free(struct stores *stores); /* NULL is allowed */

#endif
