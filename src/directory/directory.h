/*
 * directory -- which named sequences this server knows, and what their policies are.
 *
 * A name that is known has one struct sequence, which lives as long as the directory. So other rooms may keep
 * and compare its pointer. The policy is under a lock here: use the copy that a function returns. Never read
 * sequence->policy directly.
 *
 *	directory_find() --KNOWN--> use it
 *	       '-------UNKNOWN--> read the row of the database: directory_learn(), directory_note_missing(), or,
 *				    if a first use may make it, directory_make()
 *
 * Memory is bounded: no name is made here if MOST live ones are known. Those of the database are known when they are
 * used, however many they are. Names that it does not have, and retired ones, are remembered in a small cache of a
 * fixed size.
 *
 * Any thread. The names are in shards, each with a mutex that is held for a few instructions.
 */
#ifndef TICKR_DIRECTORY_DIRECTORY_H
#define TICKR_DIRECTORY_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/siphash.h"
#include "base/text.h"
#include "directory/ranking.h"
#include "ticket/sequence.h"

struct directory_settings {
	uint32_t most;		     /* names that are not retired; 1 or more */
	uint32_t per_second;	     /* names made in a second; 1 or more */
	uint64_t miss_ms;	     /* how long the directory remembers that a name is not there */
	struct siphash_key hash_key; /* random bytes, so that no client can make names collide */
};

enum directory_result {
	DIRECTORY_KNOWN,
	DIRECTORY_UNKNOWN,  /* the row in the database decides */
	DIRECTORY_MISSING,  /* the database did not have it a moment ago */
	DIRECTORY_RETIRED,  /* refuse it, for ever */
	DIRECTORY_FULL,	    /* there are as many as there may be */
	DIRECTORY_TOO_FAST, /* too many were made in this second */
};

struct directory_found {
	struct sequence *sequence;     /* NULL unless it is known; a retired one may be known */
	struct sequence_policy policy; /* a copy; valid if SEQUENCE is not NULL */
};

struct directory;

struct directory *directory_new(const struct directory_settings *settings) MUST_CHECK;
void directory_free(struct directory *directory); /* NULL is allowed */

/*
 * Look up the LEN bytes at NAME, which sequence_name_is_valid() accepts. The answer is KNOWN, UNKNOWN, MISSING
 * or RETIRED. NOW_MS is clock_ms().
 */
enum directory_result directory_find(struct directory *directory, const char *name, size_t len,
				     uint64_t now_ms, struct directory_found *found) MUST_CHECK;

/*
 * The database has a row of NAME, with POLICY. A known name takes the policy if its revision is higher. The
 * answer is KNOWN or RETIRED.
 */
enum directory_result directory_learn(struct directory *directory, const char *name, size_t len,
				      const struct sequence_policy *policy,
				      struct directory_found *found) MUST_CHECK;

/*
 * A first use makes NAME, with the default policy. A name that is known is only found. The answer is KNOWN,
 * RETIRED, FULL or TOO_FAST. The database may have a row of that name with another revision: then the answer
 * to the first reservation shows it, and directory_replace() follows.
 */
enum directory_result directory_make(struct directory *directory, const char *name, size_t len,
				     uint64_t now_ms, struct directory_found *found) MUST_CHECK;

/* The database was read at NOW_MS, and has no row of NAME. A known name stays known. */
void directory_note_missing(struct directory *directory, const char *name, size_t len,
			    uint64_t now_ms);

/*
 * A reservation that relied on revision SEEN of SEQUENCE found another one in the row. POLICY was read from the
 * row since then. Take it, even if its revision is lower, as after a restored copy. False: the policy was
 * replaced meanwhile, so use the present one. A sequence that was retired stays retired.
 */
bool directory_replace(struct directory *directory, struct sequence *sequence, uint32_t seen,
		       const struct sequence_policy *policy) MUST_CHECK;

/* The present policy of SEQUENCE. */
struct sequence_policy directory_policy(struct directory *directory,
					const struct sequence *sequence) MUST_CHECK;

/* Count ids that were issued from SEQUENCE. One relaxed addition. */
void directory_count(struct sequence *sequence, uint64_t ids);

/*
 * Rank the sequences by the ids that were issued since the last call. It visits all names, a few at a time
 * under a lock. Only one thread may call it, now and then.
 */
void directory_rank(struct directory *directory);

/* Copy the last ranking. Its names live as long as the directory. */
void directory_ranking(struct directory *directory, struct directory_ranking *ranking);

/* Return how many names are known, retired ones included. For tests. */
uint32_t directory_known(struct directory *directory);

/* Return how many of them are not retired. */
uint32_t directory_live(struct directory *directory);

/* Whether as many are not retired as may be. */
bool directory_is_full(struct directory *directory) MUST_CHECK;

/* Add to REASON what RESULT means for NAME, and what to do. RESULT is not KNOWN or UNKNOWN. */
void directory_explain(const struct directory *directory, enum directory_result result,
		       struct text *reason);

#endif
