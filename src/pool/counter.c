#include "base/clock.h"
#include "base/log.h"
#include "pool/counter.h"
#include "pool/counter_guard.h"
#include "pool/counter_sequences.h"

#define FIRST_ROW    1	  /* the newest base before the first; it is no ticket */
#define MOST_MOVES   3	  /* of the counter, for one reservation */
#define MOST_SEEN_MS 1000 /* since an answer has shown the counter; then read it again */

static const struct store_share whole = {1, 0, false};

bool
counter_learn_share(struct keeper *keeper)
{
	if (keeper->store->share != NULL)
		return keeper->store->share(keeper->session, &keeper->share);
	keeper->share = whole;
	return true;
}

/* The state file is that of all masters. So if it is not kept, all of them are refused. */
enum store_result
counter_refusal(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	if (keeper->share.increment > 1 && high_water_is_kept(keeper->high_water, &ignored))
		return STORE_LOST;
	return STORE_REFUSED;
}

/* --- reserving --------------------------------------------------------------------------------- */

/* Reject BASES of the clock, because the row of this server says VERDICT, which is not good. */
static enum store_result
counter_reject(struct keeper *keeper, enum instance_verdict verdict,
	       const struct ticket_range *bases, struct text *reason)
{
	uint64_t past;

	if (verdict == INSTANCE_CLONED)
		return STORE_OK;
	trust_accuse(keeper->trust, &keeper->mark, &keeper->share, bases->first + bases->count - 1,
		     &past);
	return counter_refuse(keeper, &keeper->share, past, reason);
}

/*
 * Reserve the bases of ORDER with one statement, and judge them. STORE_OK without TRUST_ACCEPTED: the bases are
 * abandoned, and the caller retries.
 */
static enum store_result
counter_reserve_once(struct keeper *keeper, const struct store_order *order,
		     struct ticket_range *bases, enum trust_verdict *verdict, struct text *reason)
{
	struct store_share share = {.is_elastic = keeper->share.is_elastic};
	enum instance_verdict row = INSTANCE_GOOD;
	uint64_t last, past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	if (keeper->instance == NULL)
		result = keeper->store->reserve(keeper->session, order, bases, reason);
	else
		result = counter_move_sequences(keeper, order, bases, &row, reason);
	if (result != STORE_OK)
		return result;
	if (row != INSTANCE_GOOD) {
		*verdict = TRUST_UNSURE;
		return counter_reject(keeper, row, bases, reason);
	}
	if (!range_last(bases, &last)) {
		text_add(reason, "the database's counter is beyond 2^64-1");
		return STORE_EXHAUSTED;
	}
	share.increment = bases->increment;
	share.residue = bases->first % bases->increment;
	if (share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, share.increment);
	*verdict = trust_judge(keeper->trust, &keeper->mark, bases, &past, reason);
	switch (*verdict) {
	case TRUST_REFUSED: /* STORE_OK: the refusal is over */
		return counter_refuse(keeper, &share, past, reason);
	case TRUST_UNSURE:
		if (past == 0) /* too many recent ranges to compare with: retry as it is */
			return STORE_OK;
		return counter_move_past(keeper, &share, past, reason);
	case TRUST_SUSPECT: /* only a read is suspect */
	case TRUST_ACCEPTED: break;
	}
	keeper->seen_ms = keeper->mark.began_ms;
	return high_water_covers(keeper->high_water, bases, reason) ? STORE_OK : STORE_REFUSED;
}

/* --- looks ------------------------------------------------------------------------------------- */

/* Add the bases of other servers to the state file, so that this server never repeats them. */
static bool
counter_keep_state(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	const struct ticket_range own = {trust_own_base(&keeper->share, newest),
					 keeper->share.increment, 1};

	if (own.first > FIRST_ROW && !high_water_covers(keeper->high_water, &own, reason))
		return false;
	return high_water_tend(keeper->high_water, clock_ms(), reason);
}

static enum store_result
counter_accept(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	keeper->seen_ms = keeper->mark.began_ms;
	if (!counter_keep_state(keeper, newest, reason) || !counter_adopt(keeper, reason))
		return STORE_REFUSED;
	counter_note(keeper, true);
	return STORE_OK;
}

