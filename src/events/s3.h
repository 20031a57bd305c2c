/*
 * s3 -- an object store that speaks S3: puts, gets and lists objects of one bucket. One thread at a time, which may
 * block; s3_stop() is for any thread.
 */
#ifndef TICKR_EVENTS_S3_H
#define TICKR_EVENTS_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/s3_answer.h"

struct s3_settings {
	/*
	 * "https://host/bucket/prefix", or "https://bucket.s3.host/prefix": a host with ".s3." or ".s3-" after its first
	 * label names the bucket. The prefix is optional.
	 */
	const char *url;
	const char *region;
	const char *access_key;
	const char *secret_key;
	const char *ca_file; /* PEM; NULL: the authorities of the system */
};

struct s3;

/* Return the mistake in URL in words; NULL: it is sound. Pure; any thread. */
const char *s3_url_mistake(const char *url) MUST_CHECK;

/* SETTINGS, whose URL is sound, is copied. The caller frees the result. */
struct s3 *s3_new(const struct s3_settings *settings) MUST_CHECK;
void s3_free(struct s3 *s3); /* NULL is allowed */

/*
 * Put the LEN bytes of the file FD at KEY, which follows the prefix. A repeat with the same bytes does no harm. False:
 * FAILURE and REASON say why; the object may be there anyway.
 */
bool s3_put(struct s3 *s3, const char *key, int fd, uint64_t len, enum upload_failure *failure,
	    struct text *reason) MUST_CHECK;

/* Get the object at KEY, which s3_list() has named: *BYTES of *LEN, which the caller frees. False: see REASON. */
bool s3_get(struct s3 *s3, const char *key, char **bytes, size_t *len,
	    struct text *reason) MUST_CHECK;

/* Call TAKE with the whole key of each object under PREFIX, which follows the prefix of the URL. False: see REASON. */
bool s3_list(struct s3 *s3, const char *prefix, s3_key_fn *take, void *arg,
	     struct text *reason) MUST_CHECK;

/* End the present call soon, and let all further ones fail. */
void s3_stop(struct s3 *s3);

#endif
