/*
 * trial -- checks whether bases can be reserved, while no request reserves.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does.
 */
#ifndef TICKR_POOL_TRIAL_H
#define TICKR_POOL_TRIAL_H

#include "pool/keeper.h"

/*
 * Look at the counter, and note the result as health. After a failed reservation, or while one has no
 * answer, a read proves nothing. Then first reserve one base, which becomes a gap. Return false if
 * one of these failed. The session may be closed then.
 */
bool trial_look(struct keeper *keeper, uint64_t *newest);

#endif
