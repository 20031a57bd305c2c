#include <string.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/maintenance.h"

#define ASK_EVERY_MS   250
#define PRUNE_PAUSE_MS 5 /* between chunks, so that tickets come first */

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

static bool
ask(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	uint64_t newest;
	enum store_result result = keeper_newest(keeper, &newest, &reason);

	if (result == STORE_OK)
		health_note_good(keeper->health, newest);
	else
		note_failure(keeper, result, memory);
	return result == STORE_OK;
}

static bool
prune(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	uint64_t rows = 0;
	bool is_more = false;
	enum store_result result;

	result = keeper->store->prune(keeper->session, &rows, &is_more, &reason);
	metrics_add(METRIC_PRUNED_ROWS + keeper->health->database, rows);
	if (result == STORE_OK)
		return is_more;
	log_warn("old rows could not be pruned", "reason=\"%s\" database=\"%s\"", memory,
		 keeper->health->name);
	if (result != STORE_BUSY)
		keeper_close(keeper);
	return false;
}

/* What is dangerous about the database's settings: what was not SAID before. */
static void
warn(struct keeper *keeper, struct text *said)
{
	char memory[1024];
	struct text warnings = TEXT_OVER(memory);
	char *rest = memory;
	char *line;

	keeper->store->warn(keeper->session, &warnings);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0' || strstr(said->start, line) != NULL)
			continue;
		log_warn(line, "database=\"%s\"", keeper->health->name);
		text_addf(said, "%s\n", line);
	}
}

void
maintenance_run(struct keeper *keeper)
{
	char memory[4096];
	struct text said = TEXT_OVER(memory);
	bool goes_on = true;

	while (goes_on) {
		bool is_more = false;
		bool is_new;

		queue_nudge(keeper->queue);
		if (!keeper_rest(keeper))
			return;
		is_new = keeper->session == NULL;
		if (is_new && keeper->was_open) /* it was lost: the database may be another now */
			text_clear(&said);
		if (keeper_open(keeper)) {
			if (is_new)
				warn(keeper, &said);
			if (ask(keeper))
				is_more = prune(keeper);
		}
		if (!is_more)
			keeper_move_on(keeper);
		goes_on = keeper_pause(keeper, is_more ? PRUNE_PAUSE_MS : ASK_EVERY_MS);
	}
}
