/*
 * mysql_reserve -- reserves by the statement that fits the layout.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_RESERVE_H
#define TICKR_STORE_MYSQL_RESERVE_H

#include "store/mysql_session.h"

/*
 * Return whether SESSION reserves each number by a statement of its own, as in the stub layout on InnoDB. Each
 * statement takes its number before it waits for the row.
 */
bool mysql_is_row_by_row(const struct store_session *session) MUST_CHECK;

/* As fits() of the store. */
bool mysql_fits(const struct store_session *session, uint32_t count,
		struct text *reason) MUST_CHECK;

/* As reserve() of the store. */
enum store_result mysql_reserve(struct store_session *session, const struct store_order *order,
				struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
