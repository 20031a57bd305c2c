/*
 * text -- writes text into memory of a fixed size and never passes its end. One thread at a time.
 *
 * If a piece does not fit, its rest is omitted and is_truncated is set. The text always ends in a NUL. The
 * caller owns the memory.
 */
#ifndef TICKR_BASE_TEXT_H
#define TICKR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/attributes.h"

struct text {
	char *start;
	size_t size; /* of the memory, the NUL included */
	size_t len;
	bool is_truncated;
};

/* Return an empty text over the char array ARRAY. */
#define TEXT_OVER(array) text_over((array), sizeof(array))

struct text text_over(char *memory, size_t size);
void text_clear(struct text *text);
void text_add_bytes(struct text *text, const char *bytes, size_t len);

/* Here, so that the compiler knows the length of a constant. */
static inline void
text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

/* Add STRING. If it exceeds LIMIT bytes, of which there are at least 3, cut it to end in "..." there. */
void text_add_cut(struct text *text, const char *string, size_t limit);

void text_addf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_vaddf(struct text *text, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/*
 * Add STRING, which came from outside, between double quotes. Escape control characters, quotes and
 * backslashes. After LIMIT bytes write "..." in place of the rest.
 */
void text_add_quoted(struct text *text, const char *string, size_t limit);

/*
 * Return the length of the UTF-8 letter at STRING in bytes. Return 0 if the bytes are no letter, or an
 * overlong form of one. A NUL is a letter of one byte.
 */
size_t text_letter_len(const char *string);

#endif
