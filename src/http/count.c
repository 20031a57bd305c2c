#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "http/count.h"

#define SHOWN 64 /* bytes of the request that an error repeats */

/* Return whether the argument is zero, with any number of digits, or a minus and digits. */
static bool
count_is_zero_or_less(const char *argument, size_t len)
{
	size_t sign = len > 0 && argument[0] == '-';
	char most = sign > 0 ? '9' : '0';

	for (size_t i = sign; i < len; i++)
		if (argument[i] < '0' || argument[i] > most)
			return false;
	return len > sign;
}

static void
count_add_quoted(struct text *problem, const char *value, size_t len)
{
	char shown[SHOWN + 2];

	snprintf(shown, sizeof(shown), "%.*s", len > SHOWN ? SHOWN + 1 : (int)len, value);
	text_add_quoted(problem, shown, SHOWN);
}

bool
count_parse(const char *argument, size_t len, enum batch_format format, uint32_t most,
	    uint32_t *count, struct text *problem)
{
	uint64_t number;

	if (format == BATCH_FORMAT_GROUP && count_is_zero_or_less(argument, len)) {
		*count = 1;
		return true;
	}
	if (parse_number(argument, len, most, &number) && number > 0) {
		*count = (uint32_t)number;
		return true;
	}
	text_add(problem, "the number of tickets is ");
	count_add_quoted(problem, argument, len);
	text_addf(problem, "; it must be a decimal number from 1 to %u", most);
	return false;
}

bool
count_parse_format(const char *query, enum batch_format *format, struct text *problem)
{
	static const char name[] = "format=";

	for (const char *at = query; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, "&");

		if (strncmp(at, name, strlen(name)) == 0) {
			const char *value = at + strlen(name);
			size_t value_len = len - strlen(name);

			if (value_len == 5 && strncmp(value, "array", 5) == 0) {
				*format = BATCH_FORMAT_ARRAY;
			} else if (value_len == 5 && strncmp(value, "group", 5) == 0) {
				*format = BATCH_FORMAT_GROUP;
			} else {
				text_add(problem, "the format is ");
				count_add_quoted(problem, value, value_len);
				text_add(problem, "; it must be array or group");
				return false;
			}
		}
		at += len + (at[len] == '&');
	}
	return true;
}
