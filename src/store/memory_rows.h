/*
 * memory_rows -- the rows of named sequences in memory, sorted by name. One thread at a time.
 */
#ifndef TICKR_STORE_MEMORY_ROWS_H
#define TICKR_STORE_MEMORY_ROWS_H

#include "store/memory_sequences.h"
#include "store/sequence_rows.h"

struct memory_row {
	uint64_t newest, revision, raised, seen;
	struct sequence_policy policy; /* its revision is REVISION */
	uint8_t name_len;
	char name[]; /* not ended by a NUL */
};

/* The row NAME; NULL: there is none. */
struct memory_row *memory_rows_find(const struct memory_rows *rows, const char *name,
				    size_t name_len);

/* The row NAME, which is made with zeros if there is none; *IS_NEW: it was made. */
struct memory_row *memory_rows_make(struct memory_rows *rows, const char *name, size_t name_len,
				    bool *is_new);

/* Whether there was such a row; now there is none. */
bool memory_rows_remove(struct memory_rows *rows, const char *name, size_t name_len);

/* The index of the first row above NAME. */
size_t memory_rows_after(const struct memory_rows *rows, const char *name, size_t name_len);

/* Whether ROW is of a sequence, and not the clock's or an instance's. */
bool memory_row_is_sequence(const struct memory_row *row);

void memory_rows_copy(struct memory_rows *to, const struct memory_rows *from);
void memory_rows_clear(struct memory_rows *rows);

#endif
