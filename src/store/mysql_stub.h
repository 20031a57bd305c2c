/*
 * mysql_stub -- reserves in the stub layout on InnoDB, by a statement for each number.
 *
 * For the files of the mysql store only, in the session's thread.
 *
 * DESIGN. If one statement replaces many rows, each row costs InnoDB a millisecond. So each number is a statement.
 * Many of them go into one packet and one transaction.
 *
 * The first statement locks the row. Another program that replaces the row, as the old Tickr does, has taken
 * its number before it waits for the commit. So each such program breaks the run at most once. The run then
 * begins again in the same transaction.
 *
 * Replaced rows leave entries in the index, which slow down each further statement until the commit. So a long run
 * is several transactions. They become larger only if a number was lost between two of them.
 *
 * A named lock keeps the tickrd processes of a database from deadlocks, and from breaking each other's runs. No
 * ticket's uniqueness depends on it: AUTO_INCREMENT allocates each number once.
 */
#ifndef TICKR_STORE_MYSQL_STUB_H
#define TICKR_STORE_MYSQL_STUB_H

#include "store/mysql_session.h"

/* As reserve() of the store. */
enum store_result mysql_reserve_stub(struct store_session *session, uint32_t count,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

#endif
