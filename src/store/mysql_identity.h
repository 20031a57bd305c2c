/*
 * mysql_identity -- the random id that createdb gives a database, which its copies have too.
 *
 * Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_IDENTITY_H
#define TICKR_STORE_MYSQL_IDENTITY_H

#include "store/mysql_session.h"

/*
 * Read it into the session; "" where createdb has made none, or this user may not see it. *IS_MISSING:
 * there is none.
 */
enum store_result mysql_read_identity(struct store_session *session, bool *is_missing,
				      struct text *reason) MUST_CHECK;

/* Make it, unless another createdb has done so meanwhile: one identity is kept for ever. */
enum store_result mysql_make_identity(struct store_session *session,
				      struct text *reason) MUST_CHECK;

/* See note_advance() of the store. It needs UPDATE on the column. */
enum store_result mysql_note_advance(struct store_session *session, struct text *reason) MUST_CHECK;

#endif
