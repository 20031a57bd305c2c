/*
 * control -- the operator's routes, on a Unix socket of their own.
 *
 *	GET  /databases			list all databases with their states
 *	POST /databases/NODE/drain	take a database out of service for maintenance
 *	POST /databases/NODE/resume	return it to service
 *
 * NODE is a node number, or the name of a database in /status. Root and the server's user may use the
 * routes. They are served by the main thread's loop, and the workers know nothing of them.
 */
#ifndef TICKR_CONTROL_H
#define TICKR_CONTROL_H

#include <event2/event.h>

#include "base/attributes.h"
#include "base/log.h"
#include "dispatch/dispatch.h"

struct control;

/*
 * Serve the listening descriptor FD, which it takes. DISPATCH, SEQUENCES and ERROR_LINES outlive it. SEQUENCES has the
 * pools of named sequences of the same databases; NULL: there are none.
 */
struct control *control_new(struct event_base *base, struct dispatch *dispatch,
			    struct dispatch *sequences, struct log_limit *error_lines,
			    int fd) MUST_CHECK;

/* After the loop has ended. CONTROL may be NULL. */
void control_free(struct control *control);

#endif
