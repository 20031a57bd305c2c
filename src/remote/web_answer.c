#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "remote/web.h"

void
web_answer_free(struct web_answer *answer)
{
	free(answer->body);
	free(answer->headers);
	*answer = (struct web_answer){0};
}

const char *
web_answer_header(const struct web_answer *answer, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (const char *line = answer->headers; *line != '\0'; line += strcspn(line, "\n")) {
		line += *line == '\n';
		if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		line += name_len + 1;
		line += strspn(line, " \t");
		*len = strcspn(line, "\r\n");
		while (*len > 0 && (line[*len - 1] == ' ' || line[*len - 1] == '\t'))
			--*len;
		return line;
	}
	return NULL;
}

bool
web_answer_date(const struct web_answer *answer, uint64_t *date_ms)
{
	char words[64];
	size_t len;
	const char *value = web_answer_header(answer, "Date", &len);
	struct text date = TEXT_OVER(words);
	time_t seconds;

	if (value == NULL || len >= sizeof(words))
		return false;
	text_add_bytes(&date, value, len);
	seconds = curl_getdate(words, NULL);
	if (seconds < 0)
		return false;
	*date_ms = (uint64_t)seconds * 1000;
	return true;
}
