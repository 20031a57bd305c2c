/*
 * memory_rows -- the rows of named sequences in memory, sorted by name. One thread at a time.
 *
 * Used by the files of the memory store's named sequences only.
 */
#ifndef TICKR_STORE_MEMORY_ROWS_H
#define TICKR_STORE_MEMORY_ROWS_H

#include "store/memory.h"
#include "store/sequence_rows.h"

/* Of named sequences. */
struct store_session {
	struct memory_script *script;
	uint64_t advances; /* as newest() found them */
};

struct memory_row {
	uint64_t newest, revision, raised, seen;
	struct sequence_policy policy; /* its revision is REVISION */
	uint8_t name_len;
	char name[]; /* not ended by a NUL */
};

/* The row NAME; NULL: there is none. */
struct memory_row *memory_rows_find(const struct memory_rows *rows, const char *name,
				    size_t name_len);

/* The row of the clock, which is always there. */
struct memory_row *memory_rows_clock(const struct memory_rows *rows);

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

/* With the script locked. */
void memory_sequences_wait_while_hung(struct memory_script *script);

/* --- as the functions of the store ---------------------------------------------------------------- */

enum store_result memory_sequences_show(struct store_session *session, const char *name,
					uint8_t name_len, struct store_listed *listed, bool *found,
					struct text *reason) MUST_CHECK;
enum store_result memory_sequences_list(struct store_session *session, const char *after,
					uint8_t after_len, uint32_t limit, store_listed_fn *each,
					void *arg, struct text *reason) MUST_CHECK;
enum store_result memory_sequences_count(struct store_session *session, uint64_t *count,
					 struct text *reason) MUST_CHECK;
enum store_result memory_sequences_declare(struct store_session *session, const char *name,
					   uint8_t name_len, const struct sequence_policy *wanted,
					   enum store_declared *declared,
					   struct text *reason) MUST_CHECK;
enum store_result memory_sequences_retire(struct store_session *session, const char *name,
					  uint8_t name_len, bool *found,
					  struct text *reason) MUST_CHECK;
enum store_result memory_sequences_jump(struct store_session *session, const char *name,
					uint8_t name_len, uint64_t number, bool *found,
					struct text *reason) MUST_CHECK;

#endif
