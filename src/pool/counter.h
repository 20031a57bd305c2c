/*
 * counter -- reads and moves the counter of a database, so that it returns only new bases.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does. The trust decides whether a base is new. This file turns its verdicts into statements:
 *
 *	the counter reads too low	reserve one base, which a proxy must send to the master:
 *					the read may be from a stale replica
 *	the counter is too low		refuse the database. If it is the known one, first move its
 *					counter past all bases that may have been issued, so that no
 *					other server of the node repeats a ticket
 *	bases may have been issued	abandon them, and move the counter
 *
 * The known database has the identity that this server, or its state file, has seen. Of several masters
 * at one address none is known: an identity does not say which of them a session has reached.
 */
#ifndef TICKR_POOL_COUNTER_H
#define TICKR_POOL_COUNTER_H

#include "pool/keeper.h"

/* Learn which share of the bases the session's master has. Return false if it cannot tell now. */
bool counter_learn_share(struct keeper *keeper);

/*
 * Look: read the newest base, and judge it. Results are those of the store's reserve(). STORE_REFUSED:
 * it is not trusted.
 */
enum store_result counter_look(struct keeper *keeper, uint64_t *newest,
			       struct text *reason) MUST_CHECK;

/*
 * Return STORE_OK if the counter is trusted and the state file is kept. Otherwise return STORE_REFUSED,
 * with the reason. If one of several masters is not trusted, return STORE_LOST, so that the others
 * serve.
 */
enum store_result counter_may_reserve(struct keeper *keeper, struct text *reason) MUST_CHECK;

/*
 * Reserve the bases of ORDER that were never issued before: see reserve() of the store. If no answer has shown
 * the counter for a second, look at it first. A count of 0 writes the row of this server among named sequences.
 * Then BASES is empty, and begins after the clock.
 */
enum store_result counter_reserve(struct keeper *keeper, const struct store_order *order,
				  struct ticket_range *bases, struct text *reason) MUST_CHECK;

/*
 * If no client has used the named sequences for a second, write the row of this server. Then also move the bound of
 * the state file close to the clock, so that a kill leaves a small gap. Results are those of counter_look().
 */
enum store_result counter_rest(struct keeper *keeper, struct text *reason) MUST_CHECK;

/* Return the result of a refusal: STORE_REFUSED, or STORE_LOST if one of several masters is refused. */
enum store_result counter_refusal(struct keeper *keeper) MUST_CHECK;

#endif
