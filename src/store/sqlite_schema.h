/*
 * sqlite_schema -- looks at what a file of SQLite's holds, and says whether tickrd can serve from it.
 *
 * Never alters anything. Used by the sqlite store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_SQLITE_SCHEMA_H
#define TICKR_STORE_SQLITE_SCHEMA_H

#include "store/sqlite_session.h"

/*
 * STORE_OK: all is there, and fits; the session has the identity of the database, if that has one.
 * STORE_REFUSED: not so, the reason says what was found and what to do; *IS_EMPTY: because there is nothing in it at all, so that createdb may make it.
 */
enum store_result sqlite_schema_check(struct store_session *session, bool *is_empty,
				      struct text *reason) MUST_CHECK;

#endif
