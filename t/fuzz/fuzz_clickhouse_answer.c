/* The input is a status, a newline, the code of an exception, a newline, and the body of an answer of ClickHouse. */
#include <stdlib.h>
#include <string.h>

#include "events/verdict.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *input = (const char *)bytes;
	const char *code = memchr(input, '\n', len);
	const char *body = NULL;
	size_t rest;
	char memory[512], digits[8] = "";
	struct text words = TEXT_OVER(memory);
	unsigned status;
	enum verdict verdict;

	if (code == NULL)
		return 0;
	memcpy(digits, input, (size_t)(code - input) < 7 ? (size_t)(code - input) : 7);
	status = (unsigned)strtoul(digits, NULL, 10);
	code++;
	rest = len - (size_t)(code - input);
	body = memchr(code, '\n', rest);
	if (body == NULL)
		return 0;
	verdict = verdict_of(status, code, (size_t)(body - code));
	MUST_HOLD(verdict != VERDICT_SENT); /* an exception is never a success */
	verdict = verdict_of(status, NULL, 0);
	MUST_HOLD((verdict == VERDICT_SENT) == (status == 200));
	body++;
	verdict = verdict_of_body(body, len - (size_t)(body - input));
	MUST_HOLD((verdict == VERDICT_SENT) == (len == (size_t)(body - input)));
	verdict_add_words(body, len - (size_t)(body - input), &words);
	MUST_HOLD(words.len <= 200 && !words.is_truncated);
	for (size_t i = 0; i < words.len; i++)
		MUST_HOLD((unsigned char)memory[i] >= ' ' && memory[i] != 0x7F);
	return 0;
}
