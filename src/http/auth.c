#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "http/auth.h"

#define LONGEST_CREDENTIALS 1024 /* base64 characters */

/* The six bits of a base64 character, or -1. */
static int
bits_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Decode LEN characters, padding already cut off, into TO. False when one is not base64. */
static bool
decode(const char *from, size_t len, unsigned char *to, size_t *to_len)
{
	unsigned bits = 0;
	unsigned held = 0; /* bits not yet written */

	*to_len = 0;
	for (size_t i = 0; i < len; i++) {
		int six = bits_of(from[i]);

		if (six < 0)
			return false;
		bits = bits << 6 | (unsigned)six;
		held += 6;
		if (held >= 8) {
			held -= 8;
			to[(*to_len)++] = (unsigned char)(bits >> held);
		}
	}
	return held < 6 && (bits & ((1u << held) - 1)) == 0;
}

static bool
is_equal(const unsigned char *given, size_t given_len, const char *password)
{
	size_t len = strlen(password);
	unsigned char difference = given_len != len;

	for (size_t i = 0; i < given_len; i++)
		difference |= given[i] ^ (unsigned char)password[len > 0 ? i % len : 0];
	return difference == 0;
}

bool
auth_allows(const char *header, const char *password)
{
	unsigned char credentials[LONGEST_CREDENTIALS];
	const unsigned char *colon;
	size_t len, credentials_len, user_len;

	if (header == NULL || strncasecmp(header, "Basic ", 6) != 0)
		return false;
	header += 6;
	header += strspn(header, " ");
	len = strcspn(header, "=");
	if (strspn(header + len, "=") > 2 || header[len + strspn(header + len, "=")] != '\0')
		return false;
	if (len > LONGEST_CREDENTIALS || !decode(header, len, credentials, &credentials_len))
		return false;
	colon = memchr(credentials, ':', credentials_len);
	if (colon == NULL)
		return false;
	user_len = (size_t)(colon - credentials);
	return is_equal(colon + 1, credentials_len - user_len - 1, password);
}
