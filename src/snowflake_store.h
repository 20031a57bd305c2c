/*
 * snowflake_store -- a store of TICKR_SEQUENCERS_FILE whose ids are Snowflake ids.
 *
 * All such stores of a server take their ids from its one generator, so an id is unique over all keys, stores and
 * workers. There are no rows: a directory remembers the keys that were used, for the limits of their number and for
 * the metrics.
 *
 * Main thread, unless a function says otherwise.
 */
#ifndef TICKR_SNOWFLAKE_STORE_H
#define TICKR_SNOWFLAKE_STORE_H

#include <event2/event.h>

#include "base/attributes.h"
#include "config/config.h"
#include "front/stores.h"
#include "snowflakes.h"

struct snowflake_store;

/*
 * Return the store of SEQUENCER over SNOWFLAKES, which outlive it, as CONFIG does. NULL, with a line in the log: the
 * system has no random bytes.
 */
struct snowflake_store *snowflake_store_new(const struct config *config,
					    const struct sequencer *sequencer,
					    struct snowflakes *snowflakes,
					    struct event_base *base) MUST_CHECK;

/* Add the store to FRONTS, with a front for the loop of ALLOCATOR. The caller frees the front. */
void snowflake_store_add(struct snowflake_store *store, struct allocator *allocator,
			 struct front_stores *fronts);

/* After the loops have ended. NULL is allowed. */
void snowflake_store_free(struct snowflake_store *store);

#endif
