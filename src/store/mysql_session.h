/*
 * mysql_session -- one connection to MySQL or MariaDB, and the results of its errors.
 *
 * For the files of the mysql store only. A session belongs to the thread that opened it. It uses only the blocking
 * calls that the client libraries of both vendors have.
 */
#ifndef TICKR_STORE_MYSQL_SESSION_H
#define TICKR_STORE_MYSQL_SESSION_H

#include <mysql.h>

#include "base/random.h"
#include "store/mysql_settings.h"
#include "store/store.h"

enum mysql_layout {
	LAYOUT_APPEND,	/* a row for each number, AUTO_INCREMENT */
	LAYOUT_STUB,	/* one row, replaced each time, AUTO_INCREMENT */
	LAYOUT_COUNTER, /* one row, updated */
};

#define ENGINE_SIZE 32

/* auto_increment_increment and _offset of the session, and the global ones that new sessions get. */
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
	bool has_table_locks;	  /* the engine runs one statement that writes at a time */
	struct mysql_steps steps; /* from the last look */
	bool is_galera;		  /* a node of a cluster */
	bool is_elastic;	  /* Galera changes the steps as nodes join and leave */
	uint64_t max_packet;	  /* max_allowed_packet; 0: not known */
	uint64_t newest;	  /* the base that newest() read last; 0: none */
	uint64_t prune_from;	  /* the rows below it are pruned; 0: not known */

	bool is_prepared; /* the look is prepared, and the server can prepare more */
	bool is_move_prepared;
	bool has_checked_move;	   /* the row held the number that the first statement named */
	bool sees_definition;	   /* the user may ask for the table's definition */
	bool asks_definition;	   /* the last look asked for it */
	uint64_t asked_us;	   /* when a look asked for it last, by clock_us(); 0: never */
	uint64_t definition;	   /* its fingerprint, from the last look; 0: not seen */
	uint64_t next;		   /* the AUTO_INCREMENT in it; 0: it has none */
	uint64_t known_definition; /* the fingerprint of the one that fits */

	char identity[RANDOM_ID_SIZE]; /* of the database; "": none */
	uint64_t advances;	       /* read by newest() */

	char *insert; /* a statement for INSERT_ROWS rows; its beginning serves for fewer */
	uint32_t insert_rows;

	bool is_new;			   /* createdb has made the table of tickets */
	struct mysql_sequences *sequences; /* of a session of named sequences; NULL: none */
};

/*
 * Connect to the server of SETTINGS. DATABASE may be NULL for none. Call mysql_session_disconnect() afterwards,
 * also if this fails.
 */
enum store_result mysql_session_connect(struct store_session *session,
					const struct store_settings *settings, const char *database,
					struct text *reason) MUST_CHECK;
void mysql_session_disconnect(struct store_session *session);

/* Return the result for the last error, and add its words, its number and the remedy to REASON. */
enum store_result mysql_session_error(struct store_session *session, struct text *reason);

/* Run one statement, or several with semicolons between them, and drop their rows. */
enum store_result mysql_session_run(struct store_session *session, const char *sql,
				    struct text *reason) MUST_CHECK;

/* Run a query, and call READ for each row. READ may not keep the row. */
typedef void mysql_session_row_fn(void *arg, MYSQL_ROW row);
enum store_result mysql_session_query(struct store_session *session, const char *sql,
				      mysql_session_row_fn *read, void *arg,
				      struct text *reason) MUST_CHECK;

/* Run a query for one row, and read COUNT numbers of it. *FOUND: there was a row, and no number was NULL. */
enum store_result mysql_session_numbers(struct store_session *session, const char *sql,
					uint64_t *numbers, unsigned count, bool *found,
					struct text *reason) MUST_CHECK;

#endif