/* Accept NEWEST, which a statement that writes has shown. Reads have shown the lower READ. */
static enum store_result
counter_accept_written(struct keeper *keeper, uint64_t read, uint64_t newest, struct text *reason)
{
	if (!keeper->was_stale)
		log_warn("reads are older than writes", LOG_NUMBER("read", read),
			 LOG_NUMBER("counter", newest),
			 LOG_TEXT("reason",
				  "a proxy sends reads to a replica, which is not supported"),
			 LOG_DATABASE(keeper->health->name));
	keeper->was_stale = true;
	return counter_accept(keeper, newest, reason);
}

/* Act on VERDICT and PAST of the trust, after a statement that no replica answers. */
static enum store_result
counter_act(struct keeper *keeper, enum trust_verdict verdict, uint64_t past, struct text *reason)
{
	if (verdict == TRUST_REFUSED)
		return counter_refuse(keeper, &keeper->share, past, reason);
	if (verdict == TRUST_UNSURE)
		return counter_move_past(keeper, &keeper->share, past, reason);
	return STORE_OK;
}

/*
 * Write the row of this server and nothing else, which shows the clock where reads may hide it. CLOCK is empty, and
 * begins after the clock. *VERDICT is that of the trust, as for a reservation.
 */
static enum store_result
counter_write_row(struct keeper *keeper, struct ticket_range *clock, enum trust_verdict *verdict,
		  struct text *reason)
{
	const struct store_order order = {.count = 0};
	enum instance_verdict row = INSTANCE_GOOD;
	uint64_t past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	result = counter_move_sequences(keeper, &order, clock, &row, reason);
	if (result != STORE_OK)
		return result;
	*verdict = TRUST_UNSURE;
	if (row != INSTANCE_GOOD)
		return counter_reject(keeper, row, clock, reason);
	*verdict = trust_judge_confirmed(keeper->trust, &keeper->mark, &keeper->share,
					 clock->first - 1, &past, reason);
	return counter_act(keeper, *verdict, past, reason);
}

/* Read the clock where statements write, because a read of it was too low. */
static enum store_result
counter_confirm_clock(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	uint64_t read = *newest, past;
	enum trust_verdict verdict;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	result = keeper->store->confirm(keeper->session, newest, reason);
	if (result != STORE_OK)
		return result;
	verdict = trust_judge_confirmed(keeper->trust, &keeper->mark, &keeper->share, *newest,
					&past, reason);
	if (verdict == TRUST_ACCEPTED)
		return counter_accept_written(keeper, read, *newest, reason);
	return counter_act(keeper, verdict, past, reason);
}

/*
 * Reserve one base, because NEWEST reads too low. A proxy may have sent the read to a replica that
 * lags, but it sends a reservation to the master. The base shows the counter, and becomes a gap.
 */
static enum store_result
counter_confirm(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	struct ticket_range trial;
	enum trust_verdict verdict = TRUST_UNSURE;
	uint64_t read = *newest;
	enum store_result result;

	if (keeper->store->confirm != NULL)
		return counter_confirm_clock(keeper, newest, reason);
	result = counter_reserve_once(keeper, STORE_COUNT(1), &trial, &verdict, reason);
	if (result != STORE_OK || verdict != TRUST_ACCEPTED)
		return result;
	*newest = trial.first;
	return counter_accept_written(keeper, read, *newest, reason);
}

/* Heed VERDICT on the row of this server, as it was read. The clock is trusted. */
static enum store_result
counter_heed_row(struct keeper *keeper, enum instance_verdict verdict, uint64_t past,
		 uint64_t *newest, bool *is_again, struct text *reason)
{
	enum trust_verdict trusted = TRUST_UNSURE;
	struct ticket_range clock;
	enum store_result result;

	if (verdict == INSTANCE_CLONED) {
		*is_again = true;
		return STORE_OK;
	}
	if (verdict == INSTANCE_UNSURE) {
		*is_again = true;
		return counter_raise_unsure(keeper, *newest, past > *newest ? past : *newest,
					    reason);
	}
	result = counter_write_row(keeper, &clock, &trusted, reason);
	if (result != STORE_OK || trusted != TRUST_ACCEPTED)
		return result;
	*newest = clock.first - 1;
	if (verdict != INSTANCE_NEW)
		return counter_accept_written(keeper, *newest, *newest, reason);
	if (!instance_note_written(keeper->instance, reason))
		return STORE_REFUSED;
	return counter_accept(keeper, *newest, reason);
}

