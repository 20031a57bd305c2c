#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/maintenance.h"
#include "pool/trial.h"

#define LOOK_EVERY_MS  250
#define PRUNE_PAUSE_MS 5    /* between chunks, so that tickets come first */
#define KEEP_ROWS      1000 /* the newest ones, for the operator to read */

/*
 * A deleted row costs the database more than an inserted one. So pruning waits until the load is lower.
 */
#define BUSY_RATE      5000 /* bases a second */
#define KEEP_ROWS_BUSY 1000000

/* The memory of the maintenance thread between two rounds. */
struct round {
	uint64_t looked_ms; /* 0: never */
	uint64_t newest;
	bool is_busy;
	char no_pruning
		[REASON_SIZE]; /* the reason of the last failure to prune, as logged; "": none */
};

/* Log FAILURE to prune ("": it succeeded), unless it repeats the last one. */
static void
maintenance_note_pruning(struct round *round, const struct keeper *keeper, const char *failure)
{
	bool is_news = failure[0] != '\0' && strcmp(round->no_pruning, failure) != 0;

	snprintf(round->no_pruning, sizeof(round->no_pruning), "%s", failure);
	if (is_news)
		log_warn("old rows could not be pruned", LOG_TEXT("reason", failure),
			 LOG_DATABASE(keeper->health->name));
}

/* Look at the database, unless a look was made lately. Return false if the database does not answer. */
static bool
maintenance_look(struct keeper *keeper, struct round *round)
{
	uint64_t newest, now_ms;

	if (clock_ms() - round->looked_ms < LOOK_EVERY_MS / 2) /* a pause may be half as long */
		return true;
	if (!trial_look(keeper, &newest))
		return false;
	now_ms = clock_ms();
	round->is_busy =
		round->looked_ms != 0 && newest > round->newest &&
		(newest - round->newest) / (now_ms - round->looked_ms + 1) >= BUSY_RATE / 1000;
	round->newest = newest;
	round->looked_ms = now_ms;
	return true;
}

/* Delete old rows. Return whether there are more of them. */
static bool
maintenance_prune(struct keeper *keeper, struct round *round)
{
	uint64_t keep = round->is_busy ? KEEP_ROWS_BUSY : KEEP_ROWS;
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	uint64_t rows = 0;
	bool is_more = false;
	enum store_result result;

	if (keeper->store->prune == NULL)
		return false;
	result = keeper->store->prune(keeper->session, keep, &rows, &is_more, &reason);
	metrics_add(METRIC_PRUNED_ROWS + keeper->health->database, rows);
	if (result != STORE_OK || rows > 0)
		maintenance_note_pruning(round, keeper, memory);
	if (result == STORE_OK)
		return is_more;
	/*
	 * If the database refuses, keep the session: the next one would be refused too, four times a
	 * second.
	 */
	if (result != STORE_BUSY && result != STORE_REFUSED)
		keeper_close(keeper);
	return false;
}

/* Log the warnings about the database's settings that are not in SAID, and add them to SAID. */
static void
maintenance_warn(struct keeper *keeper, struct text *said)
{
	char memory[2048];
	struct text warnings = TEXT_OVER(memory);
	char *rest = memory;
	char *line;

	keeper->store->warn(keeper->session, &warnings);
	if (keeper->store->advise != NULL)
		keeper->store->advise(keeper->session, &warnings);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0' || strstr(said->start, line) != NULL)
			continue;
		log_warn(line, LOG_DATABASE(keeper->health->name));
		text_addf(said, "%s\n", line);
	}
}

void
maintenance_run(struct keeper *keeper)
{
	char memory[4096];
	struct text said = TEXT_OVER(memory);
	struct round round = {0};
	bool goes_on = true;

	while (goes_on) {
		bool is_more = false;
		bool is_new;

		queue_nudge(keeper->queue);
		if (!keeper_wait_for_resume(keeper))
			return;
		is_new = keeper->session == NULL;
		if (is_new && keeper->was_open) /* it was lost: it may be another database now */
			text_clear(&said);
		if (keeper_open(keeper)) {
			if (is_new)
				maintenance_warn(keeper, &said);
			if (maintenance_look(keeper, &round))
				is_more = maintenance_prune(keeper, &round);
		}
		queue_open(keeper->queue);
		if (!is_more)
			keeper_move_on(keeper);
		goes_on = keeper_pause(keeper, is_more ? PRUNE_PAUSE_MS : LOOK_EVERY_MS);
	}
}
