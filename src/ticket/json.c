#include <string.h>

#include "ticket/json.h"

#define TAIL	   10000 /* a ticket's last four digits are converted for each, .. */
#define TAIL_SIZE  4
#define FRONT_SIZE 16 /* .. those before them when they change; 2^64 / TAIL has 16 */

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

/* Write two digits at a time, from the back, in a third of the time of printf. */
size_t
json_number(char *to, uint64_t number)
{
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
json_tickets_size(uint32_t count)
{
	return 2 + (size_t)count * (JSON_NUMBER_SIZE + 1);
}

/*
 * Write numbers of at least TAIL, which most tickets are. Copy the front with a fixed length, however
 * long it is, because such a copy is one instruction.
 */
static size_t
json_write_long_numbers(char *to, uint64_t number, uint64_t increment, uint32_t count)
{
	char front[JSON_NUMBER_SIZE] = "";
	uint64_t tail = number % TAIL;
	size_t front_len = json_number(front, number / TAIL);
	size_t len = 0;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(to + len, front, FRONT_SIZE);
		len += front_len;
		memcpy(to + len, pairs + 2 * (tail / 100), 2);
		memcpy(to + len + 2, pairs + 2 * (tail % 100), 2);
		len += TAIL_SIZE;
		to[len++] = ',';
		number += increment;
		tail += increment;
		if (tail >= TAIL) {
			tail = number % TAIL;
			front_len = json_number(front, number / TAIL);
		}
	}
	return len;
}

size_t
json_tickets(char *to, const struct ticket_range *tickets)
{
	uint64_t ticket = tickets->first;
	uint32_t i = 0;
	size_t len = 0;

	to[len++] = '[';
	for (; i < tickets->count && ticket < TAIL; i++) {
		len += json_number(to + len, ticket);
		to[len++] = ',';
		ticket += tickets->increment;
	}
	len += json_write_long_numbers(to + len, ticket, tickets->increment, tickets->count - i);
	if (tickets->count > 0)
		len--;
	to[len++] = ']';
	return len;
}

/* Write one array after the other, each with its [ in place of the ] of the one before. */
size_t
json_bases(char *to, const struct ticket_space *space, const struct ticket_range *bases)
{
	struct ticket_range left = *bases, tickets;
	size_t len = 0;

	while (left.count > 0) {
		size_t at = len > 0 ? len - 1 : 0;

		if (!space_take_progression(space, &left, &tickets))
			return 0;
		len = at + json_tickets(to + at, &tickets);
		if (at > 0)
			to[at] = ',';
	}
	return len;
}

size_t
json_numbers(char *to, const uint64_t *numbers, uint32_t count)
{
	size_t len = 0;

	to[len++] = '[';
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			to[len++] = ',';
		len += json_number(to + len, numbers[i]);
	}
	to[len++] = ']';
	return len;
}

static size_t
json_append(char *to, const char *string)
{
	size_t len = strlen(string);

	memcpy(to, string, len);
	return len;
}

size_t
json_group(char *to, const struct ticket_range *tickets)
{
	size_t len = json_append(to, "{\"first\":");

	len += json_number(to + len, tickets->first);
	len += json_append(to + len, ",\"increment\":");
	len += json_number(to + len, tickets->increment);
	len += json_append(to + len, ",\"count\":");
	len += json_number(to + len, tickets->count);
	len += json_append(to + len, "}");
	return len;
}

/* Add the first character of STRING; return its length in bytes. */
static size_t
json_add_character(struct text *text, const char *string)
{
	unsigned char c = (unsigned char)*string;
	size_t len = text_letter_len(string);

	if (len == 0)
		text_add(text, "\\ufffd");
	else if (c == '"' || c == '\\')
		text_addf(text, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		text_addf(text, "\\u%04x", c);
	else
		text_add_bytes(text, string, len);
	return len > 0 ? len : 1;
}

void
json_add_string(struct text *text, const char *string)
{
	text_add(text, "\"");
	while (*string != '\0')
		string += json_add_character(text, string);
	text_add(text, "\"");
}

void
json_add_error(struct text *text, const char *message)
{
	text_add(text, "{\"error\":");
	json_add_string(text, message);
	text_add(text, "}");
}
