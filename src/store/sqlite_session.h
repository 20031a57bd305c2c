/*
 * sqlite_session -- one connection to a file of SQLite's, and how its errors are read.
 *
 * Used by the sqlite store's files only; belongs to the thread that opened it.
 */
#ifndef TICKR_STORE_SQLITE_SESSION_H
#define TICKR_STORE_SQLITE_SESSION_H

#include <sqlite3.h>

#include "base/random.h"
#include "store/sqlite_claim.h"
#include "store/sqlite_settings.h"
#include "store/store.h"

struct store_session {
	sqlite3 *db;
	const struct store_settings *settings;
	sqlite3_stmt *move;  /* the counter forward */
	sqlite3_stmt *look;  /* where it stands */
	bool has_joined;     /* the others that have these files */
	uint64_t log_size;   /* see sqlite_files_check() */
	uint64_t checked_ms; /* when its files were compared last, as clock_ms() tells it */
	char identity[RANDOM_ID_SIZE]; /* of the database; "" if it has none */
	uint64_t advances;	       /* as newest() found them last */

	struct sqlite_sequences *sequences; /* of a session of named sequences; NULL: none */

	/* Why the last commit was rolled back; STORE_OK: it was not. */
	enum store_result objection;
	char problem[256]; /* in words */
};

/* Connect to SETTINGS' file; with MAY_CREATE make it. Whatever comes of it: sqlite_disconnect(). */
enum store_result sqlite_connect(struct store_session *session,
				 const struct store_settings *settings, bool may_create,
				 struct text *reason) MUST_CHECK;
void sqlite_disconnect(struct store_session *session);

/*
 * Whether the files of the session, which has joined, are still those that others find by their
 * names. STORE_REFUSED or STORE_LOST with a REASON if not.
 */
enum store_result sqlite_check_files(struct store_session *session, struct text *reason) MUST_CHECK;

/* From now on each commit is preceded by that check, and rolled back where it fails. */
void sqlite_check_before_commits(struct store_session *session);

/* The part of it that is worth asking again as soon as a commit is done. */
enum store_result sqlite_check_commit(struct store_session *session,
				      struct text *reason) MUST_CHECK;

/* The part of it that must come before a statement: see sqlite_files_check_index(). */
enum store_result sqlite_check_index(struct store_session *session, struct text *reason) MUST_CHECK;

/* Keep the other sessions of this process from writing. False: the present one takes too long. */
bool sqlite_begin_write(struct store_session *session, struct text *reason) MUST_CHECK;
void sqlite_end_write(struct store_session *session);

/* The last error as a result, with its text and number in REASON. */
enum store_result sqlite_error(struct store_session *session, struct text *reason);

/*
 * Run the statements of SCRIPT; :max_nodes, :node_number and :starting_offset are the settings',
 * :identity is the session's.
 */
enum store_result sqlite_run(struct store_session *session, const char *script,
			     struct text *reason) MUST_CHECK;

/* STATEMENT is for sqlite3_finalize(); sqlite_disconnect() sees to the session's own two. */
enum store_result sqlite_prepare(struct store_session *session, const char *sql,
				 sqlite3_stmt **statement, struct text *reason) MUST_CHECK;

/* A query for one row of COUNT numbers into NUMBERS. *FOUND: there was a row without NULL. */
enum store_result sqlite_numbers(struct store_session *session, const char *sql, uint64_t *numbers,
				 unsigned count, bool *found, struct text *reason) MUST_CHECK;

/* A query for one string, added to VALUE; NULL adds nothing. */
enum store_result sqlite_string(struct store_session *session, const char *sql, struct text *value,
				struct text *reason) MUST_CHECK;

#endif
