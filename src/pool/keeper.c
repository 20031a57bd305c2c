#include <stdlib.h>

#include "metrics/metrics.h"
#include "pool/keeper.h"

#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 1000

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
	result = keeper->store->open(keeper->database, &keeper->session, &reason);
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
	trust_classes_free(&keeper->mark);
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
	return trust_accepts(keeper->trust, &keeper->mark, bases, reason) ? STORE_OK
									  : STORE_REFUSED;
}

/* Where the last reservation failed, and not because the counter has gone back. */
static bool
needs_trial(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	return health_is_failing(keeper->health) && trust_is_given(keeper->trust, &ignored);
}

enum store_result
keeper_newest(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	struct ticket_range trial;

	if (needs_trial(keeper))
		result = keeper_reserve(keeper, 1, &trial, reason);
	trust_mark(keeper->trust, &keeper->mark);
	if (result == STORE_OK)
		result = keeper->store->newest(keeper->session, newest, reason);
	if (result == STORE_OK &&
	    !trust_accepts_newest(keeper->trust, &keeper->mark, *newest, reason))
		result = STORE_REFUSED;
	return result;
}
