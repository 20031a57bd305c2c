/* The input is the body of an answer of an object store. */
#include <string.h>

#include "events/s3_answer.h"
#include "fuzz.h"

static bool
take(void *arg, const char *key)
{
	size_t *left = arg;

	MUST_HOLD(strlen(key) < S3_KEY_SIZE);
	return (*left)-- > 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char token[S3_TOKEN_SIZE], memory[512];
	struct text reason = TEXT_OVER(memory);
	size_t left = 1000;

	if (s3_answer_list((const char *)bytes, len, take, &left, token, &reason))
		MUST_HOLD(strlen(token) < S3_TOKEN_SIZE && reason.len == 0);
	text_clear(&reason);
	MUST_HOLD(s3_answer_failure(403, (const char *)bytes, len, &reason) < UPLOAD_FAILURES);
	MUST_HOLD(reason.len > 0);
	return 0;
}
