#include <assert.h>
#include <inttypes.h>

#include "store/sqlite_sequences.h"

/* Columns of sqlite_sequences_policy_read(), and all that was raised. */
#define SELECT                                                                             \
	"SELECT name, newest, revision, start, most, ordering, width, form, fingerprint, " \
	"retired, (SELECT raised FROM tickr_sequences WHERE name = X'FF636C6F636B') "      \
	"FROM tickr_sequences WHERE "

/* Read the row at which STATEMENT stands; the newest number is without all that was raised. */
static void
sqlite_sequences_policy_read(sqlite3_stmt *statement, struct store_listed *listed, uint64_t *newest)
{
	uint64_t start = (uint64_t)sqlite3_column_int64(statement, 3);
	uint64_t most = (uint64_t)sqlite3_column_int64(statement, 4);

	*newest = (uint64_t)sqlite3_column_int64(statement, 1);
	*listed = (struct store_listed){
		.name = sqlite3_column_blob(statement, 0),
		.name_len = (uint8_t)sqlite3_column_bytes(statement, 0),
		.policy = {
			.revision = (uint32_t)sqlite3_column_int64(statement, 2),
			.start = start > 0 ? start : 1,
			.most = most > 0 && most < SEQUENCE_MOST ? most : SEQUENCE_MOST,
			.order = sqlite3_column_int64(statement, 5) == 1 ? SEQUENCE_WEAK
									 : SEQUENCE_STRONG,
			.width = sqlite3_column_int64(statement, 6) == 53 ? 53 : 63,
			.form = sqlite3_column_int64(statement, 7) == 1 ? SEQUENCE_SCRAMBLED
									: SEQUENCE_PLAIN,
			.fingerprint = (uint64_t)sqlite3_column_int64(statement, 8),
			.is_retired = sqlite3_column_int64(statement, 9) != 0,
			.is_declared = sqlite3_column_type(statement, 3) != SQLITE_NULL,
		}};
}

/* --- reading ----------------------------------------------------------------------------------- */

