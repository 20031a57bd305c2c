/*
 * control -- the operator's routes, on a Unix socket of their own.
 *
 *	GET  /databases			list all databases with their states
 *	POST /databases/NODE/drain	take a database out of service for maintenance
 *	POST /databases/NODE/resume	return it to service
 *
 * sequence_request.h has the routes of named sequences, which answer with the text of the commands.
 *
 * NODE is a node number, or the name of a database in /status. Root and the server's user may use the
 * routes. They are served by the main thread's loop, and the workers know nothing of them.
 */
#ifndef TICKR_CONTROL_H
#define TICKR_CONTROL_H

#include <event2/event.h>

#include "base/attributes.h"
#include "base/log.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "loop/mailbox.h"

struct control;

/* All outlive the control. MAILBOX is the one of BASE. */
struct control_settings {
	const struct config *config;
	struct dispatch *dispatch;  /* NULL: the server has no databases of its own */
	struct dispatch *sequences; /* the pools of named sequences; NULL: there are none */
	struct mailbox *mailbox;
	struct log_limit *error_lines;
};

/* Serve the listening descriptor FD, which it takes. */
struct control *control_new(struct event_base *base, const struct control_settings *given,
			    int fd) MUST_CHECK;

/* After the loop has ended. It may wait for a database. CONTROL may be NULL. */
void control_free(struct control *control);

#endif
