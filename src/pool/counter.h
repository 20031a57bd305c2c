/*
 * counter -- reads and moves the counter of a database, so that it returns only new bases.
 *
 * Each function runs in the keeper's thread, on its open session, and may block for as long as the
 * session does. The trust decides whether a base is new. This room turns its verdicts into statements:
 *
 *	the counter reads too low	reserve one base, which a proxy must send to the master:
 *					the read may be from a stale replica
 *	the counter is too low		refuse the database. If it is the known one, first move its
 *					counter past all that may have been issued, so that no other
 *					server of the node repeats a ticket
 *	bases may have been issued	abandon them and move the counter
 *
 * The known database is the one with the identity that this server, or its state file, has seen. Of
 * several masters at one address none is known. They share the identity, or have one each, so it does
 * not say which of them a session has reached.
 */
#ifndef TICKR_POOL_COUNTER_H
#define TICKR_POOL_COUNTER_H

#include "pool/keeper.h"

/* Learn which share of the bases the session's database has. False: it cannot tell now. */
bool counter_learn_share(struct keeper *keeper);

/* Read the newest base. Results are those of the store's reserve(). STORE_REFUSED: it is not trusted. */
enum store_result counter_look(struct keeper *keeper, uint64_t *newest,
			       struct text *reason) MUST_CHECK;

/*
 * STORE_OK if the database's counter is trusted, and the state file is kept. Otherwise STORE_REFUSED,
 * with the reason. STORE_LOST: one of several masters is not trusted. It counts as lost, and the others
 * serve.
 */
enum store_result counter_may_reserve(struct keeper *keeper, struct text *reason) MUST_CHECK;

/*
 * Reserve COUNT bases that were never issued before, see reserve() of the store. If no answer has shown
 * the counter for a second, read it first.
 */
enum store_result counter_reserve(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
				  struct text *reason) MUST_CHECK;

/* How a refusal ends: STORE_REFUSED, or STORE_LOST if one of several masters is refused. */
enum store_result counter_refusal(struct keeper *keeper) MUST_CHECK;

#endif
