/*
 * counter_guard -- how counter.c reads a counter, moves it forward, and refuses a database.
 *
 * In the keeper's thread, on its open session, as counter.h.
 */
#ifndef TICKR_POOL_COUNTER_GUARD_H
#define TICKR_POOL_COUNTER_GUARD_H

#include "pool/keeper.h"

/* Note for the listener whether the database is trusted. */
void counter_note(struct keeper *keeper, bool is_trusted);

/* Read the newest base, and note the number of an operator's last advance. */
enum store_result counter_read(struct keeper *keeper, uint64_t *newest,
			       struct text *reason) MUST_CHECK;

/*
 * Make the database the known one, because its counter is past all issued bases. Several masters may
 * each have an identity. Then the first one stays. Return false if the state file cannot be written.
 */
bool counter_adopt(struct keeper *keeper, struct text *reason) MUST_CHECK;

/* Move the counter past the bases of SHARE up to PAST, which may have been issued. */
enum store_result counter_move_past(struct keeper *keeper, const struct store_share *share,
				    uint64_t past, struct text *reason) MUST_CHECK;

/*
 * Raise the sequences past all ids that were issued while the clock was at PAST or below. The known database may
 * lack the last statements of this server, whatever its clock shows. NEWEST is that clock.
 */
enum store_result counter_raise_unsure(struct keeper *keeper, uint64_t newest, uint64_t past,
				       struct text *reason) MUST_CHECK;

/*
 * Refuse the database of SHARE for REASON, which may change to that of a latched refusal. Return
 * STORE_OK if the refusal is over: then retry.
 */
enum store_result counter_refuse(struct keeper *keeper, const struct store_share *share,
				 uint64_t past, struct text *reason) MUST_CHECK;

/*
 * Reconsider the refusal of the database, whose counter reads NEWEST and should be past PAST.
 * *IS_AGAIN: Set if the refusal may be over. With STORE_OK the caller then looks again.
 */
enum store_result counter_reconsider(struct keeper *keeper, uint64_t newest, uint64_t past,
				     bool *is_again, struct text *reason) MUST_CHECK;

#endif
