#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parse.h"
#include "store/shelf.h"

#define MOST_REPEATS	 100
#define FEW_REPEATS	 3 /* without a pause */
#define LONGEST_PAUSE_US 20000

/* --- the rows that are known ------------------------------------------------------------------------ */

static struct shelf_row **
shelf_slot(struct store_session *session, const char *name, size_t name_len)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < name_len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
	return &session->known[(hash ^ hash >> 32) % SHELF_SLOTS];
}

struct shelf_row *
shelf_add(struct store_session *session, struct shelf_work *work, const char *name, size_t name_len)
{
	struct shelf_row **slot = shelf_slot(session, name, name_len), *row;

	assert(work->count < SHELF_MOST_ROWS && name_len < SHELF_NAME_SIZE);
	row = *slot;
	if (row != NULL && row->name_len == name_len && memcmp(row->name, name, name_len) == 0)
		*slot = NULL; /* the work has it now */
	else {
		row = xcalloc(1, sizeof(*row));
		memcpy(row->name, name, name_len);
		row->name_len = name_len;
		row->needs_read = true;
	}
	row->change = SHELF_KEEP;
	work->rows[work->count++] = row;
	return row;
}

enum store_result
shelf_load(struct store_session *session, struct shelf_work *work, struct text *reason)
{
	struct shelf_row *wanted[SHELF_MOST_ROWS];
	size_t count = 0;
	enum store_result result = STORE_OK;

	for (size_t i = 0; i < work->count; i++)
		if (work->rows[i]->needs_read)
			wanted[count++] = work->rows[i];
	if (count > 0)
		result = session->shelf->read(session->own, wanted, count, reason);
	for (size_t i = 0; i < count && result == STORE_OK; i++)
		wanted[i]->needs_read = false;
	return result;
}

enum store_result
shelf_load_again(struct store_session *session, struct shelf_work *work, struct shelf_row **rows,
		 struct shelf_row **mine, size_t count, struct text *reason)
{
	for (size_t i = 0; i < count; i++)
		rows[i]->needs_read = mine[i] != NULL && mine[i]->is_there;
	return shelf_load(session, work, reason);
}

void
shelf_drop(struct store_session *session, struct shelf_work *work)
{
	(void)session;
	for (size_t i = 0; i < work->count; i++)
		free(work->rows[i]);
	work->count = 0;
}

/* Keep the rows for the next work. */
static void
shelf_keep(struct store_session *session, struct shelf_work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct shelf_row *row = work->rows[i];
		struct shelf_row **slot = shelf_slot(session, row->name, row->name_len);

		row->is_there = row->change == SHELF_PUT || row->is_there;
		free(*slot);
		*slot = row;
	}
	work->count = 0;
}

void
shelf_put(struct shelf_row *row, const struct shelf_value *value)
{
	shelf_value_write(value, row->value);
	row->change = SHELF_PUT;
}

enum store_result
shelf_commit(struct store_session *session, struct shelf_work *work, struct text *reason)
{
	bool is_won = false, has_deletion = false;
	enum store_result result;

	for (size_t i = 0; i < work->count; i++)
		has_deletion |= work->rows[i]->change == SHELF_DELETE;
	result = session->shelf->write(session->own, work->rows, work->count, &is_won, reason);
	if (result == STORE_OK && is_won && !has_deletion) {
		shelf_keep(session, work);
		return STORE_OK;
	}
	shelf_drop(session, work);
	if (result != STORE_OK || is_won)
		return result;
	text_addf(reason, "another server wrote to %s at the same time, too often",
		  session->shelf->words);
	return STORE_BUSY;
}

/* Several servers that lose against each other wait for different times. */
static void
shelf_pause(unsigned repeats)
{
	uint32_t longest_us = repeats * 1000 < LONGEST_PAUSE_US ? repeats * 1000 : LONGEST_PAUSE_US;
	uint32_t random;

	if (repeats >= FEW_REPEATS && random_bytes(&random, sizeof(random)))
		usleep(random % longest_us);
}

enum store_result
shelf_repeat(struct store_session *session, shelf_step_fn *step, void *arg, struct text *reason)
{
	size_t began = reason->len;
	enum store_result result = STORE_BUSY;

	for (unsigned i = 0; i < MOST_REPEATS && result == STORE_BUSY; i++) {
		reason->len = began;
		if (reason->size > 0)
			reason->start[began] = '\0';
		shelf_pause(i);
		result = step(session, arg, reason);
	}
	return result;
}

/* --- reading rows ----------------------------------------------------------------------------------- */

enum store_result
shelf_read_clock(const struct store_session *session, const struct shelf_row *row,
		 struct shelf_value *clock, struct text *reason)
{
	if (row->is_there && shelf_value_read(row->value, clock))
		return STORE_OK;
	text_addf(reason, "the row of the clock in %s is gone or damaged: restore it from a backup",
		  session->shelf->words);
	return STORE_REFUSED;
}

/* Set *LAST to the last number that another program may have issued from ROW. An empty value counts by its writes. */
static bool
shelf_read_others(const struct shelf_row *row, uint64_t *last)
{
	*last = row->writes + 1;
	return row->value[0] == '\0' ||
	       parse_number(row->value, strlen(row->value), SEQUENCE_MOST, last);
}

/* Add the words for a ROW that is not as we left it. */
static enum store_result
shelf_refuse(const struct store_session *session, const struct shelf_row *row, const char *fault,
	     struct text *reason)
{
	text_add(reason, "the sequence ");
	text_add_quoted(reason, row->name, SEQUENCE_NAME_MOST);
	text_addf(reason,
		  " in %s %s, so its numbers cannot be trusted: stop that program, and use another "
		  "name, or restore the key from a backup",
		  session->shelf->words, fault);
	return STORE_REFUSED;
}

enum store_result
shelf_read_sequence(const struct store_session *session, const struct shelf_row *row,
		    const struct shelf_row *mine, struct shelf_value *value, bool *found,
		    uint64_t *before, struct text *reason)
{
	*before = 0;
	*found = row->is_there && shelf_value_read(row->value, value);
	if (*found)
		return STORE_OK;
	*value = (struct shelf_value){0};
	if (mine != NULL && mine->is_there)
		return shelf_refuse(session, row,
				    row->is_there ? "was written by another program"
						  : "was deleted by another program",
				    reason);
	if (row->is_there && !shelf_read_others(row, before))
		return shelf_refuse(session, row, "holds no number of another program", reason);
	return STORE_OK;
}
