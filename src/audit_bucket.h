/*
 * audit_bucket -- the bucket that the settings name, for the audit's keeper and for the search. Main thread.
 */
#ifndef TICKR_AUDIT_BUCKET_H
#define TICKR_AUDIT_BUCKET_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "events/audit_keeper.h"

struct s3;

/* Check the settings of the bucket. False: PROBLEM names the mistake and the remedy. */
bool audit_bucket_check(const struct config *config, struct text *problem) MUST_CHECK;

/* Return the bucket of CONFIG, and as BUCKET for the keeper. NULL: the settings name none. The caller closes it. */
struct s3 *audit_bucket_open(const struct config *config, struct audit_bucket *bucket) MUST_CHECK;
void audit_bucket_close(struct s3 *s3); /* NULL is allowed */

/* Take the LEN bytes of an object. Return false if they are damaged. */
typedef bool audit_object_fn(void *arg, const char *bytes, size_t len);

/*
 * Call TAKE with each object of the bucket of CONFIG whose key begins with PREFIX, after the prefix of the address. False:
 * REASON says why not all of them were read.
 */
bool audit_bucket_read(const struct config *config, const char *prefix, audit_object_fn *take,
		       void *arg, struct text *reason) MUST_CHECK;

#endif
