#include <inttypes.h>
#include <mysqld_error.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/parse.h"
#include "store/mysql_layout.h"
#include "store/mysql_look.h"

#define COLUMNS		7      /* of LOOK_ONE */
#define LAYOUT_EVERY_US 250000 /* between checks, if the user may not see the definition */
#define AUTO_INCREMENT	" AUTO_INCREMENT=" /* an option of the table, which changes with each row */

#define EXECUTE "EXECUTE tickr_look"

const char *
mysql_next_look(struct store_session *session, bool has_many_rows)
{
	static const char *const looks[2][2] = {
		{LOOK_ONE("0"), LOOK_ONE("0") LOOK_TWO},
		{EXECUTE, EXECUTE LOOK_TWO},
	};
	uint64_t now_us = clock_us();
	bool is_due = has_many_rows || now_us - session->asked_us >= LOOK_EVERY_US;

	session->asks_definition = session->sees_definition && is_due;
	if (session->asks_definition)
		session->asked_us = now_us;
	return looks[session->is_prepared][session->asks_definition];
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
mysql_look_read_number(const char *value, uint64_t *number)
{
	return value != NULL && parse_number(value, strlen(value), UINT64_MAX, number);
}

static bool
mysql_look_read(MYSQL_ROW row, unsigned columns, struct mysql_look *look)
{
	const char *read_only = row[COLUMNS - 1];

	if (columns == COLUMNS || !mysql_look_read_number(row[COLUMNS], &look->advances))
		look->advances = 0;
	look->has_base = mysql_look_read_number(row[0], &look->base);
	/* MariaDB 12 has other words too. Each value except 0 and OFF forbids writing. */
	look->is_read_only = read_only == NULL ||
			     (strcmp(read_only, "0") != 0 && strcasecmp(read_only, "OFF") != 0);
	return mysql_look_read_number(row[1], &look->steps.increment) &&
	       mysql_look_read_number(row[2], &look->steps.offset) &&
	       mysql_look_read_number(row[3], &look->steps.global_increment) &&
	       mysql_look_read_number(row[4], &look->steps.global_offset) &&
	       mysql_look_read_number(row[5], &look->last_id) && look->steps.increment > 0;
}

enum store_result
mysql_take_numbers(struct store_session *session, struct mysql_look *look, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	unsigned columns = rows != NULL ? mysql_num_fields(rows) : 0;
	MYSQL_ROW row;
	bool is_read;

	if (rows == NULL && mysql_errno(&session->mysql) != 0)
		return mysql_session_error(session, reason);
	row = columns >= COLUMNS ? mysql_fetch_row(rows) : NULL;
	is_read = row != NULL && mysql_look_read(row, columns, look);
	mysql_free_result(rows);
	if (is_read)
		return STORE_OK;
	text_add(reason, "the server did not send its auto_increment_increment");
	return STORE_FAILED;
}

/*
 * Set the session's next number and fingerprint from DEFINITION, as SHOW CREATE TABLE prints it. The fingerprint
 * leaves out the next number, and is never 0. If DEFINITION has no next number, set 0.
 */
static void
mysql_look_read_definition(struct store_session *session, const char *definition)
{
	const char *option = strstr(definition, AUTO_INCREMENT), *digits = option;
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	size_t len = 0;

	session->next = 0;
	if (option != NULL) {
		digits += strlen(AUTO_INCREMENT);
		len = strspn(digits, "0123456789");
		(void)!parse_number(digits, len, UINT64_MAX, &session->next);
	}
	for (const char *c = definition; *c != '\0'; c++) {
		if (c == option)
			c = digits + len;
		if (*c == '\0')
			break;
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	}
	session->definition = hash != 0 ? hash : 1;
}

static enum store_result
mysql_look_take_definition(struct store_session *session, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	MYSQL_ROW row;

	if (rows == NULL)
		return mysql_session_error(session, reason);
	row = mysql_num_fields(rows) > 1 ? mysql_fetch_row(rows) : NULL;
	session->definition = 0;
	session->next = 0;
	if (row != NULL && row[1] != NULL)
		mysql_look_read_definition(session, row[1]);
	mysql_free_result(rows);
	return STORE_OK;
}

enum store_result
mysql_take_look(struct store_session *session, struct mysql_look *look, struct text *reason)
{
	enum store_result result = mysql_take_numbers(session, look, reason);

	if (result != STORE_OK || !session->asks_definition)
		return result;
	if (mysql_next_result(&session->mysql) != 0)
		return mysql_session_error(session, reason);
	return mysql_look_take_definition(session, reason);
}

/* --- a server that is read-only --------------------------------------------------------------- */

enum store_result
mysql_explain_read_only(struct text *reason)
{
	text_add(reason, "the server is read-only (read_only is set): another server is the master "
			 "now, or a proxy sends reads to a replica, which tickrd does not support");
	return STORE_UNREADY;
}

enum store_result
mysql_check_writable(struct store_session *session, struct text *reason)
{
	uint64_t is_writable = 0;
	bool found;
	enum store_result result = mysql_session_numbers(session, "SELECT " MYSQL_IS_WRITABLE,
							 &is_writable, 1, &found, reason);

	if (result != STORE_OK || is_writable)
		return result;
	return mysql_explain_read_only(reason);
}

/* --- judging ---------------------------------------------------------------------------------- */

/*
 * Return STORE_LOST if the steps of the server or of the session changed. A session keeps its own steps, which
 * init_connect may have set. In Galera a session follows its server, and each statement is preceded by a look.
 */
static enum store_result
mysql_look_judge_steps(const struct store_session *session, const struct mysql_steps *now,
		       struct text *reason)
{
	const struct mysql_steps *was = &session->steps;
	bool are_same = session->is_elastic ? now->increment == now->global_increment &&
						      now->offset == now->global_offset
					    : memcmp(now, was, sizeof(*now)) == 0;

	if (are_same)
		return STORE_OK;
	text_addf(reason,
		  "auto_increment_increment and _offset of the server changed from %" PRIu64
		  " and %" PRIu64 " to %" PRIu64 " and %" PRIu64
		  ": this session still counts by the old ones",
		  was->global_increment, was->global_offset, now->global_increment,
		  now->global_offset);
	return STORE_LOST;
}

static enum store_result
mysql_look_judge_layout(struct store_session *session, struct text *reason)
{
	enum mysql_layout layout = session->layout;
	bool has_table_locks = session->has_table_locks;
	enum mysql_finding finding;
	enum store_result result = mysql_layout_find(session, &finding, reason);

	if (result != STORE_OK)
		return result;
	if (finding != FOUND_IT)
		return STORE_REFUSED;
	if (session->layout == layout && session->has_table_locks == has_table_locks) {
		session->known_definition = session->definition;
		return STORE_OK;
	}
	text_add(reason,
		 "the table `tickets` was altered, and now needs other statements to reserve");
	return STORE_LOST;
}

enum store_result
mysql_judge_look(struct store_session *session, const struct mysql_look *look, struct text *reason)
{
	enum store_result result;

	if (look->is_read_only)
		return mysql_explain_read_only(reason);
	result = mysql_look_judge_steps(session, &look->steps, reason);
	if (result != STORE_OK)
		return result;
	/* A new definition may fit too. If the user may not see it, check the layout now and then. */
	if (session->sees_definition) {
		if (session->definition == session->known_definition)
			return STORE_OK;
	} else {
		uint64_t now_us = clock_us();

		if (now_us - session->asked_us < LAYOUT_EVERY_US)
			return STORE_OK;
		session->asked_us = now_us;
	}
	return mysql_look_judge_layout(session, reason);
}

enum store_result
mysql_check_allocation(const struct mysql_look *look, uint64_t id, struct text *reason)
{
	if (look->last_id == id)
		return STORE_OK;
	text_addf(reason,
		  "a row of `tickets` got the id %" PRIu64
		  ", which AUTO_INCREMENT did not allocate: drop the trigger that sets ids",
		  id);
	return STORE_REFUSED;
}

enum store_result
mysql_look(struct store_session *session, const char *sql, struct mysql_look *look,
	   struct text *reason)
{
	char packet[512];
	struct text both = TEXT_OVER(packet);
	enum store_result result;

	text_add(&both, sql);
	if (session->sees_definition)
		text_add(&both, LOOK_TWO);
	session->asks_definition = session->sees_definition;
	if (mysql_real_query(&session->mysql, packet, both.len) != 0)
		return mysql_session_error(session, reason);
	result = mysql_take_look(session, look, reason);
	return result == STORE_OK ? mysql_judge_look(session, look, reason) : result;
}

/* --- the first look ----------------------------------------------------------------------------- */

static void
mysql_look_read_variable(void *arg, MYSQL_ROW row)
{
	struct store_session *session = arg;
	bool is_on = row[1] != NULL && strcmp(row[1], "ON") == 0;

	if (strcasecmp(row[0], "wsrep_on") == 0)
		session->is_galera = is_on;
	else if (strcasecmp(row[0], "wsrep_auto_increment_control") == 0)
		session->is_elastic = is_on;
	else if (!mysql_look_read_number(row[1], &session->max_packet))
		session->max_packet = 0;
}

enum store_result
mysql_read_server(struct store_session *session, struct text *reason)
{
	static const char sql[] =
		"SHOW VARIABLES WHERE Variable_name IN "
		"('wsrep_on', 'wsrep_auto_increment_control', 'max_allowed_packet')";
	enum store_result result =
		mysql_session_query(session, sql, mysql_look_read_variable, session, reason);

	session->is_elastic = session->is_elastic && session->is_galera;
	return result;
}

/*
 * Prepare the look, if the server can execute it with a literal and has room for it. Otherwise each look is sent
 * as text. MariaDB can; MySQL needs user variables, each of which would be another statement.
 */
static enum store_result
mysql_look_prepare(struct store_session *session)
{
	static const char sql[] = "PREPARE tickr_look FROM '" LOOK_ONE(
		"?") "';"
		     "EXECUTE tickr_look USING 0;"
		     "PREPARE tickr_look FROM '" LOOK_ONE("0") "'";
	char memory[256];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result = mysql_session_run(session, sql, &ignored);

	session->is_prepared = result == STORE_OK;
	return result == STORE_LOST ? STORE_LOST : STORE_OK;
}

/* Read the definition, if there is a table and the user may see it. The caller checks the layout next. */
static enum store_result
mysql_look_find_definition(struct store_session *session, struct text *reason)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (mysql_query(&session->mysql, &LOOK_TWO[1]) == 0) {
		session->sees_definition = true;
		return mysql_look_take_definition(session, reason);
	}
	if (mysql_session_error(session, &problem) == STORE_REFUSED)
		return STORE_OK;
	return mysql_session_error(session, reason);
}

enum store_result
mysql_look_first(struct store_session *session, struct text *reason)
{
	struct mysql_look look;
	enum store_result result = mysql_read_server(session, reason);

	if (result == STORE_OK)
		result = mysql_look_prepare(session);
	if (result == STORE_OK && mysql_query(&session->mysql, LOOK_ONE("0")) != 0)
		result = mysql_session_error(session, reason);
	if (result == STORE_OK)
		result = mysql_take_numbers(session, &look, reason);
	if (result != STORE_OK)
		return result;
	session->steps = look.steps;
	session->asked_us = clock_us(); /* the caller checks the layout next */
	result = mysql_judge_look(session, &look, reason);
	if (result == STORE_OK)
		result = mysql_look_find_definition(session, reason);
	session->known_definition = session->definition;
	return result;
}
