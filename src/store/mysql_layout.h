/*
 * mysql_layout -- checks the contents of a database, and says whether tickrd can serve from it.
 *
 * Alters nothing. For the files of the mysql store only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_LAYOUT_H
#define TICKR_STORE_MYSQL_LAYOUT_H

#include "store/mysql_session.h"

enum mysql_finding {
	FOUND_NOTHING,
	FOUND_IT,
	FOUND_WRONG, /* the reason says why it does not fit, and what to do */
};

/*
 * Recognise the tickets table by its columns, and set the session's layout and engine. Set *FINDING if the result
 * is STORE_OK, as the functions below do. REASON explains any finding but FOUND_IT.
 */
enum store_result mysql_layout_find(struct store_session *session, enum mysql_finding *finding,
				    struct text *reason) MUST_CHECK;

/* Find the row that the counter continues from. A table without one has lost its tickets: FOUND_WRONG. */
enum store_result mysql_layout_find_row(struct store_session *session, enum mysql_finding *finding,
					struct text *reason) MUST_CHECK;

/* Compare the pinned settings with those of the session. For FOUND_WRONG, REASON shows both. */
enum store_result mysql_layout_find_settings(struct store_session *session,
					     enum mysql_finding *finding,
					     struct text *reason) MUST_CHECK;

/* Do all of the above. STORE_OK: tickrd may serve from this database. */
enum store_result mysql_layout_check(struct store_session *session, struct text *reason) MUST_CHECK;

/* Return the name of LAYOUT, such as "append". */
const char *mysql_layout_name(enum mysql_layout layout);

#endif
