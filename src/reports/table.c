#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reports/table.h"

#define NO_VALUE   "-"
#define MOST_WIDTH 100 /* letters; a longer cell moves those after it */

/* --- tables -------------------------------------------------------------------------------------- */

/*
 * Return the length of the letter at CELL, and whether it may be printed. A byte that is no UTF-8 is a letter of its
 * own. Control characters, also those of two bytes, and marks that turn the direction may not be printed.
 */
static size_t
table_letter(const char *cell, bool *is_printable)
{
	size_t len = text_letter_len(cell);
	unsigned char first = (unsigned char)cell[0];
	unsigned char second = len > 1 ? (unsigned char)cell[1] : 0;

	*is_printable = len > 0 && first >= ' ' && first != 0x7f &&
			!(first == 0xc2 && second < 0xa0) &&
			!(first == 0xe2 && (second == 0x80 || second == 0x81));
	return len > 0 ? len : 1;
}

/* Print CELL to TO (NULL: nowhere), and return its width in letters. */
static size_t
table_print_cell(const char *cell, FILE *to)
{
	size_t width = 0;

	if (cell == NULL)
		cell = NO_VALUE;
	while (*cell != '\0') {
		bool is_printable;
		size_t len = table_letter(cell, &is_printable);

		for (size_t i = 0; i < len && to != NULL; i++)
			fprintf(to, is_printable ? "%c" : "\\x%02x", (unsigned char)cell[i]);
		width += is_printable ? 1 : 4 * len;
		cell += len;
	}
	return width;
}

static void
table_print_line(const struct answer *answer, char *const *cells, const size_t *widths, FILE *to)
{
	for (size_t i = 0; i < answer->columns; i++) {
		size_t width = table_print_cell(cells[i], NULL);
		int blanks = width < widths[i] ? (int)(widths[i] - width) : 0;
		bool is_last = i + 1 == answer->columns;

		if (answer->are_numbers[i])
			fprintf(to, "%*s", blanks, "");
		table_print_cell(cells[i], to);
		if (!answer->are_numbers[i] && !is_last)
			fprintf(to, "%*s", blanks, "");
		fputs(is_last ? "\n" : "  ", to);
	}
}

/* Raise *WIDTH to that of CELL, but not above MOST_WIDTH. */
static void
table_widen(size_t *width, const char *cell)
{
	size_t wanted = table_print_cell(cell, NULL);

	if (wanted > MOST_WIDTH)
		wanted = MOST_WIDTH;
	if (wanted > *width)
		*width = wanted;
}

void
table_print(const struct answer *answer, FILE *to)
{
	size_t widths[ANSWER_MOST_COLUMNS] = {0};

	size_t cells = answer->rows * answer->columns;

	for (size_t i = 0; i < answer->columns; i++)
		table_widen(&widths[i], answer->names[i]);
	for (size_t i = 0; i < cells; i++)
		table_widen(&widths[i % answer->columns], answer->cells[i]);
	table_print_line(answer, answer->names, widths, to);
	for (size_t i = 0; i < answer->rows; i++)
		table_print_line(answer, answer->cells + i * answer->columns, widths, to);
}

/* --- CSV ----------------------------------------------------------------------------------------- */

static void
table_print_csv_line(const struct answer *answer, char *const *cells, FILE *to)
{
	for (size_t i = 0; i < answer->columns; i++) {
		const char *cell = cells[i] != NULL ? cells[i] : "";
		bool is_quoted = strpbrk(cell, ",\"\r\n") != NULL;

		fputs(i > 0 ? "," : "", to);
		fputs(is_quoted ? "\"" : "", to);
		for (; *cell != '\0'; cell++) {
			if (*cell == '"')
				fputc('"', to);
			fputc(*cell, to);
		}
		fputs(is_quoted ? "\"" : "", to);
	}
	fputc('\n', to);
}

void
table_print_csv(const struct answer *answer, FILE *to)
{
	table_print_csv_line(answer, answer->names, to);
	for (size_t i = 0; i < answer->rows; i++)
		table_print_csv_line(answer, answer->cells + i * answer->columns, to);
}

/* --- JSON ---------------------------------------------------------------------------------------- */

void
table_print_json_string(const char *string, FILE *to)
{
	fputc('"', to);
	while (*string != '\0') {
		size_t len = text_letter_len(string);
		unsigned char byte = (unsigned char)*string;

		if (len == 0)
			fputs("\\ufffd", to);
		else if (byte < ' ')
			fprintf(to, "\\u%04x", byte);
		else
			fprintf(to, byte == '"' || byte == '\\' ? "\\%.*s" : "%.*s", (int)len,
				string);
		string += len > 0 ? len : 1;
	}
	fputc('"', to);
}

static const char *
table_skip_digits(const char *cell)
{
	return cell + strspn(cell, "0123456789");
}

/* Return whether CELL is a number of JSON: nan and inf are none. */
static bool
table_is_json_number(const char *cell)
{
	const char *digits = cell + (cell[0] == '-');
	const char *at = table_skip_digits(digits);
	bool is_good = at > digits && (digits[0] != '0' || at == digits + 1);

	if (is_good && at[0] == '.') {
		digits = at + 1;
		at = table_skip_digits(digits);
		is_good = at > digits;
	}
	if (is_good && (at[0] == 'e' || at[0] == 'E')) {
		digits = at + 1 + (at[1] == '+' || at[1] == '-');
		at = table_skip_digits(digits);
		is_good = at > digits;
	}
	return is_good && at[0] == '\0';
}

void
table_print_json(const struct answer *answer, FILE *to)
{
	fputc('[', to);
	for (size_t i = 0; i < answer->rows * answer->columns; i++) {
		size_t column = i % answer->columns;
		const char *cell = answer->cells[i];

		fputs(column > 0 ? "," : i > 0 ? "},\n{" : "{", to);
		table_print_json_string(answer->names[column], to);
		fputc(':', to);
		if (cell == NULL || (answer->are_numbers[column] && !table_is_json_number(cell)))
			fputs("null", to);
		else if (answer->are_numbers[column])
			fputs(cell, to);
		else
			table_print_json_string(cell, to);
	}
	fputs(answer->rows > 0 ? "}]" : "]", to);
}
