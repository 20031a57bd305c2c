#include <string.h>

#include "base/memory.h"
#include "grpc/escape.h"

char *
escape_message(const char *message)
{
	static const char digits[] = "0123456789ABCDEF";
	char *escaped = xcalloc(1, 3 * strlen(message) + 1);
	char *to = escaped;

	for (; *message != '\0'; message++) {
		unsigned char byte = (unsigned char)*message;

		if (byte >= ' ' && byte <= '~' && byte != '%') {
			*to++ = *message;
			continue;
		}
		*to++ = '%';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 15];
	}
	return escaped;
}
