/*
 * mysql_identity -- reads and writes the database's identity: a random id, the same in each copy of it.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_IDENTITY_H
#define TICKR_STORE_MYSQL_IDENTITY_H

#include "store/mysql_session.h"

/*
 * Read the identity into SESSION. It is "" if there is none, or if this user may not see it. *IS_MISSING: there
 * is none.
 */
enum store_result mysql_read_identity(struct store_session *session, bool *is_missing,
				      struct text *reason) MUST_CHECK;

/* Make an identity, unless the database has one: it never changes. */
enum store_result mysql_make_identity(struct store_session *session,
				      struct text *reason) MUST_CHECK;

/* As note_advance() of the store. It needs the right UPDATE on the column. */
enum store_result mysql_note_advance(struct store_session *session, uint64_t least,
				     struct text *reason) MUST_CHECK;

#endif
