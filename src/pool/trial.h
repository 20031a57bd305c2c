/*
 * trial -- finds out whether bases can be reserved, while no request reserves.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does.
 */
#ifndef TICKR_POOL_TRIAL_H
#define TICKR_POOL_TRIAL_H

#include "pool/keeper.h"

/*
 * Read the counter, and note the result as health. After a failed reservation, or while one has no
 * answer, a read proves nothing. Then a reservation of one, which becomes a gap, must succeed first.
 * False: the session may have been closed.
 */
bool trial_ask(struct keeper *keeper, uint64_t *newest);

#endif
