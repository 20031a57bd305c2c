/*
 * quota -- how many names there are, and whether there may be one more.
 *
 * Any thread. No lock, so a thread may ask while it holds the lock of a shard.
 */
#ifndef TICKR_DIRECTORY_QUOTA_H
#define TICKR_DIRECTORY_QUOTA_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/attributes.h"

enum quota_answer { QUOTA_GRANTED, QUOTA_FULL, QUOTA_TOO_FAST };

struct quota {
	uint32_t most, per_second; /* fixed after quota_init() */
	_Atomic uint64_t counts; /* the known names in the upper half, the live ones in the lower */
	_Atomic uint64_t used;	 /* of the time, in thousandths of a name: see quota.c */
};

/*
 * No name is made if MOST are live, or twice as many known. PER_SECOND may be made in a second, or together after a
 * rest.
 */
void quota_init(struct quota *quota, uint32_t most, uint32_t per_second);

/* Count a name that the database has already. It is never refused: the server that made it had a limit. */
void quota_learn(struct quota *quota);

/* Count a name that a first use makes at NOW_MS by clock_ms(), if the limits allow it. */
enum quota_answer quota_make(struct quota *quota, uint64_t now_ms) MUST_CHECK;

/* Count a live name as retired. */
void quota_retire(struct quota *quota);

/* Set *KNOWN to the number of known names, and *LIVE to how many of them are not retired. */
void quota_read(const struct quota *quota, uint32_t *known, uint32_t *live);

#endif
