/*
 * mysql_error -- what the errors of MySQL, MariaDB and their client libraries mean for a session.
 *
 * Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_ERROR_H
#define TICKR_STORE_MYSQL_ERROR_H

#include "store/store.h"

/*
 * The result that the error NUMBER stands for. WORDS are the error's own: they alone tell a
 * certificate that failed its check from a handshake that was cut off.
 */
enum store_result mysql_classify(unsigned number, const char *words) MUST_CHECK;

/*
 * Whether the error NUMBER says that the table's ids are used up, where LAST is the highest number
 * that the id can hold. At the end of a signed id MySQL allocates LAST again, and the insert then finds
 * the row with LAST: error 1062, and WORDS name LAST in any language of the server.
 */
bool mysql_is_at_end(unsigned number, const char *words, uint64_t last) MUST_CHECK;

/* Add to REASON what an operator can do about the error NUMBER of the server, if there is advice. */
void mysql_add_advice(unsigned number, struct text *reason);

#endif
