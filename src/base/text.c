#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

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
text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
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
			text_add(text, "...");
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
