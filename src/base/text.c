#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CUT "..." /* marks omitted text */

struct text
text_over(char *memory, size_t size)
{
	struct text text = {memory, size, 0, false};

	assert(size > 0);
	memory[0] = '\0';
	return text;
}

void
text_clear(struct text *text)
{
	*text = text_over(text->start, text->size);
}

void
text_add_bytes(struct text *text, const char *bytes, size_t len)
{
	size_t room = text->size - 1 - text->len;

	if (len > room) {
		len = room;
		text->is_truncated = true;
	}
	memcpy(text->start + text->len, bytes, len);
	text->len += len;
	text->start[text->len] = '\0';
}

void
text_add_cut(struct text *text, const char *string, size_t limit)
{
	size_t len = strlen(string);

	assert(limit >= strlen(CUT));
	text_add_bytes(text, string, len <= limit ? len : limit - strlen(CUT));
	if (len > limit)
		text_add(text, CUT);
}

void
text_vaddf(struct text *text, const char *format, va_list arguments)
{
	size_t room = text->size - text->len;
	int wanted = vsnprintf(text->start + text->len, room, format, arguments);

	assert(wanted >= 0);
	if ((size_t)wanted >= room) {
		text->is_truncated = true;
		wanted = (int)(room - 1);
	}
	text->len += (size_t)wanted;
}

void
text_addf(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_vaddf(text, format, arguments);
	va_end(arguments);
}

void
text_add_quoted(struct text *text, const char *string, size_t limit)
{
	text_add(text, "\"");
	for (size_t i = 0; string[i] != '\0'; i++) {
		unsigned char c = (unsigned char)string[i];

		if (i == limit) {
			text_add(text, CUT);
			break;
		}
		if (c == '"' || c == '\\')
			text_addf(text, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			text_addf(text, "\\x%02x", c);
		else
			text_add_bytes(text, string + i, 1);
	}
	text_add(text, "\"");
}

size_t
text_letter_len(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	size_t len = at[0] < 0x80   ? 1
		     : at[0] < 0xc2 ? 0
		     : at[0] < 0xe0 ? 2
		     : at[0] < 0xf0 ? 3
		     : at[0] < 0xf5 ? 4
				    : 0;
	/* Less is an overlong form. More is half of a surrogate pair, or beyond the last letter. */
	unsigned char least = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char most = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;

	if (len < 2)
		return len;
	if (at[1] < least || at[1] > most)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}
