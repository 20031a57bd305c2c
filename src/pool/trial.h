/*
 * trial -- finds out whether the database can be reserved from, while nobody reserves.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does.
 */
#ifndef TICKR_POOL_TRIAL_H
#define TICKR_POOL_TRIAL_H

#include "pool/keeper.h"

/*
 * Look at the counter, and note what that says of the database. After a failed reservation, or while one
 * has no answer, reading proves nothing. Then a reservation of one, which becomes a gap, must first
 * succeed. False: the session may have been closed.
 */
bool trial_ask(struct keeper *keeper, uint64_t *newest);

#endif
