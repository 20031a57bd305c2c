#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "store/drivers.h"
#include "store/mysql_durable.h"
#include "store/mysql_error.h"
#include "store/mysql_identity.h"
#include "store/mysql_layout.h"
#include "store/mysql_look.h"
#include "store/mysql_sequences.h"

#define PREPARE_LOOK "PREPARE tickr_sequences_look FROM \"" SEQUENCES_LOOK "\""

/* --- results ----------------------------------------------------------------------------------- */

enum store_result
mysql_sequences_error(struct store_session *session, struct text *reason)
{
	unsigned number = mysql_errno(&session->mysql);
	const char *words = mysql_error(&session->mysql);
	enum store_result result = mysql_classify(number, words);

	text_addf(reason, "%s (error %u)", words, number);
	if (result == STORE_EXHAUSTED)
		text_add(reason,
			 "; the clock of the table `tickr_sequences` is at its end: use another "
			 "database");
	else if (number == ER_NO_SUCH_TABLE)
		text_add(reason, "; to use named sequences, run tickrd createdb --sequences");
	mysql_add_advice(number, reason);
	return result;
}

bool
mysql_sequences_read_number(const char *column, uint64_t *number)
{
	*number = 0;
	return column == NULL || parse_number(column, strlen(column), UINT64_MAX, number);
}

static uint64_t
mysql_sequences_fingerprint(const char *definition)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (; *definition != '\0'; definition++)
		hash = (hash ^ (unsigned char)*definition) * 0x100000001b3;
	return hash;
}

enum store_result
mysql_sequences_take_definition(struct store_session *session, struct text *reason)
{
	struct mysql_sequences *own = session->sequences;
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	uint64_t definition = 0;
	MYSQL_ROW row;

	if (rows == NULL)
		return mysql_sequences_error(session, reason);
	row = mysql_num_fields(rows) > 1 ? mysql_fetch_row(rows) : NULL;
	if (row != NULL && row[1] != NULL)
		definition = mysql_sequences_fingerprint(row[1]);
	mysql_free_result(rows);
	if (own->definition == 0)
		own->definition = definition;
	if (definition == own->definition)
		return STORE_OK;
	text_add(reason, "the table `tickr_sequences` was altered while this session was open");
	return STORE_LOST;
}

enum store_result
mysql_sequences_judge_look(const char *const *columns, struct text *reason)
{
	uint64_t step, global_step;

	if (columns[0] == NULL || strcmp(columns[0], "1") != 0)
		return mysql_explain_read_only(reason);
	if (mysql_sequences_read_number(columns[1], &step) && step == 1 &&
	    mysql_sequences_read_number(columns[2], &global_step) && global_step == 1)
		return STORE_OK;
	text_addf(reason,
		  "auto_increment_increment is %s on this server: several masters count side by "
		  "side, and each would issue the same ids of a named sequence. If this is the "
		  "only master, set auto_increment_increment to 1",
		  columns[2] != NULL ? columns[2] : "not known");
	return STORE_REFUSED;
}

enum store_result
mysql_sequences_take_look(struct store_session *session, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	enum store_result result = STORE_FAILED;
	MYSQL_ROW row;

	if (rows == NULL)
		return mysql_sequences_error(session, reason);
	row = mysql_num_fields(rows) == 3 ? mysql_fetch_row(rows) : NULL;
	if (row != NULL)
		result = mysql_sequences_judge_look((const char *const *)row, reason);
	else
		text_add(reason, "the server did not tell whether it is read-only");
	mysql_free_result(rows);
	return result;
}

/* --- transactions of an operator --------------------------------------------------------------- */

enum store_result
mysql_sequences_roll_back(struct store_session *session, enum store_result result)
{
	char memory[256];
	struct text ignored = TEXT_OVER(memory);

	return mysql_session_run(session, "ROLLBACK", &ignored) == STORE_OK ? result : STORE_LOST;
}

enum store_result
mysql_sequences_begin(struct store_session *session, const char *sql, mysql_session_row_fn *read,
		      void *arg, struct text *reason)
{
	enum store_result result = mysql_check_writable(session, reason);
	int next;

	if (result != STORE_OK)
		return result;
	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return mysql_sequences_error(session, reason);
	do {
		MYSQL_RES *rows = mysql_store_result(&session->mysql);
		MYSQL_ROW row;

		while (rows != NULL && (row = mysql_fetch_row(rows)) != NULL)
			read(arg, row);
		mysql_free_result(rows);
		next = mysql_next_result(&session->mysql);
	} while (next == 0);
	if (next < 0)
		return STORE_OK;
	result = mysql_sequences_error(session, reason);
	return result == STORE_BUSY ? mysql_sequences_roll_back(session, STORE_BUSY) : result;
}

