/*
 * maintenance -- the work of the pool's extra thread, off the ticket path.
 *
 * Several times a second it asks the database for its newest base. So the pool knows whether it is ready
 * without asking for a request. It also prunes old rows.
 */
#ifndef TICKR_POOL_MAINTENANCE_H
#define TICKR_POOL_MAINTENANCE_H

#include "pool/keeper.h"

/* Maintain the database until the queue stops. */
void maintenance_run(struct keeper *keeper);

#endif
