/*
 * mysql_stub -- reserves in the stub layout on InnoDB, with a statement for each number.
 *
 * Used by the mysql store's files only, in the session's thread.
 *
 * DESIGN. Rows replaced by one statement cost InnoDB a millisecond each, so there is a statement for
 * each number, and many of them in one packet and one transaction. The first one locks the row. A
 * program that replaces the row too, as the old Tickr does, then waits for the commit; it has taken
 * its number already, so that a run is broken once at most by each such program, and begins again in
 * the same transaction. What many replaced rows leave in the index makes each further one slower until
 * the commit. So a long run is made of several transactions, and only if a number was lost between
 * two of them do they become larger.
 *
 * A named lock keeps the tickrd processes of a database from deadlocks and from each other's runs.
 * No ticket's uniqueness rests on it: AUTO_INCREMENT allocates each number once.
 */
#ifndef TICKR_STORE_MYSQL_STUB_H
#define TICKR_STORE_MYSQL_STUB_H

#include "store/mysql_session.h"

/* As reserve() of the store. */
enum store_result mysql_reserve_stub(struct store_session *session, uint32_t count,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
