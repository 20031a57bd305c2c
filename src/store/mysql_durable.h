/*
 * mysql_durable -- the settings under which the database could repeat an id, as after a crash.
 *
 * Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_DURABLE_H
#define TICKR_STORE_MYSQL_DURABLE_H

#include "store/mysql_session.h"

/* As warn() of the store. */
void mysql_warn(struct store_session *session, struct text *warnings);

/* As advise() of the store. */
void mysql_advise(struct store_session *session, struct text *advice);

/*
 * Add a line to WARNINGS if the setting or status NAME has an unsafe VALUE, as the server prints both.
 * Names that say nothing of durability add nothing.
 */
void mysql_judge_setting(const char *name, const char *value, struct text *warnings);

/*
 * Whether a server that calls itself VERSION, as SELECT VERSION() does, forgets AUTO_INCREMENT
 * when it restarts, and goes on from the highest row: MySQL before 8.0 and MariaDB before 10.2.4.
 */
bool mysql_forgets_counter(const char *version) MUST_CHECK;

#endif
