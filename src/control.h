/*
 * control -- what the operator may ask of a running server, on a Unix socket of his own.
 *
 *	GET  /databases			what is known of each
 *	POST /databases/WHICH/drain	take one out of service for maintenance
 *	POST /databases/WHICH/resume	give it back
 *
 * WHICH is a node number, or what a database is called in /status. Main thread's loop; the
 * workers know nothing of it. Who may open the socket may do all of this.
 */
#ifndef TICKR_CONTROL_H
#define TICKR_CONTROL_H

#include <event2/event.h>

#include "base/attributes.h"
#include "dispatch/dispatch.h"

struct control;

/* Serve what comes in on the listening descriptor FD, which is taken. DISPATCH outlives it. */
struct control *control_new(struct event_base *base, struct dispatch *dispatch, int fd) MUST_CHECK;

/* When the loop has ended. NULL is none. */
void control_free(struct control *control);

#endif
