/*
 * DESIGN. The answers are small XML of a known shape, with text in elements and no attributes that matter. So this file
 * looks for the elements that it needs, and reads no other XML.
 */
#include <string.h>

#include "events/s3_answer.h"

#define S3_MOST_WORDS 200 /* bytes of the store's message in a reason */

/* A part of a body. */
struct s3_part {
	const char *start;
	size_t len;
};

/*
 * Find the next element NAME in BODY. CONTENT gets the bytes between its tags, and BODY the rest after it. False: there is
 * none.
 */
static bool
s3_answer_next(struct s3_part *body, const char *name, struct s3_part *content)
{
	char open_memory[64], close_memory[64];
	struct text opening = TEXT_OVER(open_memory), closing = TEXT_OVER(close_memory);
	const char *start, *end, *limit = body->start + body->len;

	text_addf(&opening, "<%s>", name);
	text_addf(&closing, "</%s>", name);
	start = memmem(body->start, body->len, open_memory, opening.len);
	if (start == NULL)
		return false;
	start += opening.len;
	end = memmem(start, (size_t)(limit - start), close_memory, closing.len);
	if (end == NULL)
		return false;
	*content = (struct s3_part){start, (size_t)(end - start)};
	body->start = end + closing.len;
	body->len = (size_t)(limit - body->start);
	return true;
}

/* The same without moving on. */
static bool
s3_answer_find(const struct s3_part *body, const char *name, struct s3_part *content)
{
	struct s3_part rest = *body;

	return s3_answer_next(&rest, name, content);
}

static bool
s3_answer_is(const struct s3_part *part, const char *word)
{
	return part->len == strlen(word) && memcmp(part->start, word, part->len) == 0;
}

/* Add CONTENT with its entities replaced. */
static void
s3_answer_unescape(const struct s3_part *content, struct text *text)
{
	static const struct {
		const char *entity;
		const char *bytes;
	} entities[] = {
		{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"},
	};
	size_t at = 0;

	while (at < content->len) {
		size_t i, len = 1;

		for (i = 0; i < ARRAY_LENGTH(entities); i++) {
			len = strlen(entities[i].entity);
			if (content->len - at >= len &&
			    memcmp(content->start + at, entities[i].entity, len) == 0)
				break;
		}
		if (i < ARRAY_LENGTH(entities)) {
			text_add(text, entities[i].bytes);
			at += len;
		} else {
			text_add_bytes(text, content->start + at++, 1);
		}
	}
}

/* --- failures --------------------------------------------------------------------------------------- */

static enum upload_failure
s3_answer_of_code(const struct s3_part *code, enum upload_failure fallback)
{
	static const struct {
		const char *code;
		enum upload_failure failure;
	} codes[] = {
		{"RequestTimeTooSkewed", UPLOAD_FAILURE_CLOCK},
		{"RequestExpired", UPLOAD_FAILURE_CLOCK},
		{"SignatureDoesNotMatch", UPLOAD_FAILURE_CREDENTIALS},
		{"InvalidAccessKeyId", UPLOAD_FAILURE_CREDENTIALS},
		{"AccessDenied", UPLOAD_FAILURE_CREDENTIALS},
		{"ExpiredToken", UPLOAD_FAILURE_CREDENTIALS},
		{"AuthorizationHeaderMalformed", UPLOAD_FAILURE_CREDENTIALS},
		{"NoSuchBucket", UPLOAD_FAILURE_BUCKET},
		{"PermanentRedirect", UPLOAD_FAILURE_BUCKET},
		{"SlowDown", UPLOAD_FAILURE_BUSY},
		{"ServiceUnavailable", UPLOAD_FAILURE_BUSY},
		{"InternalError", UPLOAD_FAILURE_BUSY},
		{"RequestTimeout", UPLOAD_FAILURE_BUSY},
		{"OperationAborted", UPLOAD_FAILURE_BUSY},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
		if (s3_answer_is(code, codes[i].code))
			return codes[i].failure;
	return fallback;
}

static enum upload_failure
s3_answer_of_status(unsigned status)
{
	if (status == 429 || status == 408 || status >= 500)
		return UPLOAD_FAILURE_BUSY;
	if (status == 401 || status == 403)
		return UPLOAD_FAILURE_CREDENTIALS;
	if (status == 404 || status == 301 || status == 307)
		return UPLOAD_FAILURE_BUCKET;
	return UPLOAD_FAILURE_OTHER;
}

enum upload_failure
s3_answer_failure(unsigned status, const char *body, size_t len, struct text *reason)
{
	struct s3_part whole = {body, len}, code = {"", 0}, message;
	enum upload_failure failure = s3_answer_of_status(status);

	text_addf(reason, "HTTP status %u", status);
	if (s3_answer_find(&whole, "Code", &code)) {
		failure = s3_answer_of_code(&code, failure);
		text_addf(reason, ", %.*s", (int)(code.len < 64 ? code.len : 64), code.start);
	}
	if (s3_answer_find(&whole, "Message", &message)) {
		if (message.len > S3_MOST_WORDS)
			message.len = S3_MOST_WORDS;
		text_add(reason, ": ");
		s3_answer_unescape(&message, reason);
	}
	return failure;
}

/* --- lists ------------------------------------------------------------------------------------------ */

bool
s3_answer_list(const char *body, size_t len, s3_key_fn *take, void *arg, char token[S3_TOKEN_SIZE],
	       struct text *reason)
{
	struct s3_part whole = {body, len}, rest = whole, part, key;
	struct text next = text_over(token, S3_TOKEN_SIZE);

	if (memmem(body, len, "<ListBucketResult", strlen("<ListBucketResult")) == NULL) {
		text_add(reason, "the answer of the object store is no list");
		return false;
	}
	while (s3_answer_next(&rest, "Contents", &part)) {
		char memory[S3_KEY_SIZE];
		struct text text = TEXT_OVER(memory);

		if (!s3_answer_find(&part, "Key", &key))
			continue;
		s3_answer_unescape(&key, &text);
		if (!text.is_truncated && !take(arg, memory))
			return false;
	}
	if (s3_answer_find(&whole, "IsTruncated", &part) && s3_answer_is(&part, "true") &&
	    s3_answer_find(&whole, "NextContinuationToken", &part))
		s3_answer_unescape(&part, &next);
	return true;
}
