/*
 * serve -- the work of a pool thread: reservations in, answers out, over one session.
 */
#ifndef TICKR_POOL_SERVE_H
#define TICKR_POOL_SERVE_H

#include "pool/keeper.h"

/* Serve until the queue stops. Every reservation taken is answered or put back. */
void serve_reservations(struct keeper *keeper);

/* Answer every reservation of GROUP, asked of DATABASE, with STATUS, which is not TICKET_OK. */
void serve_refuse(struct mail_list *group, unsigned database, enum ticket_status status,
		  const char *reason);

#endif
