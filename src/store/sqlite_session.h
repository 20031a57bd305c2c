/*
 * sqlite_session -- one connection to a SQLite file, and the results of its errors.
 *
 * For the files of the sqlite store only. A session belongs to the thread that opened it.
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
	sqlite3_stmt *move;	/* moves the counter forward */
	sqlite3_stmt *look;	/* reads the counter */
	bool has_joined;	/* the sessions of the claim, which have the same files open */
	uint64_t log_size;	/* see sqlite_files_check() */
	uint64_t checked_ms;	/* when its files were compared last, by clock_ms() */
	uint64_t waits_from_ms; /* for the lock of another process, by clock_ms() */
	char identity[RANDOM_ID_SIZE]; /* of the database; "": none */
	uint64_t advances;	       /* read by newest() */

	struct sqlite_sequences *sequences; /* of a session of named sequences; NULL: none */

	/* Why the commit hook rolled back the last commit; STORE_OK: it did not. */
	enum store_result objection;
	char problem[256]; /* the reason for it */
};

/*
 * Connect to the file of SETTINGS. If MAY_CREATE, make it if it is missing. Call sqlite_disconnect()
 * afterwards, also if this fails.
 */
enum store_result sqlite_connect(struct store_session *session,
				 const struct store_settings *settings, bool may_create,
				 struct text *reason) MUST_CHECK;
void sqlite_disconnect(struct store_session *session);

/*
 * Check that the names of the session's files still lead to the files that it has open. If not, STORE_REFUSED or
 * STORE_LOST. The session has joined.
 */
enum store_result sqlite_check_files(struct store_session *session, struct text *reason) MUST_CHECK;

/* Do that check before each commit from now on, and roll back the commit if it fails. */
void sqlite_check_before_commits(struct store_session *session);

/* Check the log and the index alone, after a commit. */
enum store_result sqlite_check_commit(struct store_session *session,
				      struct text *reason) MUST_CHECK;

/* Check the index alone, before a statement. */
enum store_result sqlite_check_index(struct store_session *session, struct text *reason) MUST_CHECK;

/* Keep the other sessions of this process from writing. False: the present one takes too long. */
bool sqlite_begin_write(struct store_session *session, struct text *reason) MUST_CHECK;
void sqlite_end_write(struct store_session *session);

/* Return the result for the last error, and add its words, its number and the remedy to REASON. */
enum store_result sqlite_error(struct store_session *session, struct text *reason);

/*
 * Run the statements of SCRIPT. The parameters :max_nodes, :node_number and :starting_offset have the values of
 * the settings, and :identity that of the session.
 */
enum store_result sqlite_run(struct store_session *session, const char *script,
			     struct text *reason) MUST_CHECK;

/* Prepare *STATEMENT. The caller finalizes it; sqlite_disconnect() finalizes the session's own two. */
enum store_result sqlite_prepare(struct store_session *session, const char *sql,
				 sqlite3_stmt **statement, struct text *reason) MUST_CHECK;

/* Run a query for one row, and read COUNT numbers of it. *FOUND: there was a row, and no number was NULL. */
enum store_result sqlite_numbers(struct store_session *session, const char *sql, uint64_t *numbers,
				 unsigned count, bool *found, struct text *reason) MUST_CHECK;

/* Run a query for one string, and add it to VALUE. NULL adds nothing. */
enum store_result sqlite_string(struct store_session *session, const char *sql, struct text *value,
				struct text *reason) MUST_CHECK;

#endif
