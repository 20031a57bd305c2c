/* The input is a chunked body. */
#include <string.h>

#include "fuzz.h"
#include "http/chunks.h"
#include "http/library_error.h"

static struct chunks
scan(const char *bytes, size_t len, size_t piece, size_t *used)
{
	struct chunks chunks = {0};

	*used = 0;
	for (size_t at = 0; at < len; at += piece)
		*used += chunks_scan(&chunks, bytes + at, len - at < piece ? len - at : piece);
	return chunks;
}

/* The result is the same for any pieces. A body ends with an empty line, and is not too large. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	size_t used, used_bytewise;
	struct chunks whole = scan(text, len, len > 0 ? len : 1, &used);
	struct chunks bytewise = scan(text, len, 1, &used_bytewise);

	MUST_HOLD(whole.is_complete == bytewise.is_complete);
	MUST_HOLD(whole.code == bytewise.code && whole.reason == bytewise.reason);
	MUST_HOLD(used == used_bytewise && used <= len);
	MUST_HOLD(whole.code == 0 || !whole.is_complete);
	MUST_HOLD(whole.is_complete || whole.code != 0 || used == len);
	MUST_HOLD(whole.code != 0 || whole.body <= MOST_BODY_BYTES);
	if (whole.is_complete)
		MUST_HOLD(used >= 5 && memcmp(text + used - 4, "\r\n\r\n", 4) == 0);
	return 0;
}
