#include <string.h>

#include "store/sqlite_sequences.h"

/* Read newest and seen of the row NAME. Zeros: there is none. */
static enum store_result
sqlite_sequences_instance_read(struct store_session *session, const char *name,
			       struct store_instance *row, struct text *reason)
{
	sqlite3_stmt *statement = NULL;
	enum store_result result =
		sqlite_prepare(session, "SELECT newest, seen FROM tickr_sequences WHERE name = ?1",
			       &statement, reason);

	row->count = row->seen = 0;
	if (result != STORE_OK)
		return result;
	sqlite_sequences_bind_name(statement, 1, name, SEQUENCE_INSTANCE_LEN);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		row->count = (uint64_t)sqlite3_column_int64(statement, 0);
		row->seen = (uint64_t)sqlite3_column_int64(statement, 1);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
}

enum store_result
sqlite_sequences_instance(struct store_session *session, struct store_instance *row,
			  struct text *reason)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];
	enum store_result result = sqlite_check_index(session, reason);

	sequence_rows_name_instance(name, row->id);
	return result == STORE_OK ? sqlite_sequences_instance_read(session, name, row, reason)
				  : result;
}

/* In a transaction. */
static enum store_result
sqlite_sequences_instance_raise(struct store_session *session, struct store_instance *row,
				uint64_t base, struct text *reason)
{
	static const char lift[] =
		"UPDATE tickr_sequences SET raised = raised + ?2, newest = newest "
		"+ ?2 WHERE name = ?1";
	static const char write[] =
		"INSERT INTO tickr_sequences (name, newest, seen) VALUES (?1, ?2, ?3) ON CONFLICT "
		"(name) DO UPDATE SET newest = excluded.newest, seen = excluded.seen";
	char name[SEQUENCE_INSTANCE_LEN + 1];
	struct store_instance found = {.count = 0};
	uint64_t clock, raised, distance;
	enum store_result result = sqlite_sequences_read_clock(session, &clock, &raised, reason);

	sequence_rows_name_instance(name, row->id);
	if (result == STORE_OK)
		result = sqlite_sequences_instance_read(session, name, &found, reason);
	if (result != STORE_OK)
		return result;
	distance = sequence_rows_raise(base, clock, &found, &row->seen);
	row->count = (found.count > row->count ? found.count : row->count) + 1;
	result = sqlite_sequences_run(session, lift, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, distance,
				      0, NULL, reason);
	if (result != STORE_OK)
		return result;
	return sqlite_sequences_run(session, write, name, SEQUENCE_INSTANCE_LEN, row->count,
				    row->seen, NULL, reason);
}

enum store_result
sqlite_sequences_raise(struct store_session *session, struct store_instance *row, uint64_t base,
		       struct text *reason)
{
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	if (result != STORE_OK)
		return result;
	result = sqlite_sequences_instance_raise(session, row, base, reason);
	return sqlite_sequences_end_write(session, result, reason);
}

enum store_result
sqlite_sequences_instances(struct store_session *session,
			   void (*each)(void *arg, const struct store_instance *row), void *arg,
			   struct text *reason)
{
	static const char sql[] = "SELECT name, newest, seen FROM tickr_sequences WHERE name > "
				  "X'FF636C6F636B' ORDER BY name";
	sqlite3_stmt *statement = NULL;
	enum store_result result = sqlite_check_index(session, reason);

	if (result == STORE_OK)
		result = sqlite_prepare(session, sql, &statement, reason);
	if (result != STORE_OK)
		return result;
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct store_instance row = {
			.count = (uint64_t)sqlite3_column_int64(statement, 1),
			.seen = (uint64_t)sqlite3_column_int64(statement, 2),
		};

		if (sequence_rows_read_instance(sqlite3_column_blob(statement, 0),
						(size_t)sqlite3_column_bytes(statement, 0), row.id))
			each(arg, &row);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? STORE_OK : sqlite_error(session, reason);
}

enum store_result
sqlite_sequences_fold(struct store_session *session, const char *id, bool *found,
		      struct text *reason)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];
	int changes = 0;
	enum store_result result = sqlite_sequences_begin_write(session, reason);

	if (result != STORE_OK)
		return result;
	sequence_rows_name_instance(name, id);
	result = sqlite_sequences_run(session, "DELETE FROM tickr_sequences WHERE name = ?1", name,
				      SEQUENCE_INSTANCE_LEN, 0, 0, &changes, reason);
	*found = changes > 0;
	return sqlite_sequences_end_write(session, result, reason);
}
