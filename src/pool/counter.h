/*
 * counter -- reads and moves the counter of a database so that only new bases come out.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does. The trust decides whether a base is new; here its verdicts become statements:
 *
 *	the counter reads too low	reserve one base, which a proxy must send to the master:
 *					a stale replica may have been read
 *	the counter is too low		refuse the database. If it is the known one, first move its
 *					counter past all that may have been issued, so that no other
 *					server of the node repeats a ticket
 *	bases may have been issued	abandon them and move the counter
 *
 * The known database is the one with the identity that this server, or its state file, has seen. Of
 * several masters under one address none is known: masters have the identity in common, or one each, so that it
 * does not tell which of them a session has reached.
 */
#ifndef TICKR_POOL_COUNTER_H
#define TICKR_POOL_COUNTER_H

#include "pool/keeper.h"

/* Learn which share of the bases the database behind the session has. False: it cannot tell now. */
bool counter_learn_share(struct keeper *keeper);

/* Read the newest base. Else as reserve() of the store; STORE_REFUSED: it is not trusted. */
enum store_result counter_look(struct keeper *keeper, uint64_t *newest,
			       struct text *reason) MUST_CHECK;

/*
 * STORE_OK if the database's counter is trusted and the state file kept; else why tickets are
 * refused: STORE_REFUSED, or STORE_LOST if one of several masters is not trusted, which is as good
 * as lost, and the others may be asked.
 */
enum store_result counter_may_reserve(struct keeper *keeper, struct text *reason) MUST_CHECK;

/*
 * Reserve the bases of ORDER that were never issued before; see reserve() of the store. If no answer has
 * shown the counter for a second, it is looked at first. A count of 0 writes the row of this server among named
 * sequences: then BASES is empty, and begins after the clock.
 */
enum store_result counter_reserve(struct keeper *keeper, const struct store_order *order,
				  struct ticket_range *bases, struct text *reason) MUST_CHECK;

/*
 * Named sequences that nobody has used for a second: bring the row of this server, and the bound of the state file,
 * to the clock. Then a kill leaves a small gap. As counter_look() otherwise.
 */
enum store_result counter_rest(struct keeper *keeper, struct text *reason) MUST_CHECK;

/* How a refusal ends: STORE_REFUSED, or STORE_LOST if one of several masters is refused. */
enum store_result counter_refusal(struct keeper *keeper) MUST_CHECK;

#endif