enum store_result
mysql_sequences_commit(struct store_session *session, const char *sql, struct text *reason)
{
	char memory[4096];
	struct text packet = TEXT_OVER(memory);
	enum store_result result;
	int failed;

	text_addf(&packet, "%s;" SEQUENCES_LOOK, sql);
	failed = mysql_real_query(&session->mysql, memory, packet.len);
	while (failed == 0 && mysql_field_count(&session->mysql) == 0)
		failed = mysql_next_result(&session->mysql);
	if (failed == 0)
		return mysql_sequences_take_look(session, reason);
	result = mysql_sequences_error(session, reason);
	return result == STORE_BUSY ? mysql_sequences_roll_back(session, STORE_BUSY) : result;
}

/* --- the clock --------------------------------------------------------------------------------- */

struct clock_row {
	bool is_found; /* and whole */
	uint64_t newest, advances, raised;
	enum store_result look;
	struct text *reason;
};

static void
mysql_sequences_read_clock(void *arg, MYSQL_ROW row)
{
	struct clock_row *clock = arg;

	clock->is_found = row[0] != NULL && row[2] != NULL &&
			  mysql_sequences_read_number(row[0], &clock->newest) &&
			  mysql_sequences_read_number(row[1], &clock->advances) &&
			  mysql_sequences_read_number(row[2], &clock->raised);
	clock->look = mysql_sequences_judge_look((const char *const *)row + 3, clock->reason);
}

#define SELECT_CLOCK                                                                     \
	"SELECT newest,revision,raised," SEQUENCES_LOOK_COLUMNS " FROM tickr_sequences " \
	"WHERE name=" SEQUENCES_CLOCK

static enum store_result
mysql_sequences_ask_clock(struct store_session *session, const char *sql, struct clock_row *clock,
			  struct text *reason)
{
	enum store_result result;

	*clock = (struct clock_row){.reason = reason};
	result = mysql_session_query(session, sql, mysql_sequences_read_clock, clock, reason);
	if (result != STORE_OK)
		return result;
	if (clock->is_found)
		return clock->look;
	return mysql_sequences_explain_no_clock(reason);
}

static enum store_result
mysql_sequences_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	struct clock_row clock;
	enum store_result result = mysql_sequences_ask_clock(session, SELECT_CLOCK, &clock, reason);

	if (result != STORE_OK)
		return result;
	session->advances = clock.advances;
	*base = clock.newest;
	return STORE_OK;
}

static enum store_result
mysql_sequences_confirm(struct store_session *session, uint64_t *base, struct text *reason)
{
	struct clock_row clock;
	enum store_result result =
		mysql_sequences_ask_clock(session, SELECT_CLOCK " FOR UPDATE", &clock, reason);

	if (result == STORE_OK)
		*base = clock.newest;
	return result;
}

static uint64_t
mysql_sequences_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
mysql_sequences_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "UPDATE tickr_sequences SET revision=GREATEST(revision+1,%" PRIu64 ","
		 "TIMESTAMPDIFF(MICROSECOND,'1970-01-01',UTC_TIMESTAMP(6)))WHERE "
		 "name=" SEQUENCES_CLOCK,
		 least);
	return mysql_sequences_commit(session, sql, reason);
}

static enum store_result
mysql_sequences_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	char sql[256];
	enum store_result result = mysql_check_writable(session, reason);

	if (result != STORE_OK)
		return result;
	/* The columns are set from left to right, so newest is the old one in both. */
	snprintf(sql, sizeof(sql),
		 "UPDATE tickr_sequences SET raised=raised+GREATEST(%" PRIu64 "-newest,0),"
		 "newest=newest+GREATEST(%" PRIu64 "-newest,0)WHERE name=" SEQUENCES_CLOCK,
		 base, base);
	return mysql_sequences_commit(session, sql, reason);
}

/* --- sessions ---------------------------------------------------------------------------------- */

static enum store_result
mysql_sequences_find_table(struct store_session *session, struct text *reason)
{
	bool is_there;
	enum store_result result = mysql_sequences_check_table(session, &is_there, reason);

	if (result != STORE_OK)
		return result;
	if (is_there) {
		if (mysql_query(&session->mysql, SEQUENCES_DEFINITION) != 0)
			return mysql_sequences_error(session, reason);
		return mysql_sequences_take_definition(session, reason);
	}
	text_addf(reason,
		  "database %s has no table `tickr_sequences` (or its user may not see it): run "
		  "tickrd createdb --sequences, or grant the rights of sql/privileges.sql",
		  mysql_database(session->settings));
	return STORE_REFUSED;
}

