/*
 * DESIGN. A packet has one statement that adds to all rows, and brings their values:
 *
 *	MariaDB from 10.5 on	INSERT .. ON DUPLICATE KEY UPDATE .. RETURNING, which commits by itself
 *	others			BEGIN, the same INSERT, SELECT .. IN, COMMIT
 *
 * Only relative changes are safe: absolute ones repeated numbers of new rows. The rows are in order of their names, so
 * that two packets never wait for each other. RETURNING sends its rows before the commit, which may fail. So the rows
 * count for nothing until the look after it was read.
 *
 * The instance's row travels with the known count in its column raised, which the other rows leave out:
 *
 *	the row is as high as that	add 1, and write where the clock was seen
 *	it is lower			an older copy: leave it, so that its age stays known
 *	there is none			write 1; or 0, if the server has counted before
 *
 * Without RETURNING the packet relies on InnoDB's locks until the COMMIT, so it always asks for the table's
 * definition. With RETURNING any engine's statement is one step, and only a crash needs InnoDB. So the definition is
 * asked for every SEQUENCES_EVERY_US.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/mysql_sequences.h"

#define SEQUENCES_EVERY_US 50000

#define COLUMNS "name,newest,revision,raised,seen,most,retired"
#define INSERT	"INSERT INTO tickr_sequences(name,newest,seen,raised)VALUES"
#define UPDATE                                                                       \
	"ON DUPLICATE KEY UPDATE "                                                   \
	"seen=IF(VALUES(raised)IS NULL OR newest<VALUES(raised),seen,VALUES(seen))," \
	"newest=newest+IF(VALUES(raised)IS NULL,VALUES(newest),newest>=VALUES(raised))"

#define RETURNING " RETURNING " COLUMNS

/* One sequence, the clock and an instance. */
#define PREPARE_ONE                                                                             \
	"PREPARE tickr_sequences_one FROM '" INSERT "(?,?,NULL,NULL),(" SEQUENCES_CLOCK_DOUBLED \
	",?,NULL,NULL),(?,?,?,?)" UPDATE RETURNING "'"

#define ROW_ROOM   96	/* of SQL for a row in both forms, without its name */
#define REST_ROOM  1024 /* of SQL for the rest of the packet */
#define SMALL_SIZE 4096 /* a buffer that is not made smaller again */

void
mysql_sequences_add_name(struct text *sql, const char *name, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	char hex[2 * SEQUENCE_NAME_MOST];

	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digits[(unsigned char)name[i] >> 4];
		hex[2 * i + 1] = digits[(unsigned char)name[i] & 15];
	}
	text_add(sql, "X'");
	text_add_bytes(sql, hex, 2 * len);
	text_add(sql, "'");
}

enum store_result
mysql_sequences_prepare_move(struct store_session *session)
{
	char memory[256];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result = mysql_session_run(session, PREPARE_ONE, &ignored);

	session->sequences->has_returning = result == STORE_OK;
	return result == STORE_LOST ? STORE_LOST : STORE_OK;
}

/* --- the packet -------------------------------------------------------------------------------- */

/* An empty text that has room for the packet of ROWS. */
static struct text
mysql_sequences_move_room(struct mysql_sequences *own, const struct sequence_rows *rows)
{
	size_t size = REST_ROOM;

	for (size_t i = 0; i < rows->order->moves_count; i++)
		size += ROW_ROOM + 4u * rows->order->moves[i].name_len;
	if (size > own->size) {
		free(own->memory);
		own->size = size > SMALL_SIZE ? size : SMALL_SIZE;
		own->memory = xcalloc(1, own->size);
	}
	return text_over(own->memory, own->size);
}

static void
mysql_sequences_move_add_rows(const struct sequence_rows *rows, struct text *sql)
{
	const struct store_order *order = rows->order;

	for (size_t i = 0; i < order->moves_count; i++) {
		text_add(sql, "(");
		mysql_sequences_add_name(sql, order->moves[i].name, order->moves[i].name_len);
		text_addf(sql, ",%" PRIu32 ",NULL,NULL),", order->moves[i].count);
	}
	text_addf(sql, "(" SEQUENCES_CLOCK ",%" PRIu32 ",NULL,NULL)", order->count);
	if (rows->instance[0] == '\0')
		return;
	text_add(sql, ",(");
	mysql_sequences_add_name(sql, rows->instance, SEQUENCE_INSTANCE_LEN);
	text_addf(sql, ",%d,%" PRIu64 ",%" PRIu64 ")", order->known->count == 0, order->known->seen,
		  order->known->count);
}

static void
mysql_sequences_move_add_names(const struct sequence_rows *rows, struct text *sql)
{
	for (size_t i = 0; i < rows->order->moves_count; i++) {
		mysql_sequences_add_name(sql, rows->order->moves[i].name,
					 rows->order->moves[i].name_len);
		text_add(sql, ",");
	}
	text_add(sql, SEQUENCES_CLOCK);
	if (rows->instance[0] == '\0')
		return;
	text_add(sql, ",");
	mysql_sequences_add_name(sql, rows->instance, SEQUENCE_INSTANCE_LEN);
}

/* MariaDB executes with literals, which saves it the parsing. */
static void
mysql_sequences_move_add_execute(const struct sequence_rows *rows, struct text *sql)
{
	const struct store_order *order = rows->order;

	text_add(sql, "EXECUTE tickr_sequences_one USING ");
	mysql_sequences_add_name(sql, order->moves[0].name, order->moves[0].name_len);
	text_addf(sql, ",%" PRIu32 ",%" PRIu32 ",", order->count, order->count);
	mysql_sequences_add_name(sql, rows->instance, SEQUENCE_INSTANCE_LEN);
	text_addf(sql, ",%d,%" PRIu64 ",%" PRIu64, order->known->count == 0, order->known->seen,
		  order->known->count);
}

