#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/counter.h"
#include "pool/keeper.h"
#include "store/durable.h"

#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 500
#define MOVE_ON_MS	 5000 /* at one of several masters */

bool
keeper_pause(struct keeper *keeper, uint64_t ms)
{
	return queue_pause(keeper->queue, ms - (uint64_t)rand_r(&keeper->seed) % (ms / 2 + 1));
}

/* Pause, and set a longer pause after the next failure. */
static void
keeper_back_off(struct keeper *keeper)
{
	if (keeper->pause_ms == 0)
		keeper->pause_ms = FIRST_PAUSE_MS;
	keeper_pause(keeper, keeper->pause_ms);
	keeper->pause_ms *= 2;
	if (keeper->pause_ms > LONGEST_PAUSE_MS)
		keeper->pause_ms = LONGEST_PAUSE_MS;
}

static void
keeper_note_open(struct keeper *keeper)
{
	if (keeper->was_open)
		metrics_add(METRIC_RECONNECTS + keeper->health->database, 1);
	keeper->was_open = true;
	keeper->opened_ms = clock_ms() - (uint64_t)rand_r(&keeper->seed) % (MOVE_ON_MS / 2);
	keeper->pause_ms = 0;
	if (keeper->is_counted)
		health_note_open(keeper->health);
}

/* --- opening and closing --------------------------------------------------------------------- */

/*
 * Open a session. Of several masters, a session serves only at a master that is trusted. Otherwise
 * reservations would go to the refused master again and again, while the others serve.
 */
static enum store_result
keeper_open_session(struct keeper *keeper, struct text *reason)
{
	enum store_result result;
	uint64_t newest;

	keeper->seen_ms = 0;
	keeper->was_stale = false;
	keeper->note_opening(keeper->arg, true);
	result = durable_open(keeper->store, keeper->database, &keeper->session, reason);
	keeper->note_opening(keeper->arg, false);
	if (result != STORE_OK) {
		keeper->session = NULL;
		return result;
	}
	(void)counter_learn_share(keeper);
	if (keeper->share.increment > 1)
		result = counter_look(keeper, &newest, reason);
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
	result = keeper_open_session(keeper, &reason);
	if (result == STORE_OK) {
		keeper_note_open(keeper);
		return true;
	}
	metrics_add(METRIC_CONNECT_FAILURES + keeper->health->database, 1);
	health_note_trouble(keeper->health, result, false, memory);
	if (result == STORE_LOST)
		queue_note_doubt(keeper->queue);
	keeper_back_off(keeper);
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
keeper_wait_for_resume(struct keeper *keeper)
{
	if (!queue_is_drained(keeper->queue))
		return true;
	keeper_close(keeper);
	keeper->was_open = false; /* to open it again is no reconnect */
	health_note_drained(keeper->health);
	return queue_wait_for_resume(keeper->queue);
}

void
keeper_end(struct keeper *keeper)
{
	keeper_close(keeper);
	trust_mark_free(&keeper->mark);
}
