/*
 * misses -- names that are not served: the database does not have them, or they are retired.
 *
 * A small cache of a fixed size, of hashes under a secret key. It forgets a name after a time, or to remember
 * a newer one. Then the row in the database decides again. The caller holds the lock of its owner. A zeroed cache is
 * empty.
 */
#ifndef TICKR_DIRECTORY_MISSES_H
#define TICKR_DIRECTORY_MISSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define MISSES_MOST 32

struct miss {
	uint64_t hash;
	uint64_t until_ms; /* 0: no name is here */
	bool is_retired;
};

struct misses {
	struct miss misses[MISSES_MOST];
	unsigned next; /* the place of the next name */
};

/* The name with HASH, if it is remembered at NOW_MS; else NULL. */
const struct miss *misses_find(struct misses *misses, uint64_t hash, uint64_t now_ms) MUST_CHECK;

/* Remember the name with HASH until UNTIL_MS. */
void misses_note(struct misses *misses, uint64_t hash, uint64_t until_ms, bool is_retired);

/* The name with HASH is there now. */
void misses_forget(struct misses *misses, uint64_t hash);

#endif