static enum store_result
counter_look_once(struct keeper *keeper, uint64_t *newest, bool *is_again, struct text *reason)
{
	enum instance_verdict row = INSTANCE_GOOD;
	uint64_t past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	result = counter_read(keeper, newest, reason);
	if (result == STORE_OK && keeper->instance != NULL)
		result = counter_read_row(keeper, *newest, &row, reason);
	if (result != STORE_OK)
		return result;
	/* The row may hold another master's base, so the read proves nothing. Only keep the state file. */
	if (!counter_learn_share(keeper))
		return high_water_tend(keeper->high_water, clock_ms(), reason) ? STORE_OK
									       : STORE_REFUSED;
	if (keeper->share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, keeper->share.increment);
	switch (trust_judge_newest(keeper->trust, &keeper->mark, &keeper->share, *newest, &past,
				   reason)) {
	case TRUST_REFUSED: return counter_reconsider(keeper, *newest, past, is_again, reason);
	case TRUST_SUSPECT: return counter_confirm(keeper, newest, reason);
	case TRUST_UNSURE:
		*is_again = true;
		return counter_move_past(keeper, &keeper->share, past, reason);
	case TRUST_ACCEPTED: break;
	}
	if (row != INSTANCE_GOOD)
		return counter_heed_row(keeper, row, past, newest, is_again, reason);
	return counter_accept(keeper, *newest, reason);
}

enum store_result
counter_look(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	bool is_again = true;

	for (unsigned i = 0; i < MOST_MOVES && result == STORE_OK && is_again; i++) {
		is_again = false;
		result = counter_look_once(keeper, newest, &is_again, reason);
	}
	return result;
}

/* --- reserving for requests --------------------------------------------------------------------- */

enum store_result
counter_may_reserve(struct keeper *keeper, struct text *reason)
{
	if (trust_allows(keeper->trust, &keeper->share, reason) &&
	    high_water_is_kept(keeper->high_water, reason))
		return STORE_OK;
	return counter_refusal(keeper);
}

/*
 * Return true if an answer has shown the counter lately. Of several masters, only this session's
 * answers count.
 */
static bool
counter_is_seen(struct keeper *keeper)
{
	uint64_t seen_ms = keeper->seen_ms;

	if (keeper->share.increment == 1)
		seen_ms = trust_seen_ms(keeper->trust);
	/* Read the clock last, because another thread may see the counter meanwhile. */
	return seen_ms != 0 && clock_ms() - seen_ms <= MOST_SEEN_MS;
}

enum store_result
counter_reserve(struct keeper *keeper, const struct store_order *order, struct ticket_range *bases,
		struct text *reason)
{
	enum store_result result = STORE_OK;
	uint64_t newest;

	if (!counter_is_seen(keeper))
		result = counter_look(keeper, &newest, reason);
	for (unsigned i = 0; i < MOST_MOVES && result == STORE_OK; i++) {
		enum trust_verdict verdict = TRUST_ACCEPTED;

		if (keeper->instance != NULL && !instance_is_met(keeper->instance)) {
			result = counter_look(keeper, &newest, reason);
			continue;
		}
		if (order->count == 0)
			result = counter_write_row(keeper, bases, &verdict, reason);
		else
			result = counter_reserve_once(keeper, order, bases, &verdict, reason);
		if (result == STORE_OK && verdict == TRUST_ACCEPTED)
			return STORE_OK;
	}
	if (result == STORE_OK)
		text_add(reason,
			 keeper->instance != NULL
				 ? "the clock stays below ids that may have been issued"
				 : "the counter stays below tickets that may have been issued");
	return result == STORE_OK || result == STORE_REFUSED ? counter_refusal(keeper) : result;
}

enum store_result
counter_rest(struct keeper *keeper, struct text *reason)
{
	const struct store_order order = {.count = 0};
	struct ticket_range clock;
	enum store_result result;

	if (keeper->instance == NULL)
		return STORE_OK;
	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	if (!instance_is_idle(keeper->instance, classes_top(&keeper->mark.certain), clock_ms()))
		return STORE_OK;
	result = counter_reserve(keeper, &order, &clock, reason);
	if (result == STORE_OK)
		high_water_rest(keeper->high_water);
	return result;
}
