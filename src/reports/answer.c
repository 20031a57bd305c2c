#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "reports/answer.h"

/* Return the byte that ClickHouse writes as a backslash and LETTER. A NUL cannot stand in a text, so it becomes "?". */
static char
answer_unescape_letter(char letter)
{
	switch (letter) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'r': return '\r';
	case 'b': return '\b';
	case 'f': return '\f';
	case 'a': return '\a';
	case 'v': return '\v';
	case '0': return '?';
	default: return letter;
	}
}

static void
answer_unescape(char *cell)
{
	char *to = cell;

	for (; *cell != '\0'; cell++) {
		if (cell[0] == '\\' && cell[1] != '\0')
			*to++ = answer_unescape_letter(*++cell);
		else
			*to++ = *cell;
	}
	*to = '\0';
}

/*
 * Split LINE into exactly COUNT cells (0: 1 to ANSWER_MOST_COLUMNS), and return their number. Return 0 if it has
 * another.
 */
static size_t
answer_split(char *line, char **cells, size_t count)
{
	size_t most = count != 0 ? count : ANSWER_MOST_COLUMNS;
	size_t found = 0;

	while (line != NULL && found < most) {
		char *cell = strsep(&line, "\t");

		if (strcmp(cell, "\\N") == 0)
			cell = NULL;
		else
			answer_unescape(cell);
		cells[found++] = cell;
	}
	return line == NULL && (count == 0 || found == count) ? found : 0;
}

/* Return whether cells of TYPE are numbers, also within Nullable() and SimpleAggregateFunction(). */
static bool
answer_is_number(const char *type)
{
	static const char *const wraps[] = {"Nullable(", "SimpleAggregateFunction(sum, ",
					    "SimpleAggregateFunction(max, "};

	for (size_t i = 0; i < ARRAY_LENGTH(wraps); i++)
		if (strncmp(type, wraps[i], strlen(wraps[i])) == 0)
			type += strlen(wraps[i]);
	return strncmp(type, "UInt", 4) == 0 || strncmp(type, "Int", 3) == 0 ||
	       strncmp(type, "Float", 5) == 0;
}

/* Read the lines of names and types. *BODY is then the first row. */
static bool
answer_read_head(struct answer *answer, char **body)
{
	char *names = strsep(body, "\n");
	char *types = *body != NULL ? strsep(body, "\n") : NULL;
	char *cells[ANSWER_MOST_COLUMNS];

	answer->columns = answer_split(names, answer->names, 0);
	if (answer->columns == 0 || types == NULL || *body == NULL ||
	    answer_split(types, cells, answer->columns) == 0)
		return false;
	for (size_t i = 0; i < answer->columns; i++) {
		if (answer->names[i] == NULL || cells[i] == NULL)
			return false;
		answer->are_numbers[i] = answer_is_number(cells[i]);
	}
	return true;
}

bool
answer_read(struct answer *answer, char *body, size_t len)
{
	size_t rows = 0;

	*answer = (struct answer){0};
	if (strlen(body) != len || len == 0 || body[len - 1] != '\n')
		return false;
	if (!answer_read_head(answer, &body))
		return false;
	for (const char *at = body; (at = strchr(at, '\n')) != NULL; at++)
		rows++;
	answer->cells = xcalloc(rows * answer->columns + 1, sizeof(*answer->cells));
	for (; answer->rows < rows; answer->rows++)
		if (answer_split(strsep(&body, "\n"),
				 answer->cells + answer->rows * answer->columns,
				 answer->columns) == 0)
			return false;
	return true;
}

void
answer_free(struct answer *answer)
{
	free(answer->cells);
}
