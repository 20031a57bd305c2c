#include <stdlib.h>

#include "audit_bucket.h"
#include "base/memory.h"
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
		.ca_file = config->audit_s3_ssl_ca[0] != '\0' ? config->audit_s3_ssl_ca : NULL,
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

/* --- reading ----------------------------------------------------------------------------------------- */

struct audit_bucket_keys {
	char **keys;
	size_t count;
};

static bool
audit_bucket_on_key(void *arg, const char *key)
{
	struct audit_bucket_keys *keys = arg;

	keys->keys = xrealloc(keys->keys, (keys->count + 1) * sizeof(*keys->keys));
	keys->keys[keys->count++] = xstrdup(key);
	return true;
}

static bool
audit_bucket_read_object(struct s3 *s3, const char *key, audit_object_fn *take, void *arg,
			 struct text *reason)
{
	char *bytes;
	size_t len;
	bool is_good;

	if (!s3_get(s3, key, &bytes, &len, reason))
		return false;
	is_good = take(arg, bytes, len);
	if (!is_good)
		text_addf(reason, "the object %s is damaged", key);
	free(bytes);
	return is_good;
}

bool
audit_bucket_read(const struct config *config, const char *prefix, audit_object_fn *take, void *arg,
		  struct text *reason)
{
	struct audit_bucket_keys keys = {0};
	struct audit_bucket bucket;
	struct s3 *s3 = audit_bucket_open(config, &bucket);
	bool is_good = s3_list(s3, prefix, audit_bucket_on_key, &keys, reason);

	for (size_t i = 0; i < keys.count; i++) {
		is_good = is_good && audit_bucket_read_object(s3, keys.keys[i], take, arg, reason);
		free(keys.keys[i]);
	}
	free(keys.keys);
	audit_bucket_close(s3);
	return is_good;
}
