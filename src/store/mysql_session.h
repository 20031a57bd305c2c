/*
 * mysql_session -- one connection to MySQL or MariaDB, and how its errors are read.
 *
 * Used by the mysql store's files only; belongs to the thread that opened it. Only
 * blocking calls that both vendors' client libraries have.
 */
#ifndef TICKR_STORE_MYSQL_SESSION_H
#define TICKR_STORE_MYSQL_SESSION_H

#include <mysql.h>

#include "base/random.h"
#include "store/mysql_settings.h"
#include "store/store.h"

enum mysql_layout {
	LAYOUT_APPEND,	/* a row for each number, AUTO_INCREMENT */
	LAYOUT_STUB,	/* one row, replaced again and again, AUTO_INCREMENT */
	LAYOUT_COUNTER, /* one row, updated */
};

#define ENGINE_SIZE 32
/* auto_increment_increment and _offset: those of the session and those that new sessions would have. */
struct mysql_steps {
	uint64_t increment;
	uint64_t offset;
	uint64_t global_increment;
	uint64_t global_offset;
};

struct store_session {
	MYSQL mysql;
	const struct store_settings *settings;

	enum mysql_layout layout;
	char engine[ENGINE_SIZE];
	uint64_t last_id;	  /* the highest number that the id can hold; 0: not known */
	bool has_table_locks;	  /* the engine runs one writing statement at a time */
	struct mysql_steps steps; /* as this session saw them last */
	bool is_galera;		  /* a node of a cluster */
	bool is_elastic;	  /* whose steps change under a session as nodes come and go */
	uint64_t max_packet;	  /* max_allowed_packet; 0: not known */
	uint64_t newest;	  /* what newest() found last; 0: it was not asked */
	uint64_t prune_from;	  /* no row below it is left to prune; 0: not known */

	bool is_prepared; /* the look, and the counter layout's statement if it was sent */
	bool is_move_prepared;
	bool has_checked_move;	   /* what the counter layout's statement says was seen to be so */
	bool sees_definition;	   /* the user may ask for the table's definition */
	bool asks_definition;	   /* the last look asked for it */
	uint64_t asked_us;	   /* when a look asked for it last, by clock_us(); 0: never */
	uint64_t definition;	   /* a fingerprint of it, from the last look; 0: not seen */
	uint64_t next;		   /* AUTO_INCREMENT in it; 0: it did not say */
	uint64_t known_definition; /* of the one that was found good */

	char identity[RANDOM_ID_SIZE]; /* of the database; "" for none */
	uint64_t advances;	       /* as newest() found them last */

	char *insert; /* a statement for INSERT_ROWS rows; shorter ones are its beginnings */
	uint32_t insert_rows;

	bool is_new;			   /* createdb has made the table of tickets */
	struct mysql_sequences *sequences; /* of a session of named sequences; NULL: none */
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
