#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"
#include "events/verdict.h"

#define MOST_CODE  100000
#define MOST_WORDS 200

/* The codes of ClickHouse after which the same batch may succeed. */
static const unsigned verdict_again[] = {
	159, /* TIMEOUT_EXCEEDED */
	202, /* TOO_MANY_SIMULTANEOUS_QUERIES */
	209, /* SOCKET_TIMEOUT */
	210, /* NETWORK_ERROR */
	241, /* MEMORY_LIMIT_EXCEEDED */
	242, /* TABLE_IS_READ_ONLY */
	243, /* NOT_ENOUGH_SPACE */
	252, /* TOO_MANY_PARTS */
	319, /* UNKNOWN_STATUS_OF_INSERT */
	425, /* SYSTEM_ERROR */
};

enum verdict
verdict_of(unsigned http_status, const char *header_code, size_t len)
{
	uint64_t code = 0;

	if (http_status == 200 && header_code == NULL)
		return VERDICT_SENT;
	if (header_code == NULL)
		return http_status == 429 || http_status >= 500 ? VERDICT_AGAIN : VERDICT_NEVER;
	if (!parse_number(header_code, len, MOST_CODE, &code))
		return VERDICT_NEVER;
	for (size_t i = 0; i < ARRAY_LENGTH(verdict_again); i++)
		if (verdict_again[i] == code)
			return VERDICT_AGAIN;
	return VERDICT_NEVER;
}

enum verdict
verdict_of_body(const char *body, size_t len)
{
	static const char start[] = "Code: ";
	const char *code = len > 0 ? memmem(body, len, start, strlen(start)) : NULL;
	size_t digits = 0;

	if (len == 0)
		return VERDICT_SENT;
	if (code == NULL)
		return VERDICT_AGAIN;
	code += strlen(start);
	while (code + digits < body + len && code[digits] >= '0' && code[digits] <= '9')
		digits++;
	return verdict_of(500, code, digits);
}

void
verdict_add_words(const char *body, size_t len, struct text *text)
{
	char words[MOST_WORDS + 1];
	size_t kept = 0;

	while (kept < len && kept < MOST_WORDS && body[kept] != '\0') {
		unsigned char c = (unsigned char)body[kept];

		words[kept] = c < ' ' || c == 0x7F ? ' ' : (char)c;
		kept++;
	}
	while (kept > 0 && words[kept - 1] == ' ')
		kept--;
	text_add_bytes(text, words, kept);
}
