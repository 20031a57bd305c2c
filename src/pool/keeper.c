#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/keeper.h"
#include "store/durable.h"

#define FIRST_ROW	 1 /* the newest base before the first; nobody has it */
#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 500
#define MOST_MOVES	 3    /* of the counter, for one reservation */
#define MOVE_ON_MS	 5000 /* at a master, of several */

static const struct store_share whole = {1, 0, false};

bool
keeper_pause(struct keeper *keeper, uint64_t ms)
{
	return queue_pause(keeper->queue, ms - (uint64_t)rand_r(&keeper->seed) % (ms / 2 + 1));
}

static void
back_off(struct keeper *keeper)
{
	if (keeper->pause_ms == 0)
		keeper->pause_ms = FIRST_PAUSE_MS;
	keeper_pause(keeper, keeper->pause_ms);
	keeper->pause_ms *= 2;
	if (keeper->pause_ms > LONGEST_PAUSE_MS)
		keeper->pause_ms = LONGEST_PAUSE_MS;
}

static void
note_open(struct keeper *keeper)
{
	if (keeper->was_open)
		metrics_add(METRIC_RECONNECTS + keeper->health->database, 1);
	keeper->was_open = true;
	keeper->opened_ms = clock_ms() - (uint64_t)rand_r(&keeper->seed) % (MOVE_ON_MS / 2);
	keeper->pause_ms = 0;
	if (keeper->is_counted)
		health_note_open(keeper->health);
}

/* --- looking at the database ----------------------------------------------------------------- */

/* Whether what newest() found says something about the share of the database behind the session. */
static bool
learn_share(struct keeper *keeper)
{
	if (keeper->store->share != NULL)
		return keeper->store->share(keeper->session, &keeper->share);
	keeper->share = whole;
	return true;
}

/* Nobody knows whether the bases up to PAST were given: leave them all behind. */
static enum store_result
move_past(struct keeper *keeper, uint64_t past, struct text *reason)
{
	uint64_t newest = 0;
	enum store_result result = keeper->store->newest(keeper->session, &newest, reason);

	if (result != STORE_OK || newest >= past)
		return result;
	result = keeper->store->advance(keeper->session, past, reason);
	if (result == STORE_OK)
		log_info("the counter was moved past what may have been given",
			 "from=%" PRIu64 " to=%" PRIu64 " gap=%" PRIu64, newest, past,
			 past - newest);
	return result;
}

/* What another server gave must not come from us either, should the database go back to before it. */
static bool
keep_state(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	const struct ticket_range own = {trust_own_base(&keeper->share, newest),
					 keeper->share.increment, 1};

	if (own.first > FIRST_ROW && !high_water_covers(keeper->high_water, &own, reason))
		return false;
	return high_water_tend(keeper->high_water, clock_ms(), reason);
}

static enum store_result
look_once(struct keeper *keeper, uint64_t *newest, enum trust_verdict *verdict, struct text *reason)
{
	uint64_t past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark);
	result = keeper->store->newest(keeper->session, newest, reason);
	if (result != STORE_OK)
		return result;
	if (!learn_share(keeper))
		return high_water_tend(keeper->high_water, clock_ms(), reason) ? STORE_OK
									       : STORE_REFUSED;
	if (keeper->share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, keeper->share.increment);
	*verdict = trust_judge_newest(keeper->trust, &keeper->mark, &keeper->share, *newest, &past,
				      reason);
	switch (*verdict) {
	case TRUST_REFUSED: return STORE_REFUSED;
	case TRUST_UNSURE: return move_past(keeper, past, reason);
	case TRUST_ACCEPTED: break;
	}
	return keep_state(keeper, *newest, reason) ? STORE_OK : STORE_REFUSED;
}

/* Ask for the newest base, and whether the database can be trusted with it. */
static enum store_result
look(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	enum trust_verdict verdict = TRUST_UNSURE;

	for (unsigned i = 0; i < MOST_MOVES && result == STORE_OK && verdict == TRUST_UNSURE; i++) {
		verdict = TRUST_ACCEPTED;
		result = look_once(keeper, newest, &verdict, reason);
	}
	return result;
}

/* --- opening and closing --------------------------------------------------------------------- */

/*
 * A session at one of several masters serves only when that one can be trusted: who has gone back
 * must not be asked again and again while the others serve.
 */
static enum store_result
open_session(struct keeper *keeper, struct text *reason)
{
	enum store_result result;
	uint64_t newest;

	keeper->note_opening(keeper->arg, true);
	result = durable_open(keeper->store, keeper->database, &keeper->session, reason);
	keeper->note_opening(keeper->arg, false);
	if (result != STORE_OK) {
		keeper->session = NULL;
		return result;
	}
	(void)learn_share(keeper);
	if (keeper->share.increment > 1)
		result = look(keeper, &newest, reason);
	if (result != STORE_OK) {
		keeper->store->close(keeper->session);
		keeper->session = NULL;
	}
	return result;
}

