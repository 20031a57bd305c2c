#include <ctype.h>
#include <inttypes.h>
#include <mysqld_error.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/parse.h"
#include "store/mysql_layout.h"
#include "store/mysql_look.h"

#define COLUMNS		7		   /* of LOOK_ONE */
#define LAYOUT_EVERY_US 250000		   /* for a user who may not see the definition */
#define AUTO_INCREMENT	" AUTO_INCREMENT=" /* an option of the table, which moves with each row */

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
read_number(const char *value, uint64_t *number)
{
	return value != NULL && parse_number(value, strlen(value), UINT64_MAX, number);
}

/* MariaDB 12 has more words than ON and OFF: whatever is neither 0 nor OFF forbids writing. */
static bool
is_off(const char *value)
{
	return value != NULL && (strcmp(value, "0") == 0 || strcasecmp(value, "OFF") == 0);
}

static bool
read_look(MYSQL_ROW row, unsigned columns, struct mysql_look *look)
{
	if (columns == COLUMNS || !read_number(row[COLUMNS], &look->advances))
		look->advances = 0;
	look->has_base = read_number(row[0], &look->base);
	look->is_read_only = !is_off(row[COLUMNS - 1]);
	return read_number(row[1], &look->steps.increment) &&
	       read_number(row[2], &look->steps.offset) &&
	       read_number(row[3], &look->steps.global_increment) &&
	       read_number(row[4], &look->steps.global_offset) &&
	       read_number(row[5], &look->last_id) && look->steps.increment > 0;
}

enum store_result
mysql_take_numbers(struct store_session *session, struct mysql_look *look, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	unsigned columns = rows != NULL ? mysql_num_fields(rows) : 0;
	MYSQL_ROW row;
	bool is_read;

	if (rows == NULL && mysql_errno(&session->mysql) != 0)
		return session_error(session, reason);
	row = columns >= COLUMNS ? mysql_fetch_row(rows) : NULL;
	is_read = row != NULL && read_look(row, columns, look);
	mysql_free_result(rows);
	if (is_read)
		return STORE_OK;
	text_add(reason, "the server did not tell its auto_increment_increment");
	return STORE_FAILED;
}

/* A number for DEFINITION, as SHOW CREATE TABLE prints it, but for the option that moves. Never 0. */
static uint64_t
fingerprint(const char *definition)
{
	const char *moves = strstr(definition, AUTO_INCREMENT);
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *c = definition; *c != '\0'; c++) {
		if (c == moves)
			for (c += strlen(AUTO_INCREMENT); isdigit((unsigned char)*c); c++)
				;
		if (*c == '\0')
			break;
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	}
	return hash != 0 ? hash : 1;
}

/* The number that AUTO_INCREMENT would allocate next, by DEFINITION; 0: it does not say. */
static uint64_t
read_next(const char *definition)
{
	const char *digits = strstr(definition, AUTO_INCREMENT);
	uint64_t next = 0;
	size_t len = 0;

	if (digits == NULL)
		return 0;
	digits += strlen(AUTO_INCREMENT);
	while (isdigit((unsigned char)digits[len]))
		len++;
	return parse_number(digits, len, UINT64_MAX, &next) ? next : 0;
}

static enum store_result
take_definition(struct store_session *session, struct text *reason)
{
	MYSQL_RES *rows = mysql_store_result(&session->mysql);
	MYSQL_ROW row;

	if (rows == NULL)
		return session_error(session, reason);
	row = mysql_num_fields(rows) > 1 ? mysql_fetch_row(rows) : NULL;
	session->definition = row != NULL && row[1] != NULL ? fingerprint(row[1]) : 0;
	session->next = row != NULL && row[1] != NULL ? read_next(row[1]) : 0;
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
		return session_error(session, reason);
	return take_definition(session, reason);
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
	enum store_result result = session_numbers(session, "SELECT " MYSQL_IS_WRITABLE,
						   &is_writable, 1, &found, reason);

	if (result != STORE_OK || is_writable)
		return result;
	return mysql_explain_read_only(reason);
}

/* --- judging ---------------------------------------------------------------------------------- */

static void
explain_steps(const struct mysql_steps *was, const struct mysql_steps *is, struct text *reason)
{
	text_addf(reason,
		  "auto_increment_increment and _offset of the server changed from %" PRIu64
		  " and %" PRIu64 " to %" PRIu64 " and %" PRIu64
		  ": this session still counts by the old ones",
		  was->global_increment, was->global_offset, is->global_increment,
		  is->global_offset);
}

/*
 * A session keeps its steps, and init_connect may have given it others than the server's. So what
 * counts is a change of either. In Galera a session follows its server, and its statement looks at
 * the steps before it, too.
 */
static enum store_result
judge_steps(const struct store_session *session, const struct mysql_steps *now, struct text *reason)
{
	const struct mysql_steps *was = &session->steps;
	bool are_same = session->is_elastic ? now->increment == now->global_increment &&
						      now->offset == now->global_offset
					    : memcmp(now, was, sizeof(*now)) == 0;

	if (are_same)
		return STORE_OK;
	explain_steps(was, now, reason);
	return STORE_LOST;
}

