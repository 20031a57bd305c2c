#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "store/mysql_session.h"
#include "store/mysql_tls.h"

/* Server errors that mean the connection is gone or going, whatever its vendor calls them. */
#define CONNECTION_KILLED	   1927 /* MariaDB */
#define STATEMENT_TIMEOUT_MARIADB  1969 /* max_statement_time */
#define STATEMENT_TIMEOUT_MYSQL	   3024 /* max_execution_time */
#define CLIENT_INTERACTION_TIMEOUT 4031 /* MySQL 8: closed for idleness */

/* The engine's own number, which comes through as it is. */
#define AUTOINC_OUT_OF_RANGE 167

static bool
is_client_error(unsigned number)
{
	return number >= CR_MIN_ERROR && number < 3000;
}

static enum store_result
classify(unsigned number)
{
	if (number == CR_SSL_CONNECTION_ERROR)
		return STORE_REFUSED;
	if (is_client_error(number))
		return STORE_LOST;
	switch (number) {
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_LOCK_DEADLOCK: return STORE_BUSY;
	case ER_DUP_ENTRY: return STORE_BUSY; /* the counter was moved in the midst of an insert */
	case ER_SERVER_SHUTDOWN:
	case ER_QUERY_INTERRUPTED:
	case ER_NEW_ABORTING_CONNECTION:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case CONNECTION_KILLED:
	case STATEMENT_TIMEOUT_MARIADB:
	case STATEMENT_TIMEOUT_MYSQL:
	case CLIENT_INTERACTION_TIMEOUT: return STORE_LOST;
	/* Not run: this server has it no more, or cannot hold on to it. A fresh session prepares it. */
	case ER_UNKNOWN_STMT_HANDLER:
	case ER_NEED_REPREPARE: return STORE_LOST;
	case ER_UNKNOWN_COM_ERROR:	   /* a Galera node outside its cluster */
	case ER_ERROR_DURING_COMMIT:	   /* the same, while it leaves it */
	case ER_OPTION_PREVENTS_STATEMENT: /* read_only: another one is the master now */
	case ER_READ_ONLY_MODE: return STORE_UNREADY;
	case ER_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_BAD_DB_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_NO_SUCH_TABLE: return STORE_REFUSED;
	case ER_AUTOINC_READ_FAILED:
	case AUTOINC_OUT_OF_RANGE:
	case ER_WARN_DATA_OUT_OF_RANGE:
	case ER_DATA_OUT_OF_RANGE: return STORE_EXHAUSTED;
	default: return STORE_FAILED;
	}
}

/* What an operator can do about an error of the server's; "" when there is nothing to say. */
static const char *
advice_on(unsigned number)
{
	switch (number) {
	case ER_BAD_DB_ERROR: return "; run tickrd createdb, or set TICKR_DATABASE_NAME to another";
	case ER_ACCESS_DENIED_ERROR:
		return "; check TICKR_DATABASE_USERNAME and TICKR_DATABASE_PASSWORD";
	case ER_DBACCESS_DENIED_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
		return "; give this user the rights that the README lists (GRANT)";
	case ER_MAX_PREPARED_STMT_COUNT_REACHED:
		return "; raise max_prepared_stmt_count of the database";
	default: return "";
	}
}

static enum store_result
explain(unsigned number, const char *words, struct text *reason)
{
	text_addf(reason, "%s (error %u)%s", words, number, advice_on(number));
	return classify(number);
}

enum store_result
session_error(struct store_session *session, struct text *reason)
{
	return explain(mysql_errno(&session->mysql), mysql_error(&session->mysql), reason);
}

enum store_result
session_statement_error(MYSQL_STMT *statement, struct text *reason)
{
	return explain(mysql_stmt_errno(statement), mysql_stmt_error(statement), reason);
}

static void
set_options(struct store_session *session)
{
	MYSQL *mysql = &session->mysql;
	const struct store_settings *settings = session->settings;
	unsigned tcp = MYSQL_PROTOCOL_TCP;
	unsigned no_local_infile = 0;

	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &settings->connect_timeout_s);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &settings->query_timeout_s);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &settings->query_timeout_s);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_local_infile);
	if (settings->is_tcp)
		mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp);
}

