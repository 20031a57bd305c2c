#include <string.h>

#include "ticket/scramble.h"

/* The value of a hexadecimal digit; -1: it is none. */
static int
scramble_key_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
scramble_parse_key(const char *text, size_t len, unsigned char key[SCRAMBLE_KEY_SIZE])
{
	bool is_good = len == SCRAMBLE_KEY_DIGITS;

	for (size_t i = 0; is_good && i < SCRAMBLE_KEY_SIZE; i++) {
		int high = scramble_key_digit(text[2 * i]);
		int low = scramble_key_digit(text[2 * i + 1]);

		is_good = high >= 0 && low >= 0;
		key[i] = (unsigned char)(high * 16 + low);
	}
	if (!is_good)
		explicit_bzero(key, SCRAMBLE_KEY_SIZE);
	return is_good;
}