static enum store_result
mysql_sequences_check_pinned(struct store_session *session, struct text *reason)
{
	enum mysql_finding finding;
	enum store_result result = mysql_layout_find_settings(session, &finding, reason);

	return result == STORE_OK && finding != FOUND_IT ? STORE_REFUSED : result;
}

static enum store_result
mysql_sequences_prepare(struct store_session *session)
{
	struct mysql_sequences *own = session->sequences;
	char memory[256];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result = mysql_session_run(session, PREPARE_LOOK, &ignored);

	own->is_prepared = result == STORE_OK;
	return result == STORE_LOST ? STORE_LOST : mysql_sequences_prepare_move(session);
}

static enum store_result
mysql_sequences_look_first(struct store_session *session, struct text *reason)
{
	uint64_t clock;
	bool is_missing;
	enum store_result result = mysql_sequences_check_server(session, reason);

	if (result == STORE_OK)
		result = mysql_sequences_find_table(session, reason);
	if (result == STORE_OK)
		result = mysql_sequences_check_pinned(session, reason);
	if (result == STORE_OK)
		result = mysql_read_identity(session, &is_missing, reason);
	if (result == STORE_OK)
		result = mysql_sequences_prepare(session);
	return result == STORE_OK ? mysql_sequences_newest(session, &clock, reason) : result;
}

static void
mysql_sequences_close(struct store_session *session)
{
	mysql_session_disconnect(session);
	if (session->sequences != NULL)
		free(session->sequences->memory);
	free(session->sequences);
	free(session);
}

static enum store_result
mysql_sequences_open(const struct store_settings *settings, struct store_session **session,
		     struct text *reason)
{
	struct store_session *opened = xcalloc(1, sizeof(*opened));
	enum store_result result =
		mysql_session_connect(opened, settings, mysql_database(settings), reason);

	opened->layout = LAYOUT_COUNTER; /* no AUTO_INCREMENT: see mysql_durable.c */
	snprintf(opened->engine, sizeof(opened->engine), "InnoDB");
	opened->steps.global_increment = 1; /* any other is refused */
	opened->sequences = xcalloc(1, sizeof(*opened->sequences));
	if (result == STORE_OK)
		result = mysql_sequences_look_first(opened, reason);
	if (result != STORE_OK) {
		mysql_sequences_close(opened);
		return result;
	}
	*session = opened;
	return STORE_OK;
}

static const char *
mysql_sequences_identity(struct store_session *session)
{
	return session->identity;
}

/* Any count is the same work. */
static uint32_t
mysql_sequences_most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000;
}

static bool
mysql_sequences_library_begin(void)
{
	return mysql_library_init(0, NULL, NULL) == 0;
}

static void
mysql_sequences_thread_begin(void)
{
	mysql_thread_init();
}

static void
mysql_sequences_thread_end(void)
{
	mysql_thread_end();
}

/* Its sessions share nothing on this side: the server keeps them apart. */
static void
mysql_sequences_no_claim(struct store_settings *settings)
{
	(void)settings;
}

const struct store mysql_sequences_store = {
	.name = "mysql",
	.begin = mysql_sequences_library_begin,
	.end = mysql_library_end,
	.thread_begin = mysql_sequences_thread_begin,
	.thread_end = mysql_sequences_thread_end,
	.claim = mysql_sequences_no_claim,
	.release = mysql_sequences_no_claim,
	.open = mysql_sequences_open,
	.close = mysql_sequences_close,
	.reserve = mysql_sequences_reserve,
	.most_per_statement = mysql_sequences_most_per_statement,
	.newest = mysql_sequences_newest,
	.confirm = mysql_sequences_confirm,
	.identity = mysql_sequences_identity,
	.advances = mysql_sequences_advances,
	.note_advance = mysql_sequences_note_advance,
	.advance = mysql_sequences_advance,
	.warn = mysql_warn,
	.instance = mysql_sequences_instance,
	.raise = mysql_sequences_raise,
	.show = mysql_sequences_show,
	.list = mysql_sequences_list,
	.count = mysql_sequences_count,
	.declare = mysql_sequences_declare,
	.retire = mysql_sequences_retire,
	.jump = mysql_sequences_jump,
	.instances = mysql_sequences_instances,
	.fold = mysql_sequences_fold,
};
