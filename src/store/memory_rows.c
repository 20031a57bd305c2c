#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/memory_rows.h"

/* The index of the first row that is not below NAME. */
static size_t
memory_rows_search(const struct memory_rows *rows, const char *name, size_t name_len)
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct memory_row *row = rows->all[middle];

		if (sequence_rows_compare(row->name, row->name_len, name, name_len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
memory_rows_is_at(const struct memory_rows *rows, size_t at, const char *name, size_t name_len)
{
	return at < rows->count && rows->all[at]->name_len == name_len &&
	       memcmp(rows->all[at]->name, name, name_len) == 0;
}

struct memory_row *
memory_rows_find(const struct memory_rows *rows, const char *name, size_t name_len)
{
	size_t at = memory_rows_search(rows, name, name_len);

	return memory_rows_is_at(rows, at, name, name_len) ? rows->all[at] : NULL;
}

struct memory_row *
memory_rows_make(struct memory_rows *rows, const char *name, size_t name_len, bool *is_new)
{
	size_t at = memory_rows_search(rows, name, name_len);
	struct memory_row *row;

	*is_new = !memory_rows_is_at(rows, at, name, name_len);
	if (!*is_new)
		return rows->all[at];
	if (rows->count == rows->room) {
		rows->room = rows->room > 0 ? 2 * rows->room : 16;
		rows->all = xrealloc(rows->all, rows->room * sizeof(rows->all[0]));
	}
	row = xcalloc(1, sizeof(*row) + name_len);
	row->policy = SEQUENCE_DEFAULT_POLICY;
	row->name_len = (uint8_t)name_len;
	memcpy(row->name, name, name_len);
	memmove(&rows->all[at + 1], &rows->all[at], (rows->count - at) * sizeof(rows->all[0]));
	rows->all[at] = row;
	rows->count++;
	return row;
}

bool
memory_rows_remove(struct memory_rows *rows, const char *name, size_t name_len)
{
	size_t at = memory_rows_search(rows, name, name_len);

	if (!memory_rows_is_at(rows, at, name, name_len))
		return false;
	free(rows->all[at]);
	rows->count--;
	memmove(&rows->all[at], &rows->all[at + 1], (rows->count - at) * sizeof(rows->all[0]));
	return true;
}

size_t
memory_rows_after(const struct memory_rows *rows, const char *name, size_t name_len)
{
	size_t at = memory_rows_search(rows, name, name_len);

	return memory_rows_is_at(rows, at, name, name_len) ? at + 1 : at;
}

bool
memory_row_is_sequence(const struct memory_row *row)
{
	return (unsigned char)row->name[0] != SEQUENCE_RESERVED;
}

void
memory_rows_clear(struct memory_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->all[i]);
	free(rows->all);
	memset(rows, 0, sizeof(*rows));
}

void
memory_rows_copy(struct memory_rows *to, const struct memory_rows *from)
{
	memory_rows_clear(to);
	to->count = to->room = from->count;
	to->all = xcalloc(from->count + 1, sizeof(to->all[0]));
	for (size_t i = 0; i < from->count; i++) {
		size_t size = sizeof(*from->all[i]) + from->all[i]->name_len;

		to->all[i] = xmalloc(size);
		memcpy(to->all[i], from->all[i], size);
	}
}
