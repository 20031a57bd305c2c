#include <stdlib.h>
#include <zstd.h>

#include "base/memory.h"
#include "events/squeeze.h"

#define LEVEL 1

const char *
squeeze_header(void)
{
	return "Content-Encoding: zstd";
}

struct native_bytes
squeeze(struct native_bytes *plain)
{
	struct native_bytes squeezed = {.size = ZSTD_compressBound(plain->len)};

	squeezed.start = xmalloc(squeezed.size);
	squeezed.len =
		ZSTD_compress(squeezed.start, squeezed.size, plain->start, plain->len, LEVEL);
	if (ZSTD_isError(squeezed.len))
		abort(); /* only without memory: the room is large enough */
	native_bytes_free(plain);
	squeezed.size = squeezed.len;
	squeezed.start = xrealloc(squeezed.start, squeezed.len);
	return squeezed;
}
