/*
 * mysql_reserve -- the statements that allocate, one way for each layout.
 *
 * Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_RESERVE_H
#define TICKR_STORE_MYSQL_RESERVE_H

#include "store/mysql_session.h"

#define READ_INCREMENT "SELECT @@SESSION.auto_increment_increment"

/* As reserve() of the store. */
enum store_result mysql_reserve(struct store_session *session, uint32_t count,
				struct ticket_range *bases, struct text *reason) MUST_CHECK;

/* Read auto_increment_increment as it is now, and whether it may change under the session. */
enum store_result mysql_read_increment(struct store_session *session,
				       struct text *reason) MUST_CHECK;

#endif
