#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "store/mysql_error.h"
#include "store/mysql_session.h"
#include "store/mysql_tls.h"

enum store_result
mysql_session_error(struct store_session *session, struct text *reason)
{
	unsigned number = mysql_errno(&session->mysql);
	const char *words = mysql_error(&session->mysql);
	enum store_result result = mysql_is_at_end(number, words, session->last_id)
					   ? STORE_EXHAUSTED
					   : mysql_classify(number, words);

	text_addf(reason, "%s (error %u)", words, number);
	if (result == STORE_EXHAUSTED)
		text_add(reason,
			 "; the ids of the table `tickets` are exhausted: serve from another "
			 "node");
	mysql_add_advice(number, reason);
	return result;
}

static void
mysql_session_set_options(struct store_session *session)
{
	MYSQL *mysql = &session->mysql;
	const struct store_settings *settings = session->settings;
	const struct mysql_settings *own = settings->own;
	unsigned tcp = MYSQL_PROTOCOL_TCP;
	unsigned no_local_infile = 0;

	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &settings->connect_timeout_s);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &settings->query_timeout_s);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &settings->query_timeout_s);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_local_infile);
	if (own->server.is_tcp)
		mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp);
}

/*
 * Settings that the statements rely on, whatever the defaults of the server are. A lock time-out below the query
 * time-out is an answer; above it, the session would be lost. The comments hold settings of one vendor: MySQL from
 * 5.7.8 on, and MariaDB. Replication by statements and Group Replication both allow REPEATABLE READ.
 */
#define SETTINGS                                                                    \
	"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE;"      \
	"SET SESSION autocommit = 1, completion_type = 0, foreign_key_checks = 1, " \
	"sql_auto_is_null = 0, sql_big_selects = 1, sql_safe_updates = 0, "         \
	"sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "                   \
	"sql_select_limit = 18446744073709551615, unique_checks = 1, "              \
	"wait_timeout = 28800, character_set_client = utf8mb4, "                    \
	"character_set_connection = utf8mb4, character_set_results = utf8mb4, "     \
	"innodb_lock_wait_timeout = %u, lock_wait_timeout = %u"                     \
	"/*!50708 , max_execution_time = 0 *//*M!100101 , max_statement_time = 0 */"

enum store_result
mysql_session_connect(struct store_session *session, const struct store_settings *settings,
		      const char *database, struct text *reason)
{
	const struct mysql_settings *own = settings->own;
	const struct server_address *address = &own->server.address;
	unsigned wait_s = (settings->query_timeout_s + 1) / 2;
	char sql[sizeof(SETTINGS) + 32];
	bool wants_tls;

	memset(session, 0, sizeof(*session));
	session->settings = settings;
	mysql_init(&session->mysql);
	mysql_session_set_options(session);
	if (!mysql_tls_check(own, reason))
		return STORE_REFUSED;
	wants_tls = mysql_tls_begin(&session->mysql, own);
	if (mysql_real_connect(&session->mysql, address->socket[0] != '\0' ? NULL : address->host,
			       own->server.user, own->server.password, database, address->port,
			       address->socket[0] != '\0' ? address->socket : NULL,
			       CLIENT_MULTI_STATEMENTS) == NULL) {
		text_addf(reason, "cannot connect to %s: ", own->server.label);
		return mysql_session_error(session, reason);
	}
	if (wants_tls && mysql_get_ssl_cipher(&session->mysql) == NULL) {
		text_add(reason, "the connection has no TLS, and TICKR_DATABASE_SSL_* asks for it");
		return STORE_REFUSED;
	}
	snprintf(sql, sizeof(sql), SETTINGS, wait_s, wait_s);
	return mysql_session_run(session, sql, reason);
}

void
mysql_session_disconnect(struct store_session *session)
{
	mysql_close(&session->mysql);
	free(session->insert);
}

/* Read and drop the results of the statements after the first one. */
static enum store_result
mysql_session_finish(struct store_session *session, struct text *reason)
{
	int next;

	while ((next = mysql_next_result(&session->mysql)) == 0)
		mysql_free_result(mysql_store_result(&session->mysql));
	return next < 0 ? STORE_OK : mysql_session_error(session, reason);
}

enum store_result
mysql_session_run(struct store_session *session, const char *sql, struct text *reason)
{
	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return mysql_session_error(session, reason);
	mysql_free_result(mysql_store_result(&session->mysql));
	return mysql_session_finish(session, reason);
}

enum store_result
mysql_session_query(struct store_session *session, const char *sql, mysql_session_row_fn *read,
		    void *arg, struct text *reason)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;

	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return mysql_session_error(session, reason);
	rows = mysql_store_result(&session->mysql);
	if (rows == NULL)
		return mysql_session_error(session, reason);
	while ((row = mysql_fetch_row(rows)) != NULL)
		read(arg, row);
	mysql_free_result(rows);
	return mysql_session_finish(session, reason);
}

struct numbers {
	uint64_t *to;
	unsigned count;
	bool found;
};

static void
mysql_session_read_numbers(void *arg, MYSQL_ROW row)
{
	struct numbers *numbers = arg;

	numbers->found = true;
	for (unsigned i = 0; i < numbers->count; i++)
		if (row[i] == NULL ||
		    !parse_number(row[i], strlen(row[i]), UINT64_MAX, &numbers->to[i]))
			numbers->found = false;
}

enum store_result
mysql_session_numbers(struct store_session *session, const char *sql, uint64_t *to, unsigned count,
		      bool *found, struct text *reason)
{
	struct numbers numbers = {to, count, false};
	enum store_result result =
		mysql_session_query(session, sql, mysql_session_read_numbers, &numbers, reason);

	*found = numbers.found;
	return result;
}