static void
mysql_sequences_move_add_statement(const struct mysql_sequences *own,
				   const struct sequence_rows *rows, struct text *sql)
{
	if (own->has_returning && rows->order->moves_count == 1 && rows->instance[0] != '\0') {
		mysql_sequences_move_add_execute(rows, sql);
		return;
	}
	text_add(sql, own->has_returning ? INSERT : "BEGIN;" INSERT);
	mysql_sequences_move_add_rows(rows, sql);
	text_add(sql, UPDATE);
	if (own->has_returning) {
		text_add(sql, RETURNING);
		return;
	}
	text_add(sql, ";SELECT " COLUMNS " FROM tickr_sequences WHERE name IN(");
	mysql_sequences_move_add_names(rows, sql);
	text_add(sql, ")");
}

static void
mysql_sequences_move_write(struct mysql_sequences *own, const struct sequence_rows *rows,
			   struct text *sql)
{
	uint64_t now_us = clock_us();

	own->asks_definition = !own->has_returning || now_us - own->asked_us >= SEQUENCES_EVERY_US;
	if (own->asks_definition)
		own->asked_us = now_us;
	mysql_sequences_move_add_statement(own, rows, sql);
	if (own->asks_definition)
		text_add(sql, ";" SEQUENCES_DEFINITION);
	if (!own->has_returning)
		text_add(sql, ";COMMIT");
	text_add(sql, own->is_prepared ? ";EXECUTE tickr_sequences_look" : ";" SEQUENCES_LOOK);
}

/* --- its results ------------------------------------------------------------------------------- */

static bool
mysql_sequences_move_read_row(MYSQL_ROW columns, size_t name_len, struct sequence_row *row)
{
	uint64_t retired;

	*row = (struct sequence_row){
		.name = columns[0], .name_len = name_len, .has_raised = columns[3] != NULL};
	if (!mysql_sequences_read_number(columns[1], &row->newest) ||
	    !mysql_sequences_read_number(columns[2], &row->revision) ||
	    !mysql_sequences_read_number(columns[3], &row->raised) ||
	    !mysql_sequences_read_number(columns[4], &row->seen) ||
	    !mysql_sequences_read_number(columns[5], &row->most) ||
	    !mysql_sequences_read_number(columns[6], &retired))
		return false;
	row->is_retired = retired != 0;
	return true;
}

static enum store_result
mysql_sequences_move_take_rows(struct store_session *session, struct sequence_rows *rows,
			       struct text *reason)
{
	MYSQL_RES *found = mysql_store_result(&session->mysql);
	bool is_good = true;
	MYSQL_ROW columns;

	if (found == NULL)
		return mysql_sequences_error(session, reason);
	while ((columns = mysql_fetch_row(found)) != NULL) {
		const unsigned long *lengths = mysql_fetch_lengths(found);
		struct sequence_row row;

		is_good = is_good && mysql_sequences_move_read_row(columns, lengths[0], &row);
		if (is_good)
			sequence_rows_take(rows, &row);
	}
	mysql_free_result(found);
	if (is_good)
		return STORE_OK;
	text_add(reason, "a row of the table `tickr_sequences` holds a number that tickrd never "
			 "writes: restore the database");
	return STORE_REFUSED;
}

static enum store_result
mysql_sequences_move_skip(struct store_session *session, unsigned statements, struct text *reason)
{
	for (unsigned i = 0; i < statements; i++)
		if (mysql_next_result(&session->mysql) != 0)
			return mysql_sequences_error(session, reason);
	return STORE_OK;
}

static enum store_result
mysql_sequences_move_take_results(struct store_session *session, struct sequence_rows *rows,
				  struct text *reason)
{
	const struct mysql_sequences *own = session->sequences;
	enum store_result result = STORE_OK;

	if (!own->has_returning) /* BEGIN, INSERT */
		result = mysql_sequences_move_skip(session, 2, reason);
	if (result == STORE_OK)
		result = mysql_sequences_move_take_rows(session, rows, reason);
	if (result == STORE_OK && own->asks_definition) {
		result = mysql_sequences_move_skip(session, 1, reason);
		if (result == STORE_OK)
			result = mysql_sequences_take_definition(session, reason);
	}
	if (result == STORE_OK) /* COMMIT; or straight to the look */
		result = mysql_sequences_move_skip(session, own->has_returning ? 1 : 2, reason);
	return result == STORE_OK ? mysql_sequences_take_look(session, reason) : result;
}

enum store_result
mysql_sequences_reserve(struct store_session *session, const struct store_order *order,
			struct ticket_range *bases, struct text *reason)
{
	struct mysql_sequences *own = session->sequences;
	struct sequence_rows rows;
	struct text sql;
	enum store_result result = sequence_rows_begin(&rows, order, reason);

	if (result != STORE_OK)
		return result;
	sql = mysql_sequences_move_room(own, &rows);
	mysql_sequences_move_write(own, &rows, &sql);
	if (mysql_real_query(&session->mysql, sql.start, sql.len) != 0)
		result = mysql_sequences_error(session, reason);
	else
		result = mysql_sequences_move_take_results(session, &rows, reason);
	if (result == STORE_OK)
		return sequence_rows_end(&rows, bases, reason);
	if (result == STORE_BUSY && !own->has_returning)
		return mysql_sequences_roll_back(session, STORE_BUSY);
	return result;
}
