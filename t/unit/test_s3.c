#include <criterion/criterion.h>

#include "base/attributes.h"
#include "events/s3.h"

Test(s3, addresses_must_name_a_host_and_a_bucket)
{
	static const char *const good[] = {
		"https://s3.example.com/bucket",
		"https://s3.example.com/bucket/",
		"http://127.0.0.1:9000/bucket/a/prefix",
		"https://bucket.s3.eu-west-1.amazonaws.com",
		"https://bucket.s3.eu-west-1.amazonaws.com/prefix",
		"https://bucket.s3-accelerate.amazonaws.com/prefix/",
	};
	static const char *const bad[] = {
		"",
		"s3://bucket",
		"https://",
		"https:///bucket",
		"https://s3.example.com",
		"https://s3.example.com/",
		"https://s3.example.com//bucket",
		"https://s3.example.com/bucket//prefix",
		"https://s3.example.com/bucket?x=1",
		"https://user@s3.example.com/bucket",
		"ftp://s3.example.com/bucket",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		cr_expect_null(s3_url_mistake(good[i]), "%s: %s", good[i], s3_url_mistake(good[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		cr_expect_not_null(s3_url_mistake(bad[i]), "%s", bad[i]);
}
