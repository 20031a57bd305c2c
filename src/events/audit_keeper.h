/*
 * audit_keeper -- the thread that keeps the spool: it repairs the parts of an earlier run, packs journals, and puts
 * finished files into the bucket.
 *
 * Ids never wait for it. If the bucket cannot take a file, the file stays, and the keeper tries again: after a second,
 * later after minutes. Meanwhile it still packs journals.
 */
#ifndef TICKR_EVENTS_AUDIT_KEEPER_H
#define TICKR_EVENTS_AUDIT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/spool.h"
#include "metrics/metrics.h"

/* A bucket. The keeper's thread calls put(); any thread stop(). */
struct audit_bucket {
	/* As s3_put() and s3_stop() of s3.h. */
	bool (*put)(void *self, const char *key, int fd, uint64_t len, enum upload_failure *failure,
		    struct text *reason);
	void (*stop)(void *self);
	void *self;
};

struct audit_keeper;

/* SPOOL outlives the keeper. BUCKET is copied; NULL: finished files stay in the spool. */
struct audit_keeper *audit_keeper_new(struct spool *spool,
				      const struct audit_bucket *bucket) MUST_CHECK;

/* Return false, with errno, if the system cannot create a thread. */
bool audit_keeper_start(struct audit_keeper *keeper) MUST_CHECK;

/* There is a file to take. Any thread. */
void audit_keeper_wake(void *keeper);

/* Return true if the last put succeeded. False: PROBLEM says why not. Any thread. */
bool audit_keeper_works(struct audit_keeper *keeper, struct text *problem) MUST_CHECK;

/* Take the last files until DEADLINE_MS, by clock_ms(), unless the bucket fails. Then end the thread. */
void audit_keeper_stop(struct audit_keeper *keeper, uint64_t deadline_ms);

/* It was stopped, or never started. NULL is allowed. */
void audit_keeper_free(struct audit_keeper *keeper);

#endif
