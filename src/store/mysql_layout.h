/*
 * mysql_layout -- looks at what a database holds, and says whether tickrd can serve from it.
 *
 * Never alters anything. Used by the mysql store's files only, in the session's thread.
 */
#ifndef TICKR_STORE_MYSQL_LAYOUT_H
#define TICKR_STORE_MYSQL_LAYOUT_H

#include "store/mysql_session.h"

enum mysql_finding {
	FOUND_NOTHING,
	FOUND_IT,
	FOUND_WRONG, /* the reason says what there is, and what to do */
};

/*
 * Recognise the tickets table by its columns and set the session's layout and engine.
 * *FINDING is meaningful when the result is STORE_OK.
 */
enum store_result layout_find(struct store_session *session, enum mysql_finding *finding,
			      struct text *reason) MUST_CHECK;

/* Whether the table holds a row to count on; an empty one is an alarm, not a start. */
enum store_result layout_find_row(struct store_session *session, enum mysql_finding *finding,
				  struct text *reason) MUST_CHECK;

/* Compare the pinned settings with ours; FOUND_WRONG prints both. */
enum store_result layout_find_settings(struct store_session *session, enum mysql_finding *finding,
				       struct text *reason) MUST_CHECK;

/* All of the above: STORE_OK when tickrd may serve from this database. */
enum store_result layout_check(struct store_session *session, struct text *reason) MUST_CHECK;

/* A word for people, such as "append". */
const char *layout_name(enum mysql_layout layout);

#endif
