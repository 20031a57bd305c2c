/*
 * DESIGN. A raise locks the rows of the clock and of the instance, in that order, computes the distance from both, and
 * writes both. Until it commits no statement can move the clock, so the distance is right for all of them.
 */
#include <inttypes.h>
#include <string.h>

#include "store/mysql_look.h"
#include "store/mysql_sequences.h"

struct instance_row {
	struct store_instance *row;
	bool is_found;
	uint64_t clock;
	bool has_clock;
};

/* Columns: whether it is the clock's, newest, seen. */
static void
mysql_sequences_instance_read_pair(void *arg, MYSQL_ROW columns)
{
	struct instance_row *pair = arg;

	if (strcmp(columns[0], "1") == 0)
		pair->has_clock =
			columns[1] != NULL && mysql_sequences_read_number(columns[1], &pair->clock);
	else
		pair->is_found = mysql_sequences_read_number(columns[1], &pair->row->count) &&
				 mysql_sequences_read_number(columns[2], &pair->row->seen);
}

static void
mysql_sequences_instance_add_instance(struct text *sql, const char *id)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];

	sequence_rows_name_instance(name, id);
	mysql_sequences_add_name(sql, name, SEQUENCE_INSTANCE_LEN);
}

enum store_result
mysql_sequences_instance(struct store_session *session, struct store_instance *row,
			 struct text *reason)
{
	struct instance_row pair = {.row = row};
	char memory[256];
	struct text sql = TEXT_OVER(memory);

	row->count = row->seen = 0;
	text_add(&sql, "SELECT '0',newest,seen FROM tickr_sequences WHERE name=");
	mysql_sequences_instance_add_instance(&sql, row->id);
	return mysql_session_query(session, memory, mysql_sequences_instance_read_pair, &pair,
				   reason);
}

/* Write the raise that was computed while the rows of the clock and of the instance are locked. */
static enum store_result
mysql_sequences_instance_write_raise(struct store_session *session,
				     const struct store_instance *row, uint64_t distance,
				     struct text *reason)
{
	char memory[512];
	struct text sql = TEXT_OVER(memory);

	text_addf(&sql,
		  "UPDATE tickr_sequences SET raised=raised+%" PRIu64 ",newest=newest+%" PRIu64
		  " WHERE name=" SEQUENCES_CLOCK
		  ";INSERT INTO tickr_sequences(name,newest,seen)VALUES(",
		  distance, distance);
	mysql_sequences_instance_add_instance(&sql, row->id);
	text_addf(&sql,
		  ",%" PRIu64 ",%" PRIu64
		  ")ON DUPLICATE KEY UPDATE newest=VALUES(newest),seen=VALUES(seen);COMMIT",
		  row->count, row->seen);
	return mysql_sequences_commit(session, memory, reason);
}

enum store_result
mysql_sequences_raise(struct store_session *session, struct store_instance *row, uint64_t base,
		      struct text *reason)
{
	struct store_instance found = {.count = 0};
	struct instance_row pair = {.row = &found};
	uint64_t distance;
	char memory[512];
	struct text sql = TEXT_OVER(memory);
	enum store_result result;

	text_add(&sql, "BEGIN;SELECT name=" SEQUENCES_CLOCK ",newest,seen FROM tickr_sequences "
		       "WHERE name IN(" SEQUENCES_CLOCK ",");
	mysql_sequences_instance_add_instance(&sql, row->id);
	text_add(&sql, ")ORDER BY name FOR UPDATE");
	result = mysql_sequences_begin(session, memory, mysql_sequences_instance_read_pair, &pair,
				       reason);
	if (result != STORE_OK)
		return result;
	if (!pair.has_clock)
		return mysql_sequences_explain_no_clock(reason);
	distance = sequence_rows_raise(base, pair.clock, &found, &row->seen);
	row->count = (found.count > row->count ? found.count : row->count) + 1;
	return mysql_sequences_instance_write_raise(session, row, distance, reason);
}

struct instances {
	void (*each)(void *arg, const struct store_instance *row);
	void *arg;
};

static void
mysql_sequences_instance_read_instance(void *arg, MYSQL_ROW columns)
{
	const struct instances *instances = arg;
	struct store_instance row;

	if (columns[0] != NULL &&
	    sequence_rows_read_instance(columns[0], strlen(columns[0]), row.id) &&
	    mysql_sequences_read_number(columns[1], &row.count) &&
	    mysql_sequences_read_number(columns[2], &row.seen))
		instances->each(instances->arg, &row);
}

enum store_result
mysql_sequences_instances(struct store_session *session,
			  void (*each)(void *arg, const struct store_instance *row), void *arg,
			  struct text *reason)
{
	struct instances instances = {each, arg};

	return mysql_session_query(
		session,
		"SELECT name,newest,seen FROM tickr_sequences WHERE name>" SEQUENCES_CLOCK
		" ORDER BY name",
		mysql_sequences_instance_read_instance, &instances, reason);
}

enum store_result
mysql_sequences_fold(struct store_session *session, const char *id, bool *found,
		     struct text *reason)
{
	char memory[256];
	struct text sql = TEXT_OVER(memory);
	enum store_result result = mysql_check_writable(session, reason);

	text_add(&sql, "DELETE FROM tickr_sequences WHERE name=");
	mysql_sequences_instance_add_instance(&sql, id);
	if (result != STORE_OK)
		return result;
	if (mysql_real_query(&session->mysql, memory, sql.len) != 0)
		return mysql_sequences_error(session, reason);
	*found = mysql_affected_rows(&session->mysql) > 0;
	return STORE_OK;
}
