/*
 * mysql_durable -- warns of settings of the database server that allow it to repeat an id.
 *
 * For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_DURABLE_H
#define TICKR_STORE_MYSQL_DURABLE_H

#include "store/mysql_session.h"

/* As warn() of the store. */
void mysql_warn(struct store_session *session, struct text *warnings);

/* As advise() of the store. */
void mysql_advise(struct store_session *session, struct text *advice);

/*
 * Add a line to WARNINGS if VALUE of the variable or status NAME is unsafe. NAME and VALUE are those that the
 * server prints. A name that has no effect on durability adds nothing.
 */
void mysql_judge_setting(const char *name, const char *value, struct text *warnings);

/*
 * Return whether a server forgets AUTO_INCREMENT when it restarts, and continues from the highest row. MySQL
 * before 8.0 and MariaDB before 10.2.4 do. VERSION is the result of SELECT VERSION().
 */
bool mysql_forgets_counter(const char *version) MUST_CHECK;

#endif
