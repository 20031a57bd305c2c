#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/keeper.h"
#include "store/durable.h"

#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 1000
#define MOST_MOVES	 3 /* of the counter, for one reservation */

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
	keeper->pause_ms = 0;
	if (keeper->is_counted)
		health_note_open(keeper->health);
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
	result = durable_open(keeper->store, keeper->database, &keeper->session, &reason);
	if (result == STORE_OK) {
		note_open(keeper);
		return true;
	}
	keeper->session = NULL;
	metrics_add(METRIC_CONNECT_FAILURES + keeper->health->database, 1);
	health_note_trouble(keeper->health, result, false, memory);
	back_off(keeper);
	return false;
}

void
keeper_close(struct keeper *keeper)
{
	if (keeper->session == NULL)
		return;
	keeper->store->close(keeper->session);
	keeper->session = NULL;
	if (keeper->is_counted)
		health_note_close(keeper->health);
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

bool
keeper_may_reserve(struct keeper *keeper, struct text *reason)
{
	return trust_is_given(keeper->trust, reason) &&
	       high_water_is_kept(keeper->high_water, reason);
}

/* Nobody knows whether the last process gave the bases up to PAST: leave them all behind. */
static enum store_result
move_past(struct keeper *keeper, uint64_t past, struct text *reason)
{
	uint64_t newest = 0;
	enum store_result result = keeper->store->newest(keeper->session, &newest, reason);

	if (result != STORE_OK || newest >= past)
		return result;
	result = keeper->store->advance(keeper->session, past, reason);
	if (result == STORE_OK)
		log_info("the counter was moved past what the last run may have given",
			 "from=%" PRIu64 " to=%" PRIu64 " gap=%" PRIu64, newest, past,
			 past - newest);
	return result;
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

		if (result != STORE_OK || verdict == TRUST_ACCEPTED)
			return result;
	}
	text_add(reason, "the counter does not get past what the last run may have given");
	return STORE_REFUSED;
}

/* Where the last reservation failed, and not because we refuse what the database gives. */
static bool
needs_trial(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	return health_is_failing(keeper->health) && keeper_may_reserve(keeper, &ignored);
}

/* What another server gave must not come from us either, should the database go back to before it. */
static bool
keep_state(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	const struct ticket_range seen = {newest, 1, 1};

	if (keeper->mark.given.step == 1 && !high_water_covers(keeper->high_water, &seen, reason))
		return false;
	return high_water_tend(keeper->high_water, clock_ms(), reason);
}

static enum store_result
newest_once(struct keeper *keeper, uint64_t *newest, enum trust_verdict *verdict,
	    struct text *reason)
{
	uint64_t past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark);
	result = keeper->store->newest(keeper->session, newest, reason);
	if (result != STORE_OK)
		return result;
	*verdict = trust_judge_newest(keeper->trust, &keeper->mark, *newest, &past, reason);
	switch (*verdict) {
	case TRUST_REFUSED: return STORE_REFUSED;
	case TRUST_UNSURE: return move_past(keeper, past, reason);
	case TRUST_ACCEPTED: break;
	}
	return keep_state(keeper, *newest, reason) ? STORE_OK : STORE_REFUSED;
}

enum store_result
keeper_newest(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	struct ticket_range trial;

	if (needs_trial(keeper))
		result = keeper_reserve(keeper, 1, &trial, reason);
	for (unsigned i = 0; result == STORE_OK && i < MOST_MOVES; i++) {
		enum trust_verdict verdict = TRUST_ACCEPTED;

		result = newest_once(keeper, newest, &verdict, reason);
		if (verdict == TRUST_ACCEPTED)
			break;
	}
	return result;
}
