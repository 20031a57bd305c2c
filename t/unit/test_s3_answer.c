#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "events/s3_answer.h"

#define ERROR(code, message)                                                                    \
	"<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>" code "</Code><Message>" message \
	"</Message><RequestId>tx1</RequestId></Error>"

static const struct {
	unsigned status;
	const char *body;
	enum upload_failure failure;
	const char *reason;
} failures[] = {
	{403, ERROR("RequestTimeTooSkewed", "too &lt;large&gt;"), UPLOAD_FAILURE_CLOCK,
	 "HTTP status 403, RequestTimeTooSkewed: too <large>"},
	{403, ERROR("SignatureDoesNotMatch", "check your key"), UPLOAD_FAILURE_CREDENTIALS,
	 "HTTP status 403, SignatureDoesNotMatch: check your key"},
	{403, ERROR("InvalidAccessKeyId", "x"), UPLOAD_FAILURE_CREDENTIALS,
	 "HTTP status 403, InvalidAccessKeyId: x"},
	{404, ERROR("NoSuchBucket", "gone"), UPLOAD_FAILURE_BUCKET,
	 "HTTP status 404, NoSuchBucket: gone"},
	{503, ERROR("SlowDown", "x"), UPLOAD_FAILURE_BUSY, "HTTP status 503, SlowDown: x"},
	{400, ERROR("RequestTimeout", "x"), UPLOAD_FAILURE_BUSY,
	 "HTTP status 400, RequestTimeout: x"},
	{400, ERROR("BadDigest", "x"), UPLOAD_FAILURE_OTHER, "HTTP status 400, BadDigest: x"},
	{500, "", UPLOAD_FAILURE_BUSY, "HTTP status 500"},
	{502, "<html>bad gateway</html>", UPLOAD_FAILURE_BUSY, "HTTP status 502"},
	{429, "slow", UPLOAD_FAILURE_BUSY, "HTTP status 429"},
	{401, "", UPLOAD_FAILURE_CREDENTIALS, "HTTP status 401"},
	{404, "", UPLOAD_FAILURE_BUCKET, "HTTP status 404"},
	{412, "", UPLOAD_FAILURE_OTHER, "HTTP status 412"},
	{403, "<Code>SlowDown", UPLOAD_FAILURE_CREDENTIALS, "HTTP status 403"},
};

Test(s3_answer, failures_are_told_by_code_and_status)
{
	for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
		char memory[512];
		struct text reason = TEXT_OVER(memory);

		cr_expect_eq(s3_answer_failure(failures[i].status, failures[i].body,
					       strlen(failures[i].body), &reason),
			     failures[i].failure, "%s", failures[i].reason);
		cr_expect_str_eq(memory, failures[i].reason);
	}
}

struct keys {
	unsigned count;
	unsigned most;
	char last[128];
};

static bool
take_key(void *arg, const char *key)
{
	struct keys *keys = arg;

	keys->count++;
	strncpy(keys->last, key, sizeof(keys->last) - 1);
	return keys->count != keys->most;
}

static const char list[] =
	"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/\">"
	"<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>"
	"<Contents><Key>year=2024/a</Key><Size>1</Size></Contents>"
	"<Contents><Size>1</Size></Contents>"
	"<Contents><ETag>&quot;x&quot;</ETag><Key>b&amp;c</Key></Contents></ListBucketResult>";

Test(s3_answer, a_list_gives_its_keys_and_the_next_token)
{
	struct keys keys = {0};
	char token[S3_TOKEN_SIZE] = "old", memory[128];
	struct text reason = TEXT_OVER(memory);

	cr_assert(s3_answer_list(list, strlen(list), take_key, &keys, token, &reason));
	cr_assert_eq(keys.count, 2);
	cr_assert_str_eq(keys.last, "b&c");
	cr_assert_str_eq(token, "a&b");
}

Test(s3_answer, a_list_ends_when_the_caller_has_enough)
{
	struct keys keys = {.most = 1};
	char token[S3_TOKEN_SIZE], memory[128];
	struct text reason = TEXT_OVER(memory);

	cr_assert(!s3_answer_list(list, strlen(list), take_key, &keys, token, &reason));
	cr_assert_eq(keys.count, 1);
	cr_assert_eq(reason.len, 0);
}

Test(s3_answer, other_bodies_are_no_list)
{
	struct keys keys = {0};
	char token[S3_TOKEN_SIZE], memory[128];
	struct text reason = TEXT_OVER(memory);

	cr_assert(!s3_answer_list("<html>", 6, take_key, &keys, token, &reason));
	cr_assert_gt(reason.len, 0);
}
