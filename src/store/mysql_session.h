/*
 * mysql_session -- one connection to MySQL or MariaDB, and how its errors are read.
 *
 * Used by the mysql store's files only; belongs to the thread that opened it. Only
 * blocking calls that both vendors' client libraries have.
 */
#ifndef TICKR_STORE_MYSQL_SESSION_H
#define TICKR_STORE_MYSQL_SESSION_H

#include <mysql.h>

#include "store/store.h"

enum mysql_layout {
	LAYOUT_APPEND,	/* a row for each number, AUTO_INCREMENT */
	LAYOUT_STUB,	/* one row, replaced again and again, AUTO_INCREMENT */
	LAYOUT_COUNTER, /* one row, updated */
};

#define ENGINE_SIZE 32

struct store_session {
	MYSQL mysql;
	const struct store_settings *settings;

	enum mysql_layout layout;
	char engine[ENGINE_SIZE];
	bool has_table_locks; /* the engine runs one writing statement at a time */
	uint64_t increment;   /* auto_increment_increment, as this session saw it last */
	uint64_t offset;      /* auto_increment_offset, the same */
	bool is_galera;	      /* whose nodes change the step under a session */
	uint64_t newest;      /* what newest() found last; 0: it was not asked */
	uint64_t prune_from;  /* no row below it is left to prune; 0: not known */

	char *insert; /* a statement for INSERT_ROWS rows; shorter ones are its beginnings */
	uint32_t insert_rows;

	MYSQL_STMT *move; /* the counter layout's statement, prepared; NULL: not in this session */
	uint32_t move_by; /* its parameter: the statement reads it here */
};

/*
 * Connect to SETTINGS' server; DATABASE may be NULL for none. Whatever comes of it:
 * session_disconnect().
 */
enum store_result session_connect(struct store_session *session,
				  const struct store_settings *settings, const char *database,
				  struct text *reason) MUST_CHECK;
void session_disconnect(struct store_session *session);

/* The last error as a result, with its number and text in REASON. */
enum store_result session_error(struct store_session *session, struct text *reason);

/* The same of the last error of STATEMENT, which is one of this session's. */
enum store_result session_statement_error(MYSQL_STMT *statement, struct text *reason);

/* Run a statement, or several with semicolons between, that bring no rows we want. */
enum store_result session_run(struct store_session *session, const char *sql,
			      struct text *reason) MUST_CHECK;

/* Run a query and hand each of its rows to READ, which may not keep it. */
typedef void session_row_fn(void *arg, MYSQL_ROW row);
enum store_result session_query(struct store_session *session, const char *sql,
				session_row_fn *read, void *arg, struct text *reason) MUST_CHECK;

/* A query for one row of COUNT numbers into NUMBERS. *FOUND: there was a row without NULL. */
enum store_result session_numbers(struct store_session *session, const char *sql, uint64_t *numbers,
				  unsigned count, bool *found, struct text *reason) MUST_CHECK;

#endif