/* Hand each row of STATEMENT to EACH, which may be NULL, and end the statement. LISTED and NEWEST: the last. */
static enum store_result
sqlite_sequences_policy_list(struct store_session *session, sqlite3_stmt *statement,
			     store_listed_fn *each, void *arg, struct store_listed *listed,
			     uint64_t *newest, bool *found, struct text *reason)
{
	*found = false;
	while (sqlite3_step(statement) == SQLITE_ROW) {
		uint64_t raised = (uint64_t)sqlite3_column_int64(statement, 10);

		*found = true;
		sqlite_sequences_policy_read(statement, listed, newest);
		if (!sequence_rows_number(*newest, raised, &listed->last))
			listed->last = UINT64_MAX;
		if (each != NULL)
			each(arg, listed);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
}

/* In a transaction, or alone. */
static enum store_result
sqlite_sequences_policy_show(struct store_session *session, const char *name, uint8_t name_len,
			     struct store_listed *listed, uint64_t *newest, bool *found,
			     struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	enum store_result result = sqlite_prepare(session, SELECT "name = ?1", &statement, reason);

	if (result != STORE_OK)
		return result;
	sqlite_sequences_bind_name(statement, 1, name, name_len);
	result = sqlite_sequences_policy_list(session, statement, NULL, NULL, listed, newest, found,
					      reason);
	listed->name = name;
	listed->name_len = name_len;
	return result;
}

enum store_result
sqlite_sequences_show(struct store_session *session, const char *name, uint8_t name_len,
		      struct store_listed *listed, bool *found, struct text *reason)
{
	uint64_t newest;
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	return sqlite_sequences_policy_show(session, name, name_len, listed, &newest, found,
					    reason);
}

enum store_result
sqlite_sequences_list(struct store_session *session, const char *after, uint8_t after_len,
		      uint32_t limit, store_listed_fn *each, void *arg, struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	struct store_listed listed;
	uint64_t newest;
	bool found;
	enum store_result result = sqlite_check_index(session, reason);

	if (result == STORE_OK)
		result = sqlite_prepare(session,
					SELECT "name > ?1 AND name < X'FF' ORDER BY name LIMIT ?2",
					&statement, reason);
	if (result != STORE_OK)
		return result;
	sqlite_sequences_bind_name(statement, 1, after, after_len);
	sqlite3_bind_int64(statement, 2, limit);
	return sqlite_sequences_policy_list(session, statement, each, arg, &listed, &newest, &found,
					    reason);
}

enum store_result
sqlite_sequences_count(struct store_session *session, uint64_t *count, struct text *reason)
{
	bool found;
	enum store_result result = sqlite_check_index(session, reason);

	if (result != STORE_OK)
		return result;
	return sqlite_numbers(session,
			      "SELECT COUNT(*) FROM tickr_sequences WHERE name < X'FF' AND retired "
			      "IS NULL",
			      count, 1, &found, reason);
}

/* --- commands ---------------------------------------------------------------------------------- */

/* In a transaction: move the rows of NAME and of the clock by DISTANCE. */
static enum store_result
sqlite_sequences_policy_move(struct store_session *session, const char *name, uint8_t name_len,
			     uint64_t distance, struct text *reason)
{
	return sqlite_sequences_run(
		session,
		"UPDATE tickr_sequences SET newest = newest + ?2 WHERE name IN (?1, "
		"X'FF636C6F636B')",
		name, name_len, distance, 0, NULL, reason);
}

static enum store_result
sqlite_sequences_policy_jump(struct store_session *session, const char *name, uint8_t name_len,
			     uint64_t number, bool *found, struct text *reason)
{
	struct store_listed listed;
	uint64_t newest = 0, clock, raised, distance = 0;
	enum store_result result = sqlite_sequences_read_clock(session, &clock, &raised, reason);

	if (result == STORE_OK)
		result = sqlite_sequences_policy_show(session, name, name_len, &listed, &newest,
						      found, reason);
	if (result == STORE_OK && *found)
		result = sequence_rows_jump(newest, raised, clock, number, &distance, reason);
	if (result != STORE_OK || distance == 0)
		return result;
	return sqlite_sequences_policy_move(session, name, name_len, distance, reason);
}

enum store_result
sqlite_sequences_jump(struct store_session *session, const char *name, uint8_t name_len,
		      uint64_t number, bool *found, struct text *reason)
{
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	*found = false;
	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_policy_jump(session, name, name_len, number, found, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

enum store_result
sqlite_sequences_retire(struct store_session *session, const char *name, uint8_t name_len,
			bool *found, struct text *reason)
{
	struct store_listed listed;
	uint64_t newest;
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_run(
		session,
		"UPDATE tickr_sequences SET retired = 1, revision = revision + 1 "
		"WHERE name = ?1 AND retired IS NULL",
		name, name_len, 0, 0, NULL, reason);
	if (result == STORE_OK)
		result = sqlite_sequences_policy_show(session, name, name_len, &listed, &newest,
						      found, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

/* In a transaction: write the policy of the row NAME, which is made if it is missing. */
static enum store_result
sqlite_sequences_policy_write(struct store_session *session, const char *name, uint8_t name_len,
			      const struct sequence_policy *policy, struct text *reason)
{
	char memory[512];
	struct text sql = TEXT_OVER(memory);

	text_addf(
		&sql,
		"INSERT INTO tickr_sequences (name, newest, revision, start, most, ordering, "
		"width, "
		"form, fingerprint) VALUES (?1, 0, max(1, %" PRIu32 "), %" PRIu64 ", %" PRIu64
		", %d, %u, %d, ?2) ON CONFLICT (name) DO UPDATE SET "
		"revision = max(revision + 1, excluded.revision), "
		"start = excluded.start, most = excluded.most, ordering = excluded.ordering, "
		"width = excluded.width, form = excluded.form, fingerprint = excluded.fingerprint",
		policy->revision, policy->start, policy->most, policy->order == SEQUENCE_WEAK,
		policy->width, policy->form == SEQUENCE_SCRAMBLED);
	return sqlite_sequences_run(session, memory, name, name_len, policy->fingerprint, 0, NULL,
				    reason);
}

static enum store_result
sqlite_sequences_policy_declare(struct store_session *session, const char *name, uint8_t name_len,
				const struct sequence_policy *wanted, enum store_declared *declared,
				struct text *reason)
{
	struct store_listed listed;
	uint64_t newest, clock, raised, distance = 0;
	bool found, is_same = false;
	enum store_result result = sqlite_sequences_read_clock(session, &clock, &raised, reason);

	*declared = STORE_DECLARED_DIFFERS;
	if (result == STORE_OK)
		result = sqlite_sequences_policy_show(session, name, name_len, &listed, &newest,
						      &found, reason);
	if (result != STORE_OK)
		return result;
	if (found && !sequence_rows_may_become(&listed.policy, wanted, &is_same, reason))
		return STORE_OK;
	*declared = is_same ? STORE_DECLARED_SAME
		    : found ? STORE_DECLARED_CHANGED
			    : STORE_DECLARED_MADE;
	if (is_same)
		return STORE_OK;
	if (!found)
		result = sequence_rows_jump(0, 0, clock, wanted->start - 1, &distance, reason);
	if (result == STORE_OK)
		result = sqlite_sequences_policy_write(session, name, name_len, wanted, reason);
	if (result == STORE_OK && distance > 0)
		result = sqlite_sequences_policy_move(session, name, name_len, distance, reason);
	return result;
}

enum store_result
sqlite_sequences_declare(struct store_session *session, const char *name, uint8_t name_len,
			 const struct sequence_policy *wanted, enum store_declared *declared,
			 struct text *reason)
{
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	assert(wanted->start >= 1 && wanted->most <= SEQUENCE_MOST);
	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_policy_declare(session, name, name_len, wanted, declared, reason);
	return sqlite_sequences_end_write(session, result, reason);
}
