/*
 * serve -- the work of a pool thread: it takes reservations, reserves bases over its session, and
 * answers.
 */
#ifndef TICKR_POOL_SERVE_H
#define TICKR_POOL_SERVE_H

#include "pool/keeper.h"

/* Serve until the queue stops. Answer each reservation that was taken, or put it back. */
void serve_reservations(struct keeper *keeper);

/*
 * Answer every reservation of GROUP with STATUS, which is not TICKET_OK. DATABASE is for the metrics.
 */
void serve_fail(struct mail_list *group, unsigned database, enum ticket_status status,
		const char *reason);

#endif
