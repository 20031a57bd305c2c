/*
 * counter_guard -- how counter.c reads a counter, moves it forward, and refuses a database.
 *
 * In the keeper's thread, on its open session, as counter.h.
 */
#ifndef TICKR_POOL_COUNTER_GUARD_H
#define TICKR_POOL_COUNTER_GUARD_H

#include "pool/keeper.h"

/* Tell the listener whether the database is trusted. */
void counter_tell(struct keeper *keeper, bool is_trusted);

/* Read the newest base, and note the number of an operator's last advance. */
enum store_result counter_read(struct keeper *keeper, uint64_t *newest,
			       struct text *reason) MUST_CHECK;

/*
 * The database is past all that was issued, so it is the known one from now on. Several masters may
 * each have an identity; then the first one stays. False: the state file cannot be written.
 */
bool counter_adopt(struct keeper *keeper, struct text *reason) MUST_CHECK;

/* The bases of SHARE up to PAST may have been issued: leave them all out. */
enum store_result counter_move_past(struct keeper *keeper, const struct store_share *share,
				    uint64_t past, struct text *reason) MUST_CHECK;

/*
 * The known database may lack the last statements of this server, whatever its clock shows, which is at NEWEST.
 * Raise its sequences past all that was issued while the clock was at PAST or below.
 */
enum store_result counter_raise_unsure(struct keeper *keeper, uint64_t newest, uint64_t past,
				       struct text *reason) MUST_CHECK;

/*
 * The database of SHARE is refused for REASON, which may become another: that of a latched one. STORE_OK:
 * the refusal is over, so ask again.
 */
enum store_result counter_refuse(struct keeper *keeper, const struct store_share *share,
				 uint64_t past, struct text *reason) MUST_CHECK;

/*
 * The database is refused, and NEWEST was read; its counter should be past PAST. *IS_AGAIN: an
 * operator has moved it, so look again.
 */
enum store_result counter_reconsider(struct keeper *keeper, uint64_t newest, uint64_t past,
				     bool *is_again, struct text *reason) MUST_CHECK;

#endif
