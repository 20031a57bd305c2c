/* Passwords: read from files, and looked at for bytes that somebody did not mean. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/loader.h"
#include "config/small_file.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

const char *
loader_stray(const char *value, size_t len)
{
	if (len == 0)
		return NULL;
	if (strncmp(value, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		return "begins with a byte order mark";
	switch (value[len - 1]) {
	case '\n': return "ends in a newline";
	case '\r': return "ends in a carriage return";
	case ' ':
	case '\t': return "ends in a blank";
	default: break;
	}
	return value[0] == ' ' || value[0] == '\t' ? "begins with a blank" : NULL;
}

/* How many lines TEXT has; 0 when one of them is empty. */
static size_t
count_lines(const char *text)
{
	size_t lines = 1;

	if (text[0] == '\0' || text[0] == '\n' || strstr(text, "\n\n") != NULL)
		return 0;
	while ((text = strchr(text, '\n')) != NULL) {
		lines++;
		text++;
	}
	return lines;
}

/* Lines end in a newline, or in a carriage return and one. */
static void
remove_returns(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (text[0] != '\r' || text[1] != '\n')
			*to++ = *text;
	*to = '\0';
}

static void
warn_of_stray_bytes(struct loader *loader, const char *variable, const char *path,
		    const char *lines)
{
	for (size_t number = 1;; number++) {
		size_t len = strcspn(lines, "\n");
		const char *stray = loader_stray(lines, len);

		if (stray != NULL)
			text_addf(loader->warnings,
				  "%s_FILE=%s: line %zu %s, which is taken for a part of the "
				  "password\n",
				  variable, path, number, stray);
		if (lines[len] == '\0')
			return;
		lines += len + 1;
	}
}

void
loader_read_secret(struct loader *loader, const char *variable, const char *path, size_t most_lines,
		   char **secret)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	size_t len, lines;
	char *content;

	if (path[0] == '\0')
		return;
	if ((*secret)[0] != '\0') {
		text_addf(loader->problems, "%s and %s_FILE are both set: set one of them\n",
			  variable, variable);
		return;
	}
	content = small_file_read(path, &len, &problem);
	if (content == NULL) {
		text_addf(loader->problems, "%s_FILE=%s cannot be read: %s\n", variable, path,
			  memory);
		return;
	}
	while (len > 0 && (content[len - 1] == '\n' || content[len - 1] == '\r'))
		content[--len] = '\0';
	lines = strlen(content) == len ? count_lines(content) : 0;
	if (lines == 0 || (lines > 1 && most_lines == 1))
		text_addf(loader->problems, "%s_FILE=%s must hold the password on one line%s\n",
			  variable, path, most_lines > 1 ? ", or one for each database" : "");
	if (most_lines > 1)
		remove_returns(content);
	warn_of_stray_bytes(loader, variable, path, content);
	config_forget(*secret);
	free(*secret);
	*secret = content;
}

void
config_forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
}
