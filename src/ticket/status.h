/*
 * status -- how a request for tickets ended. Pure; any thread.
 */
#ifndef TICKR_TICKET_STATUS_H
#define TICKR_TICKET_STATUS_H

#include "base/attributes.h"

enum ticket_status {
	TICKET_OK,
	TICKET_TIMED_OUT,	 /* no session was free in time */
	TICKET_TOO_MANY_WAITING, /* the limit of waiting requests is reached */
	TICKET_DATABASE_FAILED,	 /* a statement failed, or sessions were lost twice */
	TICKET_DATABASE_REFUSED, /* the database cannot be trusted */
	TICKET_EXHAUSTED,	 /* the space, or the table's counter, is at its end */
	TICKET_TOO_MANY,	 /* a request may never ask for so many */
	TICKET_TOO_LARGE,	 /* the database takes no statement for so many; fewer may do */
	TICKET_DRAINING,	 /* the server is stopping */
	TICKET_NO_SEQUENCE,	 /* the named sequence is retired, or may not be used */
	TICKET_STATUSES
};

#define STATUS_DRAINING "the server is stopping" /* the reason of TICKET_DRAINING */

/* A word for logs and metrics, such as "timed_out". */
const char *ticket_status_name(enum ticket_status status);

#endif
