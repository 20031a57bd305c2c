#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "lease/shown.h"
#include "snowflake/clock.h"

static const char *const phase_names[] = {"waiting", "held", "lost"};

const char *
lease_phase_name(enum lease_phase phase)
{
	assert(phase < ARRAY_LENGTH(phase_names));
	return phase_names[phase];
}

void
shown_init(struct lease_shown *shown)
{
	*shown = (struct lease_shown){.epoch_ms = UINT64_MAX, .expires_at_ms = UINT64_MAX};
	pthread_mutex_init(&shown->mutex, NULL);
	clock_cond_init(&shown->known);
	snprintf(shown->reason, sizeof(shown->reason), "no worker id is claimed yet");
}

void
shown_destroy(struct lease_shown *shown)
{
	pthread_cond_destroy(&shown->known);
	pthread_mutex_destroy(&shown->mutex);
}

/* --- for the coordination thread ----------------------------------------------------------------- */

void
shown_claim(struct lease_shown *shown, uint32_t worker)
{
	pthread_mutex_lock(&shown->mutex);
	shown->worker = worker;
	shown->claims++;
	pthread_mutex_unlock(&shown->mutex);
}

void
shown_hold(struct lease_shown *shown, uint64_t epoch_ms, uint64_t bound_ms)
{
	pthread_mutex_lock(&shown->mutex);
	shown->phase = LEASE_HELD;
	shown->is_known = true;
	shown->is_refused = shown->is_unfit = false;
	shown->epoch_ms = epoch_ms;
	shown->bound_ms = bound_ms;
	shown->reason[0] = '\0';
	pthread_cond_broadcast(&shown->known);
	pthread_mutex_unlock(&shown->mutex);
}

void
shown_fail(struct lease_shown *shown, enum lease_result result, bool is_held, const char *reason)
{
	pthread_mutex_lock(&shown->mutex);
	if (shown->phase == LEASE_HELD && !is_held)
		shown->phase = LEASE_LOST;
	shown->is_unfit = result == LEASE_CLOCK_AHEAD;
	shown->is_refused = result == LEASE_REFUSED;
	shown->is_known |= result == LEASE_REFUSED || result == LEASE_NONE_FREE;
	snprintf(shown->reason, sizeof(shown->reason), "%s", reason);
	pthread_cond_broadcast(&shown->known);
	pthread_mutex_unlock(&shown->mutex);
}

void
shown_expiry(struct lease_shown *shown, uint64_t expires_at_ms)
{
	pthread_mutex_lock(&shown->mutex);
	shown->expires_at_ms = expires_at_ms;
	pthread_mutex_unlock(&shown->mutex);
}

bool
shown_is_stopping(struct lease_shown *shown)
{
	bool is_stopping;

	pthread_mutex_lock(&shown->mutex);
	is_stopping = shown->is_stopping;
	pthread_mutex_unlock(&shown->mutex);
	return is_stopping;
}

/* --- for the others ------------------------------------------------------------------------------ */

void
shown_stop(struct lease_shown *shown, uint64_t until_ms)
{
	pthread_mutex_lock(&shown->mutex);
	shown->is_stopping = true;
	shown->stop_until_ms = until_ms;
	pthread_mutex_unlock(&shown->mutex);
}

enum lease_start
shown_wait(struct lease_shown *shown, uint64_t most_ms)
{
	struct timespec until = clock_moment(clock_ms() + most_ms);
	enum lease_start start;

	pthread_mutex_lock(&shown->mutex);
	while (!shown->is_known &&
	       pthread_cond_timedwait(&shown->known, &shown->mutex, &until) == 0)
		;
	start = shown->is_refused
			? LEASE_START_REFUSED
			: (shown->phase == LEASE_HELD ? LEASE_START_SERVES : LEASE_START_WAITS);
	pthread_mutex_unlock(&shown->mutex);
	return start;
}

/* Add why a worker id that is held gives no ids at this moment. */
static void
shown_explain(const struct snowflake_view *view, struct text *reason)
{
	if (view->drift_ms > view->drift_threshold_ms)
		text_addf(reason,
			  "the clock of this host is %" PRIu64
			  ".%03u s behind the time of the newest "
			  "ids: tickrd waits until it has caught up",
			  view->drift_ms / 1000, (unsigned)(view->drift_ms % 1000));
	else if (!view->is_within_bound)
		text_add(reason, "the bound of the worker id is reached, and not extended yet");
	else if (view->late_ms > 0)
		text_addf(reason,
			  "ids up to a time that is %" PRIu64 " ms ahead may have been issued "
			  "before: tickrd waits until it is past",
			  view->late_ms);
}

void
shown_read(struct lease_shown *shown, const struct snowflake_view *view, uint64_t unix_ms,
	   struct lease_state *state)
{
	struct text reason = TEXT_OVER(state->reason);
	uint64_t expires_at_ms, bound_ms, id_ms = 0, now_ms = clock_ms();
	bool is_unfit;

	pthread_mutex_lock(&shown->mutex);
	state->phase = shown->phase;
	state->worker = shown->worker;
	state->epoch_ms = shown->epoch_ms;
	state->claims = shown->claims;
	text_add(&reason, shown->reason);
	is_unfit = shown->is_unfit;
	expires_at_ms = shown->expires_at_ms;
	bound_ms = shown->bound_ms;
	pthread_mutex_unlock(&shown->mutex);

	if (state->epoch_ms != UINT64_MAX)
		id_ms = snowflake_id_time(unix_ms, state->epoch_ms);
	state->bound_in_ms = bound_ms > id_ms ? bound_ms - id_ms : 0;
	state->expires_in_ms = UINT64_MAX;
	if (state->phase == LEASE_HELD && expires_at_ms != UINT64_MAX)
		state->expires_in_ms = expires_at_ms > now_ms ? expires_at_ms - now_ms : 0;
	if (state->phase == LEASE_HELD && state->reason[0] == '\0')
		shown_explain(view, &reason);
	state->gives = state->phase == LEASE_HELD && !is_unfit && view->is_within_bound &&
		       view->drift_ms <= view->drift_threshold_ms && view->late_ms == 0;
	if (state->gives)
		state->reason[0] = '\0';
}
