#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "remote/base64.h"

static const char base64_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
base64_encode(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	char *text = xcalloc(1, BASE64_LEN(len) + 1), *to = text;

	for (size_t at = 0; at < len; at += 3, to += 4) {
		size_t left = len - at;
		uint32_t group = (uint32_t)from[at] << 16;

		if (left > 1)
			group |= (uint32_t)from[at + 1] << 8;
		if (left > 2)
			group |= from[at + 2];
		to[0] = base64_letters[group >> 18];
		to[1] = base64_letters[group >> 12 & 63];
		to[2] = left > 1 ? base64_letters[group >> 6 & 63] : '=';
		to[3] = left > 2 ? base64_letters[group & 63] : '=';
	}
	return text;
}

/* Return the six bits of LETTER; -1: it is no letter of the alphabet. */
static int
base64_bits(char letter)
{
	const char *found = letter != '\0' ? strchr(base64_letters, letter) : NULL;

	return found != NULL ? (int)(found - base64_letters) : -1;
}

char *
base64_decode(const char *text, size_t text_len, size_t *len)
{
	size_t letters = text_len;
	char *bytes;
	uint32_t group = 0;

	if (text_len % 4 != 0)
		return NULL;
	while (letters > 0 && text_len - letters < 2 && text[letters - 1] == '=')
		letters--;
	bytes = xcalloc(1, letters / 4 * 3 + 4);
	*len = 0;
	for (size_t at = 0; at < letters; at++) {
		int bits = base64_bits(text[at]);

		if (bits < 0) {
			free(bytes);
			return NULL;
		}
		group = group << 6 | (uint32_t)bits;
		if (at % 4 != 0)
			bytes[(*len)++] = (char)(group >> (6 - at % 4 * 2));
	}
	bytes[*len] = '\0';
	return bytes;
}
