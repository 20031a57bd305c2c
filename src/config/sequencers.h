/*
 * sequencers -- reads TICKR_SEQUENCERS_FILE: stores of named sequences, in Layotto's form.
 *
 *	{"sequencer": {"NAME": {"type": "redis", "biggerThan": {"KEY": 1000}, "metadata": {"redisHost": ".."}}}}
 *
 * Main thread; afterwards the stores are read only.
 */
#ifndef TICKR_CONFIG_SEQUENCERS_H
#define TICKR_CONFIG_SEQUENCERS_H

#include <stddef.h>
#include <stdint.h>

#include "store/types.h"

#define MOST_SEQUENCERS 16

/* The next id of KEY is larger than ID. */
struct sequencer_bound {
	char *key; /* as clients name it */
	uint64_t id;
};

struct sequencer {
	char *name;   /* of the store, for clients */
	char *prefix; /* of the names of its sequences, see front/rewrite.h */
	const struct store_type *type;
	struct store_settings settings;
	struct sequencer_bound *bounds;
	size_t bound_count;
};

struct loader;
struct config;

/* Read the file of LOADER's config, if there is one. All mistakes go to LOADER. Undone by sequencers_forget(). */
void sequencers_read(struct loader *loader);
void sequencers_forget(struct config *config);

#endif
