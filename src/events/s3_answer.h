/*
 * s3_answer -- reads the answers of an object store. Pure; any thread. The bytes come from outside.
 */
#ifndef TICKR_EVENTS_S3_ANSWER_H
#define TICKR_EVENTS_S3_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"
#include "metrics/metrics.h"

#define S3_KEY_SIZE   1025 /* the longest key of an object, and a NUL */
#define S3_TOKEN_SIZE 1025 /* the same of a token that continues a list */

/*
 * Return the kind of the failure that the HTTP STATUS, which is not 2xx, and BODY tell. Add the store's own words to
 * REASON.
 */
enum upload_failure s3_answer_failure(unsigned status, const char *body, size_t len,
				      struct text *reason) MUST_CHECK;

/* Take a key of a list. Return false to end the list. */
typedef bool s3_key_fn(void *arg, const char *key);

/*
 * Call TAKE for each key of a list. TOKEN gets the token of the next page; "": this is the last one. False: TAKE has
 * returned false, or BODY is no list, which REASON then says.
 */
bool s3_answer_list(const char *body, size_t len, s3_key_fn *take, void *arg,
		    char token[S3_TOKEN_SIZE], struct text *reason) MUST_CHECK;

#endif
