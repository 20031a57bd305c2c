/* In place of audit_bucket.c: this tickrd was built without libcurl or without OpenSSL. */
#include <stddef.h>

#include "audit_bucket.h"

bool
audit_bucket_check(const struct config *config, struct text *problem)
{
	if (config->audit_s3_url[0] == '\0')
		return true;
	text_add(problem, "TICKR_AUDIT_S3_URL: this tickrd was built without libcurl or without "
			  "OpenSSL, so it cannot use a bucket: build it with both, or remove the "
			  "variable");
	return false;
}

struct s3 *
audit_bucket_open(const struct config *config, struct audit_bucket *bucket)
{
	(void)config;
	(void)bucket;
	return NULL;
}

void
audit_bucket_close(struct s3 *s3)
{
	(void)s3;
}

bool
audit_bucket_read(const struct config *config, const char *prefix, audit_object_fn *take, void *arg,
		  struct text *reason)
{
	(void)config;
	(void)prefix;
	(void)take;
	(void)arg;
	text_add(reason, "this tickrd was built without libcurl or without OpenSSL");
	return false;
}
