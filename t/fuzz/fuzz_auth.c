/* The input is a password, a newline and a header. The password is also encoded as credentials. */
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "front/auth.h"

#define MOST_CREDENTIALS 768 /* bytes that auth_allows() decodes */

/* Return LEN bytes as "Basic" and base64. The caller frees the result. */
static char *
encode(const char *credentials, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *header = xcalloc(1, sizeof("Basic ") + (len + 2) / 3 * 4);
	char *to = stpcpy(header, "Basic ");

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (i + j < len ? (unsigned char)credentials[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			*to++ = i + j <= len ? alphabet[bits >> (18 - 6 * j) & 63] : '=';
	}
	return header;
}

/* The right credentials are accepted unless they are too long. One letter more or less is refused. */
static void
check_round_trip(const char *password)
{
	size_t len = strlen(password);
	char *credentials = xcalloc(1, len + sizeof("user:") + 1);
	size_t credentials_len;
	char *header;

	credentials_len = (size_t)(stpcpy(stpcpy(credentials, "user:"), password) - credentials);
	header = encode(credentials, credentials_len);
	MUST_HOLD(auth_allows(header, password) == (credentials_len <= MOST_CREDENTIALS));
	free(header);

	credentials[credentials_len] = 'x';
	header = encode(credentials, credentials_len + 1);
	MUST_HOLD(!auth_allows(header, password));
	free(header);
	if (len > 0) {
		header = encode(credentials, credentials_len - 1);
		MUST_HOLD(!auth_allows(header, password));
		free(header);
	}
	free(credentials);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *password = xstrndup((const char *)bytes, len);
	char *header = strchr(password, '\n');
	bool allows;

	if (header != NULL)
		*header++ = '\0';
	allows = auth_allows(header, password);
	MUST_HOLD(!allows || strncasecmp(header, "Basic ", 6) == 0);
	check_round_trip(password);
	free(password);
	return 0;
}
