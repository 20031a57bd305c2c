/*
 * mysql_advance -- moves the counter forward, in each layout.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_ADVANCE_H
#define TICKR_STORE_MYSQL_ADVANCE_H

#include "store/mysql_session.h"

/* As advance() of the store. */
enum store_result mysql_advance(struct store_session *session, uint64_t base,
				struct text *reason) MUST_CHECK;

#endif
