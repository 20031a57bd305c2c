#include <stdlib.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "pool/keeper.h"

#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 1000
#define MOVE_ON_MS	 5000 /* at a master, of several */

static const struct store_share whole = {1, 0};

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
		metrics_add(METRIC_RECONNECTS, 1);
	keeper->was_open = true;
	keeper->opened_ms = clock_ms() - (uint64_t)rand_r(&keeper->seed) % (MOVE_ON_MS / 2);
	keeper->pause_ms = 0;
	if (keeper->is_counted)
		health_note_open(keeper->health);
}

/* Whether what newest() found says something about the share of the database behind the session. */
static bool
learn_share(struct keeper *keeper)
{
	if (keeper->store->share != NULL)
		return keeper->store->share(keeper->session, &keeper->share);
	keeper->share = whole;
	return true;
}

/* Ask for the newest base, and whether the database can be trusted with it. */
static enum store_result
look(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result;

	trust_mark(keeper->trust, &keeper->mark);
	result = keeper->store->newest(keeper->session, newest, reason);
	if (result != STORE_OK || !learn_share(keeper))
		return result;
	if (trust_accepts_newest(keeper->trust, &keeper->mark, &keeper->share, *newest, reason))
		return STORE_OK;
	return STORE_REFUSED;
}

/*
 * A session at one of several masters serves only when that one can be trusted: who has gone back
 * must not be asked again and again while the others serve.
 */
static enum store_result
open_session(struct keeper *keeper, struct text *reason)
{
	enum store_result result = keeper->store->open(keeper->database, &keeper->session, reason);
	uint64_t newest;

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
	metrics_add(METRIC_CONNECT_FAILURES, 1);
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

void
keeper_move_on(struct keeper *keeper)
{
	if (keeper->session == NULL || keeper->share.increment == 1 ||
	    clock_ms() - keeper->opened_ms < MOVE_ON_MS)
		return;
	keeper_close(keeper);
	keeper->was_open = false; /* it was not lost */
}

void
keeper_end(struct keeper *keeper)
{
	keeper_close(keeper);
	trust_classes_free(&keeper->mark);
}

enum store_result
keeper_refusal(const struct keeper *keeper)
{
	return keeper->share.increment > 1 ? STORE_LOST : STORE_REFUSED;
}

enum store_result
keeper_reserve(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
	       struct text *reason)
{
	enum store_result result;
	uint64_t last;

	trust_mark(keeper->trust, &keeper->mark);
	result = keeper->store->reserve(keeper->session, count, bases, reason);
	if (result != STORE_OK)
		return result;
	if (!range_last(bases, &last)) {
		text_add(reason, "the database's counter is beyond 2^64-1");
		return STORE_EXHAUSTED;
	}
	if (trust_accepts(keeper->trust, &keeper->mark, bases, reason))
		return STORE_OK;
	return keeper_refusal(keeper);
}

/* Where the last reservation failed, and not because the counter has gone back. */
static bool
needs_trial(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	return health_is_failing(keeper->health) &&
	       trust_is_given(keeper->trust, &keeper->share, &ignored);
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
	return result == STORE_REFUSED ? keeper_refusal(keeper) : result;
}
