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

/* Add to REASON what an operator can do about the error NUMBER of the server, if there is advice. */
void mysql_add_advice(unsigned number, struct text *reason);

#endif
