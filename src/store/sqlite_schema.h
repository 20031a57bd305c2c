/*
 * sqlite_schema -- checks the contents of a SQLite file, and says whether tickrd can serve from it.
 *
 * Alters nothing. For the files of the sqlite store only, in the session's thread.
 */
#ifndef TICKR_STORE_SQLITE_SCHEMA_H
#define TICKR_STORE_SQLITE_SCHEMA_H

#include "store/sqlite_session.h"

/*
 * Check both tables, and read the identity into the session if there is one. STORE_OK: all fits. STORE_REFUSED:
 * REASON says which part does not fit, and what to do. *IS_EMPTY: the file is empty, so createdb may fill it.
 */
enum store_result sqlite_schema_check(struct store_session *session, bool *is_empty,
				      struct text *reason) MUST_CHECK;

#endif
