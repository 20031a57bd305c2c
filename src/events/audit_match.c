#include <string.h>

#include "base/parse.h"
#include "events/audit_match.h"

/*
 * Read the number after NAME, which has its quotes and colon. A quote within a text of a line has a backslash before it,
 * so NAME stands nowhere else.
 */
static bool
audit_match_number(const char *line, size_t len, const char *name, uint64_t *number)
{
	const char *start = memmem(line, len, name, strlen(name));
	const char *end = line + len;
	size_t digits = 0;

	if (start == NULL)
		return false;
	start += strlen(name);
	while (start + digits < end && start[digits] >= '0' && start[digits] <= '9')
		digits++;
	return digits > 0 && parse_number(start, digits, UINT64_MAX, number);
}

bool
audit_match(const char *line, size_t len, uint64_t id)
{
	uint64_t first, count, increment;

	if (!audit_match_number(line, len, "\"generated_id\":", &first) ||
	    !audit_match_number(line, len, "\"count\":", &count) ||
	    !audit_match_number(line, len, "\"increment\":", &increment))
		return false;
	if (id < first || count == 0)
		return false;
	if (increment == 0)
		return id == first;
	return (id - first) % increment == 0 && (id - first) / increment < count;
}
