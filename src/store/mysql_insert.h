/*
 * mysql_insert -- reserves by one statement for many rows.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_INSERT_H
#define TICKR_STORE_MYSQL_INSERT_H

#include "store/mysql_session.h"

/* Return the most rows that fit into one packet of this session. */
uint32_t mysql_most_rows(const struct store_session *session);

/* As fits() of the store. */
bool mysql_rows_fit(const struct store_session *session, uint32_t count,
		    struct text *reason) MUST_CHECK;

/* As reserve() of the store. */
enum store_result mysql_reserve_rows(struct store_session *session, uint32_t count,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