/*
 * Whether the definition is another than before, which may still be good. Who cannot see it looks at the
 * layout now and then, which takes some round trips.
 */
static bool
needs_layout(struct store_session *session)
{
	uint64_t now_us = clock_us();

	if (session->sees_definition)
		return session->definition != session->known_definition;
	if (now_us - session->asked_us < LAYOUT_EVERY_US)
		return false;
	session->asked_us = now_us;
	return true;
}

static enum store_result
judge_layout(struct store_session *session, struct text *reason)
{
	enum mysql_layout layout = session->layout;
	bool has_table_locks = session->has_table_locks;
	enum mysql_finding finding;
	enum store_result result = layout_find(session, &finding, reason);

	if (result != STORE_OK)
		return result;
	if (finding != FOUND_IT)
		return STORE_REFUSED;
	if (session->layout == layout && session->has_table_locks == has_table_locks) {
		session->known_definition = session->definition;
		return STORE_OK;
	}
	text_add(reason,
		 "the table `tickets` was altered, and is reserved from in another way now");
	return STORE_LOST;
}

enum store_result
mysql_judge_look(struct store_session *session, const struct mysql_look *look, struct text *reason)
{
	enum store_result result;

	if (look->is_read_only)
		return mysql_explain_read_only(reason);
	result = judge_steps(session, &look->steps, reason);
	if (result != STORE_OK || !needs_layout(session))
		return result;
	return judge_layout(session, reason);
}

enum store_result
mysql_check_allocation(const struct mysql_look *look, uint64_t id, struct text *reason)
{
	if (look->last_id == id)
		return STORE_OK;
	text_addf(reason,
		  "a row of `tickets` got the id %" PRIu64
		  ", which AUTO_INCREMENT did not allocate: a trigger sets ids; drop it",
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
		return session_error(session, reason);
	result = mysql_take_look(session, look, reason);
	return result == STORE_OK ? mysql_judge_look(session, look, reason) : result;
}

/* --- the first look ----------------------------------------------------------------------------- */

static void
read_variable(void *arg, MYSQL_ROW row)
{
	struct store_session *session = arg;
	bool is_on = row[1] != NULL && strcmp(row[1], "ON") == 0;

	if (strcasecmp(row[0], "wsrep_on") == 0)
		session->is_galera = is_on;
	else if (strcasecmp(row[0], "wsrep_auto_increment_control") == 0)
		session->is_elastic = is_on;
	else if (!read_number(row[1], &session->max_packet))
		session->max_packet = 0;
}

enum store_result
mysql_read_server(struct store_session *session, struct text *reason)
{
	static const char sql[] =
		"SHOW VARIABLES WHERE Variable_name IN "
		"('wsrep_on', 'wsrep_auto_increment_control', 'max_allowed_packet')";
	enum store_result result = session_query(session, sql, read_variable, session, reason);

	session->is_elastic = session->is_elastic && session->is_galera;
	return result;
}

/*
 * MariaDB executes with a literal; MySQL only with user variables, each of which would be a statement
 * more. Where a server does not, or has no room for prepared statements, all is sent as text.
 */
static enum store_result
prepare_look(struct store_session *session)
{
	static const char sql[] = "PREPARE tickr_look FROM '" LOOK_ONE(
		"?") "';"
		     "EXECUTE tickr_look USING 0;"
		     "PREPARE tickr_look FROM '" LOOK_ONE("0") "'";
	char memory[256];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result = session_run(session, sql, &ignored);

	session->is_prepared = result == STORE_OK;
	return result == STORE_LOST ? STORE_LOST : STORE_OK;
}

/* There may be no table yet, or no right to see its definition: the layout is looked at next. */
static enum store_result
find_definition(struct store_session *session, struct text *reason)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (mysql_query(&session->mysql, &LOOK_TWO[1]) == 0) {
		session->sees_definition = true;
		return take_definition(session, reason);
	}
	if (session_error(session, &problem) == STORE_REFUSED)
		return STORE_OK;
	return session_error(session, reason);
}

enum store_result
mysql_look_first(struct store_session *session, struct text *reason)
{
	struct mysql_look look;
	enum store_result result = mysql_read_server(session, reason);

	if (result == STORE_OK)
		result = prepare_look(session);
	if (result == STORE_OK && mysql_query(&session->mysql, LOOK_ONE("0")) != 0)
		result = session_error(session, reason);
	if (result == STORE_OK)
		result = mysql_take_numbers(session, &look, reason);
	if (result != STORE_OK)
		return result;
	session->steps = look.steps;
	session->asked_us = clock_us(); /* the layout is looked at next */
	result = mysql_judge_look(session, &look, reason);
	if (result == STORE_OK)
		result = find_definition(session, reason);
	session->known_definition = session->definition;
	return result;
}
