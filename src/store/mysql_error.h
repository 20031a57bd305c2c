/*
 * mysql_error -- translates errors of MySQL, MariaDB and their client libraries into results of the store.
 *
 * For the files of the mysql store only. Pure; any thread.
 */
#ifndef TICKR_STORE_MYSQL_ERROR_H
#define TICKR_STORE_MYSQL_ERROR_H

#include "store/store.h"

/*
 * Return the result for the error NUMBER. WORDS are its message: only they tell a bad certificate from a TLS
 * handshake that was cut off.
 */
enum store_result mysql_classify(unsigned number, const char *words) MUST_CHECK;

/*
 * Return whether the error NUMBER says that no id is left in the table. LAST is the highest number that the id
 * can hold. At the end of a signed id MySQL allocates LAST again. The insert then fails with error 1062, and
 * WORDS name LAST, whatever the language of the server.
 */
bool mysql_is_at_end(unsigned number, const char *words, uint64_t last) MUST_CHECK;

/* Add the remedy for the error NUMBER to REASON, if there is one. */
void mysql_add_advice(unsigned number, struct text *reason);

#endif
