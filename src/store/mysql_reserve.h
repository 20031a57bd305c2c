/*
 * mysql_reserve -- the statements that allocate, one way for each layout.
 *
 * Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_RESERVE_H
#define TICKR_STORE_MYSQL_RESERVE_H

#include "store/mysql_session.h"

/* As fits() of the store. */
bool mysql_fits(const struct store_session *session, uint32_t count,
		struct text *reason) MUST_CHECK;

/* As reserve() of the store. */
enum store_result mysql_reserve(struct store_session *session, const struct store_order *order,
				struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
