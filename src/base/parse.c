#include <string.h>

#include "base/parse.h"

bool
parse_number(const char *text, size_t len, uint64_t most, uint64_t *value)
{
	uint64_t number = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number))
			return false;
	}
	if (number > most)
		return false;
	*value = number;
	return true;
}

bool
parse_seconds(const char *text, uint64_t most_ms, uint64_t *ms)
{
	static const unsigned scale[] = {1000, 100, 10, 1};
	const char *point = strchr(text, '.');
	size_t whole_len = point != NULL ? (size_t)(point - text) : strlen(text);
	size_t decimals = point != NULL ? strlen(point + 1) : 0;
	uint64_t whole, fraction = 0;

	if (!parse_number(text, whole_len, UINT64_MAX / 1000 - 1, &whole))
		return false;
	if (point != NULL && (decimals > 3 || !parse_number(point + 1, decimals, 999, &fraction)))
		return false;
	if (whole * 1000 + fraction * scale[decimals] > most_ms)
		return false;
	*ms = whole * 1000 + fraction * scale[decimals];
	return true;
}
