#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pool/instance.h"

#define IDLE_MS 1000

/*
 * A statement of a run that was killed, or of a lost session, may still commit. So a row that is a few counts too
 * high is no sign of another server.
 */
#define INSTANCE_LATE 16

void
instance_init(struct instance *instance, struct high_water *high_water, const struct record *last)
{
	memset(instance, 0, sizeof(*instance));
	instance->high_water = high_water;
	pthread_mutex_init(&instance->mutex, NULL);
	if (last == NULL || last->instance[0] == '\0') {
		(void)!random_id(instance->id); /* instance_begin() tells if there is none */
		return;
	}
	memcpy(instance->id, last->instance, sizeof(instance->id));
	instance->count = last->count;
	instance->limit = last->count_ahead;
	instance->is_kept = true;
}

void
instance_destroy(struct instance *instance)
{
	pthread_mutex_destroy(&instance->mutex);
}

/* --- statements -------------------------------------------------------------------------------- */

/* With the mutex held. */
static bool
instance_is(const struct instance *instance, const struct store_instance *row)
{
	return strcmp(instance->id, row->id) == 0;
}

/* Bring the id to the state file, if it is not there. */
static bool
instance_keep(struct instance *instance, struct text *reason)
{
	char id[RANDOM_ID_SIZE];
	uint64_t count, limit;
	bool is_kept;

	pthread_mutex_lock(&instance->mutex);
	is_kept = instance->is_kept;
	memcpy(id, instance->id, sizeof(id));
	count = instance->count;
	limit = instance->limit;
	pthread_mutex_unlock(&instance->mutex);
	if (is_kept)
		return true;
	if (id[0] == '\0') {
		text_add(reason, "the kernel has no random numbers for the id of this server: "
				 "restart it");
		return false;
	}
	if (!high_water_set_instance(instance->high_water, id, count, limit, reason))
		return false;
	pthread_mutex_lock(&instance->mutex);
	instance->is_kept = instance->is_kept || strcmp(instance->id, id) == 0;
	pthread_mutex_unlock(&instance->mutex);
	return true;
}

/* A statement is over which cannot have counted. */
static void
instance_withdraw(struct instance *instance, const struct store_instance *known)
{
	pthread_mutex_lock(&instance->mutex);
	instance->out--;
	instance->limit -= instance_is(instance, known);
	pthread_mutex_unlock(&instance->mutex);
}

bool
instance_begin(struct instance *instance, uint64_t certain, struct store_instance *known,
	       struct text *reason)
{
	uint64_t limit;

	if (!instance_keep(instance, reason))
		return false;
	pthread_mutex_lock(&instance->mutex);
	memcpy(known->id, instance->id, sizeof(known->id));
	known->count = instance->count;
	known->seen = certain > instance->ground ? certain : instance->ground;
	instance->out++;
	limit = ++instance->limit;
	pthread_mutex_unlock(&instance->mutex);
	if (high_water_covers_count(instance->high_water, known->count, limit, reason))
		return true;
	instance_withdraw(instance, known);
	return false;
}

/* With the mutex held: of a row that a statement has left. */
static enum instance_verdict
instance_judge_written(struct instance *instance, const struct store_instance *known,
		       const struct store_instance *found)
{
	if (found->count <= known->count)
		return INSTANCE_OLDER;
	if (!instance_is(instance, known))
		return INSTANCE_GOOD;
	if (found->count > instance->limit + INSTANCE_LATE)
		return INSTANCE_CLONED;
	if (found->count > instance->limit)
		instance->limit = found->count;
	if (found->count > instance->count)
		instance->count = found->count;
	if (found->seen > instance->seen)
		instance->seen = found->seen;
	return INSTANCE_GOOD;
}

/* With the mutex held. */
static bool
instance_keeps_pace(struct instance *instance, const struct store_order *order, uint64_t clock)
{
	bool is_good = true;

	for (size_t i = 0; i < order->moves_count; i++)
		/* Another program's move breaks the law of that sequence alone. */
		is_good = (order->moves[i].is_strange ||
			   paces_note(&instance->paces, &order->moves[i], clock)) &&
			  is_good;
	return is_good;
}

enum instance_verdict
instance_end(struct instance *instance, enum store_result result,
	     const struct store_instance *known, const struct store_instance *found,
	     const struct store_order *order, uint64_t clock)
{
	enum instance_verdict verdict;

	if (result == STORE_BUSY || result == STORE_UNREADY || result == STORE_TOO_LARGE) {
		instance_withdraw(instance, known);
		return INSTANCE_GOOD;
	}
	pthread_mutex_lock(&instance->mutex);
	instance->out--;
	instance->active_ms = clock_ms();
	verdict = INSTANCE_GOOD;
	if (result == STORE_OK)
		verdict = instance_judge_written(instance, known, found);
	if (result == STORE_OK && verdict == INSTANCE_GOOD &&
	    !instance_keeps_pace(instance, order, clock))
		verdict = INSTANCE_OLDER;
	if (verdict == INSTANCE_OLDER)
		instance->is_older = true;
	pthread_mutex_unlock(&instance->mutex);
	return verdict;
}

