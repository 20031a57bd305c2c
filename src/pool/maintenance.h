/*
 * maintenance -- the work of the pool's extra thread, off the ticket path.
 *
 * Several times a second it asks the database whether tickets can be had, so that
 * readiness is known without a request having to ask; and it prunes the table behind
 * the newest row.
 */
#ifndef TICKR_POOL_MAINTENANCE_H
#define TICKR_POOL_MAINTENANCE_H

#include "pool/keeper.h"

/* Look after the database until the queue stops. */
void maintenance_run(struct keeper *keeper);

#endif
