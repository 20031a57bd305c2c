/*
 * DESIGN. The state file is written before a bound is confirmed, and synced. An older copy of the state folder has a
 * lower bound. So a claim also begins after every time that a predecessor with a right clock can have used. That is
 * the longest run, or as much as a burst may borrow, after now.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/fixed.h"
#include "state/state_file.h"

struct fixed {
	const struct lease_settings *settings;
	uint64_t epoch_ms;
	int lock_fd; /* a socket whose name is the lock */
	struct state_file *file;
	struct record record; /* as it is in the file */

	pthread_mutex_t mutex;
	pthread_cond_t woken;
	bool is_woken;
};

/* --- opening ------------------------------------------------------------------------------------- */

/* Take the name of the worker id, which the kernel frees when the process ends, however it ends. */
static bool
fixed_lock(struct fixed *fixed, struct text *reason)
{
	const struct lease_settings *settings = fixed->settings;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			   "tickr/snowflake/%" PRIu64 "/%u/%u", fixed->epoch_ms,
			   settings->datacenter, settings->worker);

	fixed->lock_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fixed->lock_fd >= 0 &&
	    bind(fixed->lock_fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return true;
	if (fixed->lock_fd >= 0 && errno == EADDRINUSE)
		text_addf(reason,
			  "another tickrd on this host has worker %u of datacenter %u: give each "
			  "server its own TICKR_SNOWFLAKE_WORKER",
			  settings->worker, settings->datacenter);
	else
		text_addf(reason, "cannot lock worker %u: %s", settings->worker, strerror(errno));
	return false;
}

static bool
fixed_open_file(struct fixed *fixed, struct text *reason)
{
	const struct lease_settings *settings = fixed->settings;
	struct ticket_space space = {
		.max_nodes = SNOWFLAKE_NODES,
		.node_number = snowflake_node(settings->datacenter_bits, settings->datacenter,
					      settings->worker),
		.starting_offset = fixed->epoch_ms,
	};

	fixed->file = state_file_open_snowflake(settings->state_dir, &space, reason);
	if (fixed->file == NULL)
		return false;
	record_copy(&fixed->record, state_file_record(fixed->file));
	return true;
}

static void
fixed_close(void *self)
{
	struct fixed *fixed = self;

	if (fixed->file != NULL)
		state_file_close(fixed->file);
	if (fixed->lock_fd >= 0)
		close(fixed->lock_fd);
	record_free(&fixed->record);
	pthread_cond_destroy(&fixed->woken);
	pthread_mutex_destroy(&fixed->mutex);
	free(fixed);
}

static void *
fixed_open(const struct lease_settings *settings, struct text *reason)
{
	const struct lease_shared unknown = LEASE_SHARED_UNKNOWN;
	struct fixed *fixed = xcalloc(1, sizeof(*fixed));

	fixed->settings = settings;
	fixed->lock_fd = -1;
	pthread_mutex_init(&fixed->mutex, NULL);
	clock_cond_init(&fixed->woken);
	if (lease_epoch(settings, &unknown, &fixed->epoch_ms, reason) &&
	    fixed_lock(fixed, reason) && fixed_open_file(fixed, reason))
		return fixed;
	fixed_close(fixed);
	return NULL;
}

/* --- the bound ----------------------------------------------------------------------------------- */

static uint64_t
fixed_now(const struct fixed *fixed)
{
	return snowflake_id_time(snowflake_unix_ms(fixed->settings->clock), fixed->epoch_ms);
}

/* Save that ids up to USED_MS were issued, and none after BOUND_MS. */
static enum lease_result
fixed_save(struct fixed *fixed, uint64_t used_ms, uint64_t bound_ms, struct text *reason)
{
	classes_set(&fixed->record.given, 1, 0, used_ms);
	classes_set(&fixed->record.ahead, 1, 0, bound_ms);
	if (state_file_save(fixed->file, &fixed->record, reason))
		return LEASE_OK;
	return LEASE_UNKNOWN;
}

static enum lease_result
fixed_claim(void *self, uint64_t until_ms, struct lease_claim *claim, struct text *reason)
{
	struct fixed *fixed = self;
	const struct lease_settings *settings = fixed->settings;
	uint64_t stored_ms = classes_top(&fixed->record.ahead);
	uint64_t run_ms = settings->drift_ms > GENERATOR_MOST_RUN_MS ? settings->drift_ms
								     : GENERATOR_MOST_RUN_MS;
	uint64_t now_ms = fixed_now(fixed);

	(void)until_ms;
	claim->worker = settings->worker;
	claim->floor_ms = now_ms + run_ms > stored_ms ? now_ms + run_ms : stored_ms;
	claim->bound_ms = claim->floor_ms > now_ms + settings->ahead_ms
				  ? claim->floor_ms
				  : now_ms + settings->ahead_ms;
	return fixed_save(fixed, classes_top(&fixed->record.given), claim->bound_ms, reason);
}

static enum lease_result
fixed_extend(void *self, uint64_t until_ms, uint64_t bound_ms, struct text *reason)
{
	struct fixed *fixed = self;
	uint64_t stored_ms = classes_top(&fixed->record.ahead);

	(void)until_ms;
	return fixed_save(fixed, classes_top(&fixed->record.given),
			  bound_ms > stored_ms ? bound_ms : stored_ms, reason);
}

static enum lease_result
fixed_retire(void *self, uint64_t until_ms, uint64_t used_ms, uint64_t last_id, struct text *reason)
{
	(void)until_ms;
	(void)last_id;
	return fixed_save(self, used_ms, used_ms, reason);
}

/* --- waiting ------------------------------------------------------------------------------------- */

static void
fixed_wake(void *self)
{
	struct fixed *fixed = self;

	pthread_mutex_lock(&fixed->mutex);
	fixed->is_woken = true;
	pthread_cond_signal(&fixed->woken);
	pthread_mutex_unlock(&fixed->mutex);
}

/* Restore a state file that was removed. Return why that failed as a result. */
static enum lease_result
fixed_keep_file(struct fixed *fixed, struct text *reason)
{
	char memory[256];
	struct text missing = TEXT_OVER(memory);

	if (classes_top(&fixed->record.ahead) == 0 || state_file_is_there(fixed->file, &missing))
		return LEASE_OK;
	log_warn("the state file of the worker id was removed", LOG_TEXT("reason", memory));
	return fixed_save(fixed, classes_top(&fixed->record.given),
			  classes_top(&fixed->record.ahead), reason);
}

static enum lease_result
fixed_tend(void *self, uint64_t until_ms, struct lease_news *news, struct text *reason)
{
	struct fixed *fixed = self;
	struct timespec until = clock_moment(until_ms);

	news->expires_at_ms = UINT64_MAX;
	pthread_mutex_lock(&fixed->mutex);
	while (!fixed->is_woken &&
	       pthread_cond_timedwait(&fixed->woken, &fixed->mutex, &until) == 0)
		;
	fixed->is_woken = false;
	pthread_mutex_unlock(&fixed->mutex);
	return fixed_keep_file(fixed, reason);
}

static const char *
fixed_name(void *self)
{
	(void)self;
	return "none";
}

const struct lease_driver lease_fixed = {
	.open = fixed_open,
	.name = fixed_name,
	.claim = fixed_claim,
	.extend = fixed_extend,
	.tend = fixed_tend,
	.retire = fixed_retire,
	.wake = fixed_wake,
	.close = fixed_close,
};