static void
add_address(const struct store_settings *settings, struct text *text)
{
	if (settings->socket[0] != '\0')
		text_add(text, settings->socket);
	else if (settings->is_tcp)
		text_addf(text, "%s port %u", settings->host, settings->port);
	else
		text_add(text, settings->host);
}

/* What this process relies on, whatever the server's defaults are. */
static enum store_result
prepare(struct store_session *session, struct text *reason)
{
	char sql[256];
	unsigned wait_s = (session->settings->query_timeout_s + 1) / 2;

	/* A lock time-out below the query time-out is an answer; above it, a lost session. */
	snprintf(sql, sizeof(sql),
		 "SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES', "
		 "innodb_lock_wait_timeout = %u, lock_wait_timeout = %u",
		 wait_s, wait_s);
	return session_run(session, sql, reason);
}

enum store_result
session_connect(struct store_session *session, const struct store_settings *settings,
		const char *database, struct text *reason)
{
	bool wants_tls;

	memset(session, 0, sizeof(*session));
	session->settings = settings;
	mysql_init(&session->mysql);
	set_options(session);
	wants_tls = mysql_tls_begin(&session->mysql, settings);
	if (mysql_real_connect(&session->mysql, settings->socket[0] != '\0' ? NULL : settings->host,
			       settings->user, settings->password, database, settings->port,
			       settings->socket[0] != '\0' ? settings->socket : NULL,
			       CLIENT_MULTI_STATEMENTS) == NULL) {
		text_add(reason, "cannot connect to ");
		add_address(settings, reason);
		text_add(reason, ": ");
		return session_error(session, reason);
	}
	if (wants_tls && mysql_get_ssl_cipher(&session->mysql) == NULL) {
		text_add(reason, "the connection has no TLS, and TICKR_DATABASE_SSL_* asks for it");
		return STORE_REFUSED;
	}
	return prepare(session, reason);
}

void
session_disconnect(struct store_session *session)
{
	if (session->move != NULL)
		mysql_stmt_close(session->move);
	mysql_close(&session->mysql);
	free(session->insert);
}

/* Read and drop whatever statements after the first one bring. */
static enum store_result
finish(struct store_session *session, struct text *reason)
{
	int next;

	while ((next = mysql_next_result(&session->mysql)) == 0)
		mysql_free_result(mysql_store_result(&session->mysql));
	return next < 0 ? STORE_OK : session_error(session, reason);
}

enum store_result
session_run(struct store_session *session, const char *sql, struct text *reason)
{
	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return session_error(session, reason);
	mysql_free_result(mysql_store_result(&session->mysql));
	return finish(session, reason);
}

enum store_result
session_query(struct store_session *session, const char *sql, session_row_fn *read, void *arg,
	      struct text *reason)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;

	if (mysql_real_query(&session->mysql, sql, strlen(sql)) != 0)
		return session_error(session, reason);
	rows = mysql_store_result(&session->mysql);
	if (rows == NULL)
		return session_error(session, reason);
	while ((row = mysql_fetch_row(rows)) != NULL)
		read(arg, row);
	mysql_free_result(rows);
	return finish(session, reason);
}

struct numbers {
	uint64_t *to;
	unsigned count;
	bool found;
};

static void
read_numbers(void *arg, MYSQL_ROW row)
{
	struct numbers *numbers = arg;

	numbers->found = true;
	for (unsigned i = 0; i < numbers->count; i++)
		if (row[i] == NULL ||
		    !parse_number(row[i], strlen(row[i]), UINT64_MAX, &numbers->to[i]))
			numbers->found = false;
}

enum store_result
session_numbers(struct store_session *session, const char *sql, uint64_t *to, unsigned count,
		bool *found, struct text *reason)
{
	struct numbers numbers = {to, count, false};
	enum store_result result = session_query(session, sql, read_numbers, &numbers, reason);

	*found = numbers.found;
	return result;
}
