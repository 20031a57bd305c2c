#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "directory/directory.h"
#include "front/front.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "snowflake_store.h"

#define COUNT_EVERY_MS 1000

struct snowflake_store {
	const struct sequencer *sequencer;
	struct snowflakes *snowflakes;
	struct directory *directory;
	struct source runs, groups; /* fronts keep their addresses */
	struct event *count;
	uint64_t known; /* the part of the metric, a sum over all stores, that is of this store */
};

/* The metrics are sums over all stores. Unsigned, a difference below 0 is right too. */
static void
snowflake_store_on_count(evutil_socket_t fd, short what, void *arg)
{
	struct snowflake_store *store = arg;
	uint64_t known = directory_live(store->directory);

	(void)fd;
	(void)what;
	metrics_add(METRIC_SEQUENCES_KNOWN, known - store->known);
	store->known = known;
	snowflakes_set_gauges(store->snowflakes);
	loop_event_in(store->count, COUNT_EVERY_MS);
}

struct snowflake_store *
snowflake_store_new(const struct config *config, const struct sequencer *sequencer,
		    struct snowflakes *snowflakes, struct event_base *base)
{
	struct directory_settings keys = {.most = (uint32_t)config->sequences_most,
					  .per_second = (uint32_t)config->sequences_per_second};
	struct snowflake_store *store;

	if (!random_bytes(&keys.hash_key, sizeof(keys.hash_key))) {
		log_error("cannot get random bytes");
		return NULL;
	}
	store = xcalloc(1, sizeof(*store));
	store->sequencer = sequencer;
	store->snowflakes = snowflakes;
	store->directory = directory_new(&keys);
	store->runs = snowflakes_runs(snowflakes);
	store->groups = snowflakes_groups(snowflakes);
	store->count = loop_event_new(base, -1, 0, snowflake_store_on_count, store);
	snowflake_store_on_count(-1, 0, store);
	return store;
}

static bool
snowflake_store_is_ready(void *arg)
{
	struct snowflake_store *store = arg;

	return snowflakes_are_issued(store->snowflakes);
}

static bool
snowflake_store_decode(void *arg, uint64_t id, struct text *json)
{
	struct snowflake_store *store = arg;

	return snowflakes_decode(store->snowflakes, id, json);
}

void
snowflake_store_add(struct snowflake_store *store, struct allocator *allocator,
		    struct front_stores *fronts)
{
	const struct front_settings settings = {
		.names = FRONT_NAMES_ANY,
		.databases = 1,
		.allocator = allocator,
		.directory = store->directory,
		.prefix = store->sequencer->prefix,
		.weak = &store->runs,
		.groups = &store->groups,
	};

	front_stores_add(fronts, &(struct front_store){
					 .name = store->sequencer->name,
					 .front = front_new(&settings),
					 .is_ready = snowflake_store_is_ready,
					 .decode = snowflake_store_decode,
					 .arg = store,
				 });
}

void
snowflake_store_free(struct snowflake_store *store)
{
	if (store == NULL)
		return;
	event_free(store->count);
	directory_free(store->directory);
	free(store);
}
