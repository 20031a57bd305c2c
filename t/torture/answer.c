#include <string.h>

#include "answer.h"

/* Parse a number at *AT and move *AT past it. Return false if there is none, or it exceeds 2^64-1. */
static bool
read_number(const char **at, const char *end, uint64_t *number)
{
	const char *begin = *at;

	for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
		    __builtin_add_overflow(*number, (uint64_t)(**at - '0'), number))
			return false;
	return *at > begin;
}

static bool
goes_on(const struct ticket_range *range, uint64_t ticket)
{
	if (range->count == 1)
		return ticket > range->first;
	return ticket == range->first + range->increment * range->count;
}

/* Parse the numbers and commas between the brackets. */
static bool
read_array(const char *at, const char *end, range_fn *take, void *arg)
{
	struct ticket_range range = {0, 1, 0};
	bool is_whole = true;
	uint64_t ticket;

	for (;; at++) {
		if (!read_number(&at, end, &ticket))
			return false;
		if (range.count > 0 && !goes_on(&range, ticket)) {
			is_whole = false;
			take(arg, range, is_whole);
			range.count = 0;
		}
		if (range.count == 0)
			range = (struct ticket_range){ticket, 1, 1};
		else if (range.count++ == 1)
			range.increment = ticket - range.first;
		if (at == end)
			break;
		if (*at != ',')
			return false;
	}
	take(arg, range, is_whole);
	return true;
}

static bool
read_field(const char **at, const char *end, const char *name, uint64_t *number)
{
	size_t len = strlen(name);

	if ((size_t)(end - *at) < len || memcmp(*at, name, len) != 0)
		return false;
	*at += len;
	return read_number(at, end, number);
}

/* Parse exactly the text that docs/protocol.md promises. */
static bool
read_group(const char *at, const char *end, range_fn *take, void *arg)
{
	struct ticket_range range;
	uint64_t count;

	if (!read_field(&at, end, "{\"first\":", &range.first) ||
	    !read_field(&at, end, ",\"increment\":", &range.increment) ||
	    !read_field(&at, end, ",\"count\":", &count) || count == 0 || count > UINT32_MAX ||
	    end - at != 1 || *at != '}')
		return false;
	range.count = (uint32_t)count;
	take(arg, range, true);
	return true;
}

bool
answer_read(const char *body, size_t len, range_fn *take, void *arg)
{
	if (len > 2 && body[0] == '[' && body[len - 1] == ']')
		return read_array(body + 1, body + len - 1, take, arg);
	return len > 2 && read_group(body, body + len, take, arg);
}
