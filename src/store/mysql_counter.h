/*
 * mysql_counter -- reserves in the counter layout, with one statement for any count.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_COUNTER_H
#define TICKR_STORE_MYSQL_COUNTER_H

#include "store/mysql_session.h"

/* As reserve() of the store. */
enum store_result mysql_reserve_counter(struct store_session *session, uint32_t count,
					struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
