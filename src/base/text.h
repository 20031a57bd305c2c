/*
 * text -- writing into memory of a fixed size without ever passing its end.
 *
 * What does not fit is left out and remembered in is_truncated; the text always
 * ends in a NUL. The memory is the caller's. One thread at a time.
 */
#ifndef TICKR_BASE_TEXT_H
#define TICKR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

struct text {
	char *start;
	size_t size; /* of the memory, the NUL included */
	size_t len;
	bool is_truncated;
};

/* A text over the char array ARRAY. */
#define TEXT_OVER(array) text_over((array), sizeof(array))

struct text text_over(char *memory, size_t size);
void text_clear(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t len);

/* Add STRING; where it is longer than LIMIT bytes, 3 or more, as much as leaves room for "..." in them. */
void text_add_cut(struct text *text, const char *string, size_t limit);

void text_addf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_vaddf(struct text *text, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/*
 * Add STRING, which came from outside, between double quotes: control characters,
 * quotes and backslashes are escaped, and after LIMIT bytes the rest is left out
 * ("..." says so).
 */
void text_add_quoted(struct text *text, const char *string, size_t limit);

/*
 * How many bytes the letter at STRING has in UTF-8; 0: what stands there is none, or not written in
 * the shortest way. A NUL is a letter of one byte.
 */
size_t text_letter_len(const char *string);

#endif
