/*
 * counter_sequences -- the statements of a pool of named sequences that counter.c needs.
 *
 * In the keeper's thread, on its open session, as counter.h.
 */
#ifndef TICKR_POOL_COUNTER_SEQUENCES_H
#define TICKR_POOL_COUNTER_SEQUENCES_H

#include "pool/keeper.h"

/*
 * Run the statement of ORDER, after trust_remember(). STORE_OK: BASES is the clock's range, and *VERDICT the opinion of
 * the server's row. INSTANCE_CLONED: the server has another id now.
 */
enum store_result counter_move_sequences(struct keeper *keeper, const struct store_order *order,
					 struct ticket_range *bases, enum instance_verdict *verdict,
					 struct text *reason) MUST_CHECK;

/* Read the server's row, where the clock is at CLOCK. *VERDICT as above. */
enum store_result counter_read_row(struct keeper *keeper, uint64_t clock,
				   enum instance_verdict *verdict, struct text *reason) MUST_CHECK;

/* Raise all sequences above the numbers that they had while the clock was at PAST or below. */
enum store_result counter_raise(struct keeper *keeper, uint64_t past,
				struct text *reason) MUST_CHECK;

#endif
