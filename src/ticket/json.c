#include <string.h>

#include "ticket/json.h"

/* Two digits at a time, from the back: a third of what printf takes. */
size_t
json_number(char *to, uint64_t number)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[JSON_NUMBER_SIZE];
	size_t at = sizeof(digits);

	while (number >= 100) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * (number % 100), 2);
		number /= 100;
	}
	if (number >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * number, 2);
	} else {
		digits[--at] = (char)('0' + number);
	}
	memcpy(to, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

size_t
json_array_size(uint32_t count)
{
	return 2 + (size_t)count * (JSON_NUMBER_SIZE + 1);
}

size_t
json_array(char *to, const struct ticket_range *tickets)
{
	uint64_t ticket = tickets->first;
	size_t len = 0;

	to[len++] = '[';
	for (uint32_t i = 0; i < tickets->count; i++) {
		if (i > 0)
			to[len++] = ',';
		len += json_number(to + len, ticket);
		ticket += tickets->increment;
	}
	to[len++] = ']';
	return len;
}

static size_t
append(char *to, const char *string)
{
	size_t len = strlen(string);

	memcpy(to, string, len);
	return len;
}

size_t
json_group(char *to, const struct ticket_range *tickets)
{
	size_t len = append(to, "{\"first\":");

	len += json_number(to + len, tickets->first);
	len += append(to + len, ",\"increment\":");
	len += json_number(to + len, tickets->increment);
	len += append(to + len, ",\"count\":");
	len += json_number(to + len, tickets->count);
	len += append(to + len, "}");
	return len;
}

void
json_add_string(struct text *text, const char *string)
{
	text_add(text, "\"");
	for (; *string != '\0'; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			text_addf(text, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			text_addf(text, "\\u%04x", c);
		else
			text_add_bytes(text, string, 1);
	}
	text_add(text, "\"");
}
