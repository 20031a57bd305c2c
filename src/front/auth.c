#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/auth.h"

#define LONGEST_CREDENTIALS 1024 /* base64 characters */

/* Return the six bits of a base64 character, or -1. */
static int
auth_bits_of(char c)
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

/* Decode LEN characters, without padding, into TO. Return false if one is not base64. */
static bool
auth_decode(const char *from, size_t len, unsigned char *to, size_t *to_len)
{
	unsigned bits = 0;
	unsigned held = 0; /* bits not yet written */

	*to_len = 0;
	for (size_t i = 0; i < len; i++) {
		int six = auth_bits_of(from[i]);

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
auth_is_equal(const unsigned char *given, size_t given_len, const char *password)
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
	if (len > LONGEST_CREDENTIALS || !auth_decode(header, len, credentials, &credentials_len))
		return false;
	colon = memchr(credentials, ':', credentials_len);
	if (colon == NULL)
		return false;
	user_len = (size_t)(colon - credentials);
	return auth_is_equal(colon + 1, credentials_len - user_len - 1, password);
}

bool
auth_is_operator(int fd)
{
	struct ucred peer;
	int family = AF_UNSPEC;
	socklen_t family_len = sizeof(family), peer_len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_len) == 0 &&
	       family == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}
