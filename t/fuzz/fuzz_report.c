/*
 * The input is the body of ClickHouse's answer to a report. A table has no control characters, JSON has the form of JSON,
 * and the gaps of a window are found in any answer.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "fuzz.h"
#include "reports/answer.h"
#include "reports/table.h"
#include "reports/window.h"

static char *
printed(const struct answer *answer, void (*print)(const struct answer *answer, FILE *to))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	MUST_HOLD(to != NULL);
	print(answer, to);
	MUST_HOLD(fclose(to) == 0);
	return text;
}

static void
check_table(const struct answer *answer)
{
	char *text = printed(answer, table_print);
	size_t lines = 0;

	for (const char *at = text; *at != '\0'; at++) {
		lines += *at == '\n';
		MUST_HOLD(*at == '\n' || ((unsigned char)*at >= ' ' && *at != 0x7f));
	}
	MUST_HOLD(lines == answer->rows + 1);
	free(text);
}

/* Outside of its strings JSON has only marks, numbers and null. Quotes and braces are in pairs. */
static void
check_json(const struct answer *answer)
{
	char *text = printed(answer, table_print_json);
	size_t open = 0, objects = 0;
	bool is_string = false;

	for (const char *at = text; *at != '\0'; at++) {
		MUST_HOLD((unsigned char)*at >= ' ' || (*at == '\n' && !is_string));
		if (is_string && *at == '\\')
			at++;
		else if (*at == '"')
			is_string = !is_string;
		else if (!is_string) {
			MUST_HOLD(strchr("[]{}:,\n0123456789+-.eEnul", *at) != NULL);
			objects += *at == '{';
			open += *at == '{';
			open -= *at == '}';
		}
	}
	MUST_HOLD(!is_string && open == 0 && objects == answer->rows);
	free(text);
}

static void
check_gaps(const struct answer *answer)
{
	struct window window = {1769853600, 1769853600 + 50 * 60 + 7, 60, true};
	char memory[300];
	struct text notes = TEXT_OVER(memory);

	window_add_gaps(&window, answer, 3, &notes);
	MUST_HOLD(notes.len < sizeof(memory));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *body = xcalloc(1, len + 1);
	struct answer answer;

	memcpy(body, bytes, len);
	if (answer_read(&answer, body, len)) {
		check_table(&answer);
		check_json(&answer);
		free(printed(&answer, table_print_csv));
		check_gaps(&answer);
	}
	answer_free(&answer);
	free(body);
	return 0;
}
