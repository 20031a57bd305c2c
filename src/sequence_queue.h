/*
 * sequence_queue -- carries out the commands on named sequences that reach a running server over its control socket.
 *
 * The main loop takes the commands and answers them. A thread of the queue carries them out, one after another,
 * because a database may block. The thread ends when no command waits.
 */
#ifndef TICKR_SEQUENCE_QUEUE_H
#define TICKR_SEQUENCE_QUEUE_H

#include "base/attributes.h"
#include "config/config.h"
#include "http/exchange.h"
#include "loop/mailbox.h"
#include "sequence_request.h"

struct sequence_queue;

/* CONFIG and MAILBOX, of the main loop, outlive the queue. */
struct sequence_queue *sequence_queue_new(const struct config *config,
					  struct mailbox *mailbox) MUST_CHECK;

/* After the loop has ended: finish the command that runs, and answer the others with an error. */
void sequence_queue_free(struct sequence_queue *queue);

/*
 * Take EXCHANGE, a command of the kind TASK, and answer it once, now or later. NAME is the parameter of its path;
 * NULL: it has none. A POST changes something, and a GET is a trial.
 */
void sequence_queue_take(struct sequence_queue *queue, struct exchange *exchange,
			 enum sequence_task task, const struct route_argument *name);

#endif
