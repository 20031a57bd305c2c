#include "base/parse.h"
#include "http/count.h"
#include "http/query.h"

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

bool
count_parse(const char *argument, size_t len, enum batch_format format, uint32_t most,
	    const char *noun, uint32_t *count, struct text *problem)
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
	text_addf(problem, "the number of %s is ", noun);
	query_add_quoted(problem, argument, len);
	text_addf(problem, "; it must be a decimal number from 1 to %u", most);
	return false;
}

bool
count_parse_format(const char *query, enum batch_format *format, struct text *problem)
{
	static const char *const words[] = {"array", "group"};
	unsigned choice = *format;

	if (!query_choose(query, "format", words, &choice, problem))
		return false;
	*format = choice == 0 ? BATCH_FORMAT_ARRAY : BATCH_FORMAT_GROUP;
	return true;
}
