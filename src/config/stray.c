#include <string.h>

#include "config/stray.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

const char *
stray_bytes(const char *value, size_t len)
{
	if (len == 0)
		return NULL;
	if (strncmp(value, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		return "begins with a byte order mark";
	switch (value[len - 1]) {
	case '\n': return "ends in a newline";
	case '\r': return "ends in a carriage return";
	case ' ':
	case '\t': return "ends in a blank";
	default: break;
	}
	return value[0] == ' ' || value[0] == '\t' ? "begins with a blank" : NULL;
}
