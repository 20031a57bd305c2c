#include <stdio.h>
#include <string.h>

#include "http/query.h"

#define SHOWN 64 /* bytes of the request that an error repeats */

bool
query_next(const char **query, struct query_parameter *parameter)
{
	const char *start = *query, *equals;
	size_t len;

	if (start == NULL || *start == '\0')
		return false;
	len = strcspn(start, "&");
	equals = memchr(start, '=', len);
	parameter->name = start;
	parameter->name_len = equals != NULL ? (size_t)(equals - start) : len;
	parameter->value = equals != NULL ? equals + 1 : NULL;
	parameter->value_len = equals != NULL ? len - parameter->name_len - 1 : 0;
	*query = start + len + (start[len] == '&');
	return true;
}

bool
query_is_named(const struct query_parameter *parameter, const char *name)
{
	return parameter->name_len == strlen(name) &&
	       memcmp(parameter->name, name, parameter->name_len) == 0;
}

bool
query_has(const char *query, const char *name)
{
	struct query_parameter parameter;

	while (query_next(&query, &parameter))
		if (query_is_named(&parameter, name))
			return true;
	return false;
}

void
query_add_quoted(struct text *problem, const char *value, size_t len)
{
	char shown[SHOWN + 2];

	snprintf(shown, sizeof(shown), "%.*s", len > SHOWN ? SHOWN + 1 : (int)len, value);
	text_add_quoted(problem, shown, SHOWN);
}

/* A word without "=" is no choice, and is ignored as other parameters are. */
bool
query_choose(const char *query, const char *name, const char *const words[2], unsigned *choice,
	     struct text *problem)
{
	struct query_parameter parameter;

	while (query_next(&query, &parameter)) {
		unsigned i = 0;

		if (parameter.value == NULL || !query_is_named(&parameter, name))
			continue;
		while (i < 2 && (parameter.value_len != strlen(words[i]) ||
				 memcmp(parameter.value, words[i], parameter.value_len) != 0))
			i++;
		if (i == 2) {
			text_addf(problem, "the %s is ", name);
			query_add_quoted(problem, parameter.value, parameter.value_len);
			text_addf(problem, "; it must be %s or %s", words[0], words[1]);
			return false;
		}
		*choice = i;
	}
	return true;
}

/* Return the value of a hexadecimal digit; -1: it is none. */
static int
query_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
query_decode(const char *encoded, size_t len, enum query_plus plus, char *decoded, size_t size,
	     size_t *decoded_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		char c = encoded[i];

		if (c == '%') {
			int high = len - i > 2 ? query_digit(encoded[i + 1]) : -1;
			int low = len - i > 2 ? query_digit(encoded[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus == QUERY_PLUS_IS_BLANK) {
			c = ' ';
		}
		if (n < size)
			decoded[n] = c;
	}
	*decoded_len = n;
	return true;
}
