#include <stdlib.h>

#include "audit_bucket.h"
#include "base/log.h"
#include "events/s3.h"
#include "remote/web.h"

bool
audit_bucket_check(const struct config *config, struct text *problem)
{
	const char *mistake;

	if (config->audit_s3_url[0] == '\0')
		return true;
	mistake = s3_url_mistake(config->audit_s3_url);
	if (mistake == NULL)
		return true;
	text_addf(problem, "TICKR_AUDIT_S3_URL=%s: %s", config->audit_s3_url, mistake);
	return false;
}

static bool
audit_bucket_put(void *self, const char *key, int fd, uint64_t len, enum upload_failure *failure,
		 struct text *reason)
{
	return s3_put(self, key, fd, len, failure, reason);
}

static void
audit_bucket_stop(void *self)
{
	s3_stop(self);
}

struct s3 *
audit_bucket_open(const struct config *config, struct audit_bucket *bucket)
{
	const struct s3_settings settings = {
		.url = config->audit_s3_url,
		.region = config->audit_s3_region,
		.access_key = config->audit_s3_access_key,
		.secret_key = config->audit_s3_secret_key,
	};
	struct s3 *s3;

	if (config->audit_s3_url[0] == '\0')
		return NULL;
	if (!web_begin())
		abort(); /* libcurl has no memory */
	s3 = s3_new(&settings);
	*bucket = (struct audit_bucket){audit_bucket_put, audit_bucket_stop, s3};
	return s3;
}

void
audit_bucket_close(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	s3_free(s3);
	web_end();
}
