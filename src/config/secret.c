#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/secret.h"
#include "config/small_file.h"
#include "config/stray.h"

/* Return the number of lines of TEXT; 0 if one of them is empty. */
static size_t
secret_count_lines(const char *text)
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

/* Turn line ends of CR LF into LF. */
static void
secret_remove_returns(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (text[0] != '\r' || text[1] != '\n')
			*to++ = *text;
	*to = '\0';
}

static void
secret_warn_of_stray_bytes(struct loader *loader, const char *variable, const char *path,
			   const char *lines)
{
	for (size_t number = 1;; number++) {
		size_t len = strcspn(lines, "\n");
		const char *stray = stray_bytes(lines, len);

		if (stray != NULL)
			text_addf(loader->warnings,
				  "%s_FILE=%s: line %zu %s, and tickrd takes it as a part of the "
				  "password\n",
				  variable, path, number, stray);
		if (lines[len] == '\0')
			return;
		lines += len + 1;
	}
}

void
secret_read(struct loader *loader, const char *variable, const char *path, size_t most_lines,
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
	lines = strlen(content) == len ? secret_count_lines(content) : 0;
	if (lines == 0 || (lines > 1 && most_lines == 1))
		text_addf(loader->problems, "%s_FILE=%s must hold the password on one line%s\n",
			  variable, path, most_lines > 1 ? ", or one for each database" : "");
	if (most_lines > 1)
		secret_remove_returns(content);
	secret_warn_of_stray_bytes(loader, variable, path, content);
	xforget(*secret);
	*secret = content;
}
