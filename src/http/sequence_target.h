/*
 * sequence_target -- reads the targets of the routes of named sequences. Pure; any thread.
 *
 * Each function returns false with the allowed values in PROBLEM.
 */
#ifndef TICKR_HTTP_SEQUENCE_TARGET_H
#define TICKR_HTTP_SEQUENCE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "front/decision.h"
#include "front/stores.h"
#include "ticket/sequence.h"

#define SEQUENCE_TARGET_PAGE	  100 /* sequences of a page, unless the request names a limit */
#define SEQUENCE_TARGET_MOST_PAGE 1000

/* A name after decoding. */
struct sequence_target_name {
	char bytes[SEQUENCE_NAME_MOST]; /* no NUL ends them */
	size_t len;
};

/* Read the NAME of a path, LEN bytes at ENCODED. A slash in a name must be encoded. */
bool sequence_target_read_name(const char *encoded, size_t len, struct sequence_target_name *name,
			       struct text *problem) MUST_CHECK;

/* Read ?sequence=NAME, the last one if there are several. */
bool sequence_target_read_sequence(const char *query, struct sequence_target_name *name,
				   struct text *problem) MUST_CHECK;

/* Read ?order=. Without it *ORDER is FRONT_ORDER_NOT_NAMED. */
bool sequence_target_read_order(const char *query, enum front_order *order,
				struct text *problem) MUST_CHECK;

/* Find the store of ?store= among STORES, or store tickr without it. False: PROBLEM names the stores that there are. */
bool sequence_target_find_store(const char *query, const struct front_stores *stores,
				const struct front_store **store, struct text *problem) MUST_CHECK;

/*
 * Read ?after=NAME&limit=N. Without a name AFTER has 0 bytes. It may be as long as a name in a store, because a
 * page may end with such a name.
 */
bool sequence_target_read_page(const char *query, struct sequence_target_name *after,
			       uint32_t *limit, struct text *problem) MUST_CHECK;

#endif
