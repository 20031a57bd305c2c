#include <assert.h>
#include <string.h>

#include "ticket/sequence.h"
#include "ticket/sequence_name.h"

/* Unicode's control characters: U+0000 .. U+001F, and U+007F .. U+009F, which are C2 80 .. C2 9F. */
static bool
sequence_name_is_control(const char *letter, size_t len)
{
	unsigned char first = (unsigned char)letter[0];

	if (len == 2)
		return first == 0xc2 && (unsigned char)letter[1] < 0xa0;
	return len == 1 && (first < 0x20 || first == 0x7f);
}

bool
sequence_name_is_valid(const char *name, size_t len, size_t most, struct text *reason)
{
	char copy[SEQUENCE_NAME_MOST + 1] = ""; /* it ends in a NUL, which no letter goes past */

	assert(most <= SEQUENCE_NAME_MOST);
	if (len == 0 || len > most) {
		text_addf(reason, "the name of a sequence has 1 to %zu bytes, and this one has %zu",
			  most, len);
		return false;
	}
	memcpy(copy, name, len);
	for (size_t i = 0; i < len;) {
		size_t letter_len = text_letter_len(copy + i);

		if (letter_len == 0) {
			text_addf(reason, "byte %zu of the name of the sequence is not UTF-8",
				  i + 1);
			return false;
		}
		if (sequence_name_is_control(copy + i, letter_len)) {
			text_addf(reason,
				  "byte %zu of the name of the sequence is a control character",
				  i + 1);
			return false;
		}
		i += letter_len;
	}
	return true;
}
