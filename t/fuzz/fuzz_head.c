/* The input is a request. */
#include <string.h>

#include "base/attributes.h"
#include "fuzz.h"
#include "http/head.h"

static struct head
scan(const char *bytes, size_t len, size_t piece)
{
	struct head head = {0};

	for (size_t at = 0; at < len; at += piece)
		head_scan(&head, bytes + at, len - at < piece ? len - at : piece);
	return head;
}

/* The result is the same for any pieces. An accepted head has no NUL, no fold and no bare CR. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct head whole = scan(text, len, len > 0 ? len : 1);
	struct head bytewise = scan(text, len, 1);

	MUST_HOLD(whole.is_complete == bytewise.is_complete);
	MUST_HOLD(whole.refusal == bytewise.refusal);
	if (!whole.is_complete || whole.refusal != NULL)
		return 0;
	for (; len > 0 && (text[0] == '\r' || text[0] == '\n'); len--)
		text++;
	for (size_t i = 1; i < len; i++) {
		MUST_HOLD(text[i] != '\0');
		MUST_HOLD(text[i - 1] != '\r' || text[i] == '\n');
		MUST_HOLD(text[i - 1] != '\n' || (text[i] != ' ' && text[i] != '\t'));
		if (text[i - 1] == '\n' && (text[i] == '\n' || text[i] == '\r'))
			break; /* the end of the head */
	}
	return 0;
}