bool
keeper_open(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum store_result result;

	if (keeper->session != NULL)
		return true;
	keeper->generation = queue_generation(keeper->queue);
	result = open_session(keeper, &reason);
	if (result == STORE_OK) {
		note_open(keeper);
		return true;
	}
	metrics_add(METRIC_CONNECT_FAILURES + keeper->health->database, 1);
	health_note_trouble(keeper->health, result, false, memory);
	if (result == STORE_LOST)
		queue_note_doubt(keeper->queue);
	back_off(keeper);
	return false;
}

void
keeper_close(struct keeper *keeper)
{
	if (keeper->session == NULL)
		return;
	queue_leave(keeper->queue, &keeper->taker);
	keeper->store->close(keeper->session);
	keeper->session = NULL;
	if (keeper->is_counted)
		health_note_close(keeper->health);
}

void
keeper_move_on(struct keeper *keeper)
{
	if (keeper->session == NULL || keeper->share.increment == 1 ||
	    clock_ms() - keeper->opened_ms < MOVE_ON_MS)
		return;
	keeper_close(keeper);
	keeper->was_open = false; /* it was not lost */
}

bool
keeper_rest(struct keeper *keeper)
{
	if (!queue_is_resting(keeper->queue))
		return true;
	keeper_close(keeper);
	keeper->was_open = false; /* to open again is no reconnect */
	health_note_rest(keeper->health);
	return queue_rest(keeper->queue);
}

void
keeper_end(struct keeper *keeper)
{
	keeper_close(keeper);
	trust_mark_free(&keeper->mark);
}

/* --- reserving ------------------------------------------------------------------------------- */

/* Of several masters one that is refused is as good as lost; the state file is that of all. */
static enum store_result
refusal(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	if (keeper->share.increment > 1 && high_water_is_kept(keeper->high_water, &ignored))
		return STORE_LOST;
	return STORE_REFUSED;
}

enum store_result
keeper_may_reserve(struct keeper *keeper, struct text *reason)
{
	if (trust_is_given(keeper->trust, &keeper->share, reason) &&
	    high_water_is_kept(keeper->high_water, reason))
		return STORE_OK;
	return refusal(keeper);
}

static enum store_result
reserve_once(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
	     enum trust_verdict *verdict, struct text *reason)
{
	uint64_t last, past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark);
	result = keeper->store->reserve(keeper->session, count, bases, reason);
	if (result != STORE_OK)
		return result;
	if (!range_last(bases, &last)) {
		text_add(reason, "the database's counter is beyond 2^64-1");
		return STORE_EXHAUSTED;
	}
	if (keeper->share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, bases->increment);
	*verdict = trust_judge(keeper->trust, &keeper->mark, bases, &past, reason);
	switch (*verdict) {
	case TRUST_REFUSED: return STORE_REFUSED;
	case TRUST_UNSURE: return move_past(keeper, past, reason);
	case TRUST_ACCEPTED: break;
	}
	return high_water_covers(keeper->high_water, bases, reason) ? STORE_OK : STORE_REFUSED;
}

enum store_result
keeper_reserve(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
	       struct text *reason)
{
	for (unsigned i = 0; i < MOST_MOVES; i++) {
		enum trust_verdict verdict = TRUST_ACCEPTED;
		enum store_result result = reserve_once(keeper, count, bases, &verdict, reason);

		if (result == STORE_REFUSED)
			return refusal(keeper);
		if (result != STORE_OK || verdict == TRUST_ACCEPTED)
			return result;
	}
	text_add(reason, "the counter does not get past what may have been given");
	return refusal(keeper);
}

/* Where the last reservation failed, and not because we refuse what the database gives. */
static bool
needs_trial(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	return health_is_failing(keeper->health) &&
	       keeper_may_reserve(keeper, &ignored) == STORE_OK;
}

enum store_result
keeper_newest(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	struct ticket_range trial;

	if (needs_trial(keeper))
		result = keeper_reserve(keeper, 1, &trial, reason);
	if (result == STORE_OK)
		result = look(keeper, newest, reason);
	return result == STORE_REFUSED ? refusal(keeper) : result;
}

/* Idle sessions do not notice that the database went away: with this one lost they are suspect. */
static void
note_failure(struct keeper *keeper, enum store_result result, const char *reason)
{
	if (result == STORE_BUSY)
		return;
	keeper_close(keeper);
	if (result == STORE_LOST || result == STORE_UNREADY)
		queue_note_loss(keeper->queue, keeper->generation);
	health_note_trouble(keeper->health, result, true, reason);
}

bool
keeper_ask(struct keeper *keeper, uint64_t *newest)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum store_result result = keeper_newest(keeper, newest, &reason);

	if (result != STORE_OK) {
		note_failure(keeper, result, memory);
		return false;
	}
	health_note_good(keeper->health, *newest);
	return true;
}