/* --- reading the row --------------------------------------------------------------------------- */

void
instance_known(struct instance *instance, struct store_instance *known)
{
	pthread_mutex_lock(&instance->mutex);
	memcpy(known->id, instance->id, sizeof(known->id));
	known->count = instance->count;
	known->seen = instance->seen;
	pthread_mutex_unlock(&instance->mutex);
}

/* With the mutex held: of a row that this run meets first. */
static enum instance_verdict
instance_judge_first(const struct instance *instance, const struct store_instance *row)
{
	if (instance->count == 0)
		return INSTANCE_NEW;
	if (row->count > instance->limit)
		return INSTANCE_CLONED;
	return instance->count < instance->limit ? INSTANCE_UNSURE : INSTANCE_GOOD;
}

/* With the mutex held. */
static void
instance_meet(struct instance *instance, uint64_t seen)
{
	instance->is_met = true;
	instance->seen = seen;
	instance->active_ms = clock_ms();
}

enum instance_verdict
instance_judge(struct instance *instance, const struct store_instance *known,
	       const struct store_instance *row, uint64_t clock)
{
	enum instance_verdict verdict = INSTANCE_GOOD;

	pthread_mutex_lock(&instance->mutex);
	if (row->count < known->count)
		verdict = INSTANCE_OLDER;
	else if (!instance->is_met)
		verdict = instance_judge_first(instance, row);
	if (!instance->is_met && instance->ground == 0)
		instance->ground = clock;
	if (!instance->is_met && verdict == INSTANCE_GOOD)
		instance_meet(instance, row->seen);
	pthread_mutex_unlock(&instance->mutex);
	return verdict;
}

bool
instance_note_written(struct instance *instance, struct text *reason)
{
	pthread_mutex_lock(&instance->mutex);
	instance->is_kept = false;
	pthread_mutex_unlock(&instance->mutex);
	if (!instance_keep(instance, reason))
		return false;
	pthread_mutex_lock(&instance->mutex);
	if (!instance->is_met && instance->count > 0)
		instance_meet(instance, instance->seen);
	pthread_mutex_unlock(&instance->mutex);
	return true;
}

void
instance_rename(struct instance *instance, const struct store_instance *known)
{
	pthread_mutex_lock(&instance->mutex);
	if (instance_is(instance, known)) {
		(void)!random_id(instance->id); /* instance_begin() tells if there is none */
		instance->count = instance->limit = instance->seen = instance->ground = 0;
		instance->is_met = false;
		instance->is_kept = false;
	}
	pthread_mutex_unlock(&instance->mutex);
}

/* --- raising ----------------------------------------------------------------------------------- */

bool
instance_begin_raise(struct instance *instance, struct store_instance *row, struct text *reason)
{
	if (!instance_begin(instance, 0, row, reason))
		return false;
	row->seen = 0;
	return true;
}

void
instance_end_raise(struct instance *instance, enum store_result result,
		   const struct store_instance *row)
{
	pthread_mutex_lock(&instance->mutex);
	instance->out--;
	instance->active_ms = clock_ms();
	if (result == STORE_OK && instance_is(instance, row)) {
		if (row->count > instance->count)
			instance->count = row->count;
		instance->limit = instance->count + instance->out;
		instance->ground = instance->seen = row->seen;
		instance->is_met = true;
		instance->is_older = false;
		paces_note_raise(&instance->paces);
	}
	pthread_mutex_unlock(&instance->mutex);
}

/* --- from outside ------------------------------------------------------------------------------ */

bool
instance_is_met(struct instance *instance)
{
	bool is_met;

	pthread_mutex_lock(&instance->mutex);
	is_met = instance->is_met;
	pthread_mutex_unlock(&instance->mutex);
	return is_met;
}

bool
instance_is_older(struct instance *instance)
{
	bool is_older;

	pthread_mutex_lock(&instance->mutex);
	is_older = instance->is_older;
	pthread_mutex_unlock(&instance->mutex);
	return is_older;
}

bool
instance_is_idle(struct instance *instance, uint64_t certain, uint64_t now_ms)
{
	bool is_idle;

	pthread_mutex_lock(&instance->mutex);
	is_idle = instance->is_met && instance->out == 0 &&
		  now_ms >= instance->active_ms + IDLE_MS && certain > instance->seen;
	pthread_mutex_unlock(&instance->mutex);
	return is_idle;
}

void
instance_settle(struct instance *instance)
{
	uint64_t count, limit;
	bool is_kept;

	pthread_mutex_lock(&instance->mutex);
	count = instance->count;
	limit = instance->limit;
	is_kept = instance->is_kept;
	pthread_mutex_unlock(&instance->mutex);
	if (is_kept)
		high_water_settle_count(instance->high_water, count, limit);
}
