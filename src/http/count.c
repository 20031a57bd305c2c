#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "http/count.h"

#define SHOWN 64 /* bytes of what was asked that an error repeats */

/* Zero, however many digits it has, or a minus and digits. */
static bool
is_zero_or_less(const char *argument)
{
	const char *digits = argument[0] == '-' ? argument + 1 : argument;
	const char *allowed = argument[0] == '-' ? "0123456789" : "0";

	return digits[0] != '\0' && digits[strspn(digits, allowed)] == '\0';
}

bool
count_parse(const char *argument, enum batch_format format, uint32_t most, uint32_t *count,
	    struct text *problem)
{
	uint64_t number;

	if (format == BATCH_FORMAT_GROUP && is_zero_or_less(argument)) {
		*count = 1;
		return true;
	}
	if (parse_number(argument, strlen(argument), most, &number) && number > 0) {
		*count = (uint32_t)number;
		return true;
	}
	text_add(problem, "the number of tickets is ");
	text_add_quoted(problem, argument, SHOWN);
	text_addf(problem, "; it must be a decimal number from 1 to %u", most);
	return false;
}

static void
explain_format(const char *value, size_t len, struct text *problem)
{
	char shown[SHOWN + 2];

	snprintf(shown, sizeof(shown), "%.*s", len > SHOWN ? SHOWN + 1 : (int)len, value);
	text_add(problem, "the format is ");
	text_add_quoted(problem, shown, SHOWN);
	text_add(problem, "; it must be array or group");
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
				explain_format(value, value_len, problem);
				return false;
			}
		}
		at += len + (at[len] == '&');
	}
	return true;
}
