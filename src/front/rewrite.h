/*
 * rewrite -- makes the name of a sequence in a store of the key in a request. Pure; any thread.
 *
 * Applications share a store of TICKR_SEQUENCERS_FILE, so each has a prefix, as Layotto has: sequencer|||APP||KEY.
 * Store `tickr` has the prefix "", and takes each key as it is.
 */
#ifndef TICKR_FRONT_REWRITE_H
#define TICKR_FRONT_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/sequence.h"

#define REWRITE_SEPARATOR "||" /* between the parts of a name, so no key has it */

/* So that a key of SEQUENCE_NAME_MOST_ASKED bytes fits after it. */
#define REWRITE_MOST_PREFIX (SEQUENCE_NAME_MOST - 128)

struct rewritten {
	char name[SEQUENCE_NAME_MOST]; /* not ended by a NUL */
	size_t len;
};

/* Set NAME to PREFIX and the LEN bytes at KEY. False: REASON says why KEY cannot be a key. */
bool rewrite_key(const char *prefix, const char *key, size_t len, struct rewritten *name,
		 struct text *reason) MUST_CHECK;

/* Return whether the LEN bytes at NAME are PREFIX and a key. */
bool rewrite_is_key(const char *prefix, const char *name, size_t len) MUST_CHECK;

#endif
