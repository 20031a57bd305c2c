#include "pool/trial.h"
#include "pool/counter.h"

#define LATE_MS 500 /* for a reservation: half of the time after which the pool is not ready */

/*
 * Return true if a reservation has had no answer for a while. Only the maintenance session makes a
 * trial then.
 */
static bool
trial_is_due(struct keeper *keeper)
{
	return !keeper->is_counted && queue_is_slow(keeper->queue, LATE_MS) &&
	       !health_has_reserved(keeper->health, LATE_MS);
}

/* Return true if the last reservation failed or is late, while the database is not refused. */
static bool
trial_is_needed(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	return (health_is_failing(keeper->health) || trial_is_due(keeper)) &&
	       counter_may_reserve(keeper, &ignored) == STORE_OK;
}

static enum store_result
trial_reserve(struct keeper *keeper, struct text *reason)
{
	const struct store_order order = {.count = keeper->instance == NULL};
	struct ticket_range trial;
	enum store_result result = counter_reserve(keeper, &order, &trial, reason);

	if (result == STORE_OK) /* the range of a clock may be empty */
		health_note_reserved(keeper->health, trial.first + trial.count - 1);
	return result;
}

/* Idle sessions do not notice that the database is down. After this loss they must open again. */
static void
trial_note_failure(struct keeper *keeper, enum store_result result, const char *reason)
{
	if (result == STORE_BUSY)
		return;
	keeper_close(keeper);
	if (result == STORE_LOST || result == STORE_UNREADY)
		queue_note_loss(keeper->queue, keeper->generation);
	health_note_trouble(keeper->health, result, true, reason);
}

bool
trial_look(struct keeper *keeper, uint64_t *newest)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum store_result result = STORE_OK;

	if (trial_is_needed(keeper))
		result = trial_reserve(keeper, &reason);
	if (result == STORE_OK)
		result = counter_look(keeper, newest, &reason);
	if (result == STORE_OK && !keeper->is_counted)
		result = counter_rest(keeper, &reason);
	if (result == STORE_REFUSED)
		result = counter_refusal(keeper);
	if (result != STORE_OK) {
		trial_note_failure(keeper, result, memory);
		return false;
	}
	health_note_good(keeper->health, *newest);
	return true;
}
