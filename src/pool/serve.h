/*
 * serve -- the work of a pool thread: take reservations, reserve over one session, and answer.
 */
#ifndef TICKR_POOL_SERVE_H
#define TICKR_POOL_SERVE_H

#include "pool/keeper.h"

/* Serve until the queue stops. Each reservation that is taken is answered or put back. */
void serve_reservations(struct keeper *keeper);

/* Answer every reservation of GROUP, which is for DATABASE, with STATUS, which is not TICKET_OK. */
void serve_refuse(struct mail_list *group, unsigned database, enum ticket_status status,
		  const char *reason);

#endif
