#include <assert.h>

#include "store/memory_rows.h"

/* With the script locked. */
static void
memory_sequences_policy_describe(const struct memory_rows *rows, const struct memory_row *row,
				 struct store_listed *listed)
{
	*listed = (struct store_listed){
		.name = row->name,
		.name_len = row->name_len,
		.last = row->newest + memory_rows_clock(rows)->raised,
		.policy = row->policy,
	};
	listed->policy.revision = (uint32_t)row->revision;
}

enum store_result
memory_sequences_show(struct store_session *session, const char *name, uint8_t name_len,
		      struct store_listed *listed, bool *found, struct text *reason)
{
	const struct memory_rows *rows = &session->script->sequences.rows;
	const struct memory_row *row;

	(void)reason;
	memory_script_lock(session->script);
	memory_sequences_wait_while_hung(session->script);
	row = memory_rows_find(rows, name, name_len);
	*found = row != NULL;
	if (row != NULL)
		memory_sequences_policy_describe(rows, row, listed);
	memory_script_unlock(session->script);
	listed->name = name;
	return STORE_OK;
}

enum store_result
memory_sequences_list(struct store_session *session, const char *after, uint8_t after_len,
		      uint32_t limit, store_listed_fn *each, void *arg, struct text *reason)
{
	struct memory_rows rows = {0};
	struct store_listed listed;

	(void)reason;
	memory_script_lock(session->script);
	memory_sequences_wait_while_hung(session->script);
	memory_rows_copy(&rows, &session->script->sequences.rows);
	memory_script_unlock(session->script);
	for (size_t i = memory_rows_after(&rows, after, after_len); i < rows.count && limit > 0;
	     i++, limit--) {
		if (!memory_row_is_sequence(rows.all[i]))
			break;
		memory_sequences_policy_describe(&rows, rows.all[i], &listed);
		each(arg, &listed);
	}
	memory_rows_clear(&rows);
	return STORE_OK;
}

enum store_result
memory_sequences_count(struct store_session *session, uint64_t *count, struct text *reason)
{
	const struct memory_rows *rows = &session->script->sequences.rows;

	(void)reason;
	*count = 0;
	memory_script_lock(session->script);
	for (size_t i = 0; i < rows->count && memory_row_is_sequence(rows->all[i]); i++)
		*count += !rows->all[i]->policy.is_retired;
	memory_script_unlock(session->script);
	return STORE_OK;
}

/* With the script locked. */
static enum store_result
memory_sequences_policy_declare_new(struct memory_sequences *sequences, const char *name,
				    uint8_t name_len, const struct sequence_policy *wanted,
				    struct text *reason)
{
	struct memory_row *clock = memory_rows_clock(&sequences->rows), *row;
	uint64_t distance;
	bool is_new;
	enum store_result result =
		sequence_rows_jump(0, 0, clock->newest, wanted->start - 1, &distance, reason);

	if (result != STORE_OK)
		return result;
	row = memory_rows_make(&sequences->rows, name, name_len, &is_new);
	row->newest = distance;
	row->revision = wanted->revision > 1 ? wanted->revision : 1;
	row->policy = *wanted;
	row->policy.is_declared = true;
	clock->newest += distance;
	return STORE_OK;
}

/* With the script locked. */
static enum store_declared
memory_sequences_policy_redeclare(struct memory_row *row, const struct sequence_policy *wanted,
				  struct text *reason)
{
	bool is_same;

	if (!sequence_rows_may_become(&row->policy, wanted, &is_same, reason))
		return STORE_DECLARED_DIFFERS;
	if (is_same)
		return STORE_DECLARED_SAME;
	row->policy = *wanted;
	row->policy.is_declared = true;
	row->revision = row->revision + 1 > wanted->revision ? row->revision + 1 : wanted->revision;
	return STORE_DECLARED_CHANGED;
}

enum store_result
memory_sequences_declare(struct store_session *session, const char *name, uint8_t name_len,
			 const struct sequence_policy *wanted, enum store_declared *declared,
			 struct text *reason)
{
	struct memory_sequences *sequences = &session->script->sequences;
	enum store_result result = STORE_OK;
	struct memory_row *row;

	assert(wanted->start >= 1 && wanted->most <= SEQUENCE_MOST);
	memory_script_lock(session->script);
	row = memory_rows_find(&sequences->rows, name, name_len);
	*declared = STORE_DECLARED_MADE;
	if (row != NULL)
		*declared = memory_sequences_policy_redeclare(row, wanted, reason);
	else
		result = memory_sequences_policy_declare_new(sequences, name, name_len, wanted,
							     reason);
	memory_script_unlock(session->script);
	return result;
}

enum store_result
memory_sequences_retire(struct store_session *session, const char *name, uint8_t name_len,
			bool *found, struct text *reason)
{
	struct memory_row *row;

	(void)reason;
	memory_script_lock(session->script);
	row = memory_rows_find(&session->script->sequences.rows, name, name_len);
	*found = row != NULL;
	if (row != NULL && !row->policy.is_retired) {
		row->policy.is_retired = true;
		row->revision++;
	}
	memory_script_unlock(session->script);
	return STORE_OK;
}

enum store_result
memory_sequences_jump(struct store_session *session, const char *name, uint8_t name_len,
		      uint64_t number, bool *found, struct text *reason)
{
	struct memory_sequences *sequences = &session->script->sequences;
	enum store_result result = STORE_OK;
	struct memory_row *clock, *row;
	uint64_t distance = 0;

	memory_script_lock(session->script);
	clock = memory_rows_clock(&sequences->rows);
	row = memory_rows_find(&sequences->rows, name, name_len);
	*found = row != NULL;
	if (row != NULL)
		result = sequence_rows_jump(row->newest, clock->raised, clock->newest, number,
					    &distance, reason);
	if (distance > 0) {
		row->newest += distance;
		clock->newest += distance;
	}
	memory_script_unlock(session->script);
	return result;
}
