/*
 * stores -- the stores of named sequences that a server answers for, by their names.
 *
 * Store `tickr` is in the server's own databases. The others come from TICKR_SEQUENCERS_FILE. Each store has a
 * front of its own, so two stores share no sequence, no policy and no held number.
 *
 * A list belongs to one loop, and only its thread uses it. All protocols find a store by front_stores_find().
 */
#ifndef TICKR_FRONT_STORES_H
#define TICKR_FRONT_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define FRONT_STORE_OWN	      "tickr" /* the server's own store, if it has named sequences */
#define FRONT_STORE_NAME_MOST 64      /* bytes of a name: letters, digits, and . _ - */
#define FRONT_MOST_STORES     17      /* the own one, and 16 of the file */

struct front;

struct front_store {
	const char *name;    /* it outlives the list */
	struct front *front; /* of this loop; the maker of the list frees it */

	/*
	 * Return whether the store answers requests now: a database of it is up, and the keys of its biggerThan
	 * have been raised; or it has a worker id. It asks no database.
	 */
	bool (*is_ready)(void *arg);
	/* Add the parts of ID as JSON members. False: it is no id of the store. NULL: they depend on the sequence. */
	bool (*decode)(void *arg, uint64_t id, struct text *json);
	void *arg;
};

/* Zeroed, it has no stores. */
struct front_stores {
	struct front_store all[FRONT_MOST_STORES];
	size_t count;
};

/* Add STORE, which is copied. There is room for it. */
void front_stores_add(struct front_stores *stores, const struct front_store *store);

/* Return the store whose name is the LEN bytes at NAME; NULL: there is none. */
const struct front_store *front_stores_find(const struct front_stores *stores, const char *name,
					    size_t len) MUST_CHECK;

/* Add the names of all stores to TEXT, separated by commas. */
void front_stores_list(const struct front_stores *stores, struct text *text);

/* The LEN bytes at NAME are no store. If an operator can add it by a setting, add that to TEXT. */
void front_stores_add_remedy(const char *name, size_t len, struct text *text);

#endif
