/*
 * maintenance -- the work of the pool's extra thread, which serves no tickets.
 *
 * Several times a second it reads the newest base of the database. So the pool knows that the database
 * answers, even if no request arrives. It also prunes old rows.
 */
#ifndef TICKR_POOL_MAINTENANCE_H
#define TICKR_POOL_MAINTENANCE_H

#include "pool/keeper.h"

/* Maintain the database until the queue stops. */
void maintenance_run(struct keeper *keeper);

#endif
