/* The input is an environment file. */
#include <string.h>

#include "base/memory.h"
#include "config/env_file.h"
#include "fuzz.h"

struct pairs {
	char *written; /* the pairs, with their values between double quotes */
	size_t len;
	size_t count;
};

static void
write_char(struct pairs *pairs, char c)
{
	pairs->written[pairs->len++] = c;
}

static void
write_pair(void *arg, const char *name, const char *value)
{
	struct pairs *pairs = arg;

	MUST_HOLD(name[0] != '\0');
	pairs->written =
		xrealloc(pairs->written, pairs->len + strlen(name) + 2 * strlen(value) + 4);
	while (*name != '\0')
		write_char(pairs, *name++);
	write_char(pairs, '=');
	write_char(pairs, '"');
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$`", *value) != NULL)
			write_char(pairs, '\\');
		write_char(pairs, *value);
	}
	write_char(pairs, '"');
	write_char(pairs, '\n');
	pairs->count++;
}

static bool
parse(const char *content, size_t len, struct pairs *pairs)
{
	char memory[256], warning_memory[256];
	struct text problem = TEXT_OVER(memory), warning = TEXT_OVER(warning_memory);
	bool is_good = env_file_parse(content, len, write_pair, pairs, &problem, &warning);

	MUST_HOLD(is_good == (problem.len == 0));
	return is_good;
}

/* Pairs that are parsed, written and parsed again are the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pairs first = {0}, second = {0};

	(void)parse((const char *)bytes, len, &first);
	if (first.count > 0)
		MUST_HOLD(parse(first.written, first.len, &second));
	MUST_HOLD(first.count == second.count && first.len == second.len);
	MUST_HOLD(first.len == 0 || memcmp(first.written, second.written, first.len) == 0);
	free(first.written);
	free(second.written);
	return 0;
}
