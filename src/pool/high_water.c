#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/high_water.h"

#define SOON_MS	 1000  /* a bound reached within this time was too near */
#define LATE_MS	 10000 /* one not reached within this time was too far */
#define CHECK_MS 1000  /* between two checks that the file is there */

void
high_water_init(struct high_water *mark, struct state_file *file, const char *database)
{
	memset(mark, 0, sizeof(*mark));
	pthread_mutex_init(&mark->mutex, NULL);
	pthread_cond_init(&mark->written, NULL);
	mark->margin = HIGH_WATER_LEAST_MARGIN;
	mark->file = file;
	mark->database = database;
	if (file == NULL)
		return;
	record_copy(&mark->record, state_file_record(file));
	mark->count_limit = mark->record.count_ahead;
	classes_copy(&mark->unsure, &mark->record.ahead);
}

void
high_water_destroy(struct high_water *mark)
{
	record_free(&mark->record);
	classes_free(&mark->unsure);
	pthread_cond_destroy(&mark->written);
	pthread_mutex_destroy(&mark->mutex);
}

/* --- the file ---------------------------------------------------------------------------------- */

/*
 * Write RECORD, with the mutex held, which is given up meanwhile. Other writers wait while is_writing,
 * so the bound does not rise meanwhile.
 */
static bool
high_water_write_locked(struct high_water *mark, const struct record *record)
{
	char memory[REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	bool is_good;

	assert(!mark->is_writing);
	mark->is_writing = true;
	pthread_mutex_unlock(&mark->mutex);
	is_good = state_file_save(mark->file, record, &problem);
	pthread_mutex_lock(&mark->mutex);
	mark->is_writing = false;
	mark->is_failing = !is_good;
	mark->is_saved = mark->is_saved || is_good;
	snprintf(mark->problem, sizeof(mark->problem), "%s", memory);
	pthread_cond_broadcast(&mark->written);
	return is_good;
}

/* Give the mutex back, and return IS_GOOD. If it is false, add to REASON why the file cannot be written. */
static bool
high_water_finish(struct high_water *mark, bool is_good, struct text *reason)
{
	if (!is_good)
		text_add(reason, mark->problem);
	pthread_mutex_unlock(&mark->mutex);
	return is_good;
}

static void
high_water_wait_for_writer(struct high_water *mark)
{
	while (mark->is_writing)
		pthread_cond_wait(&mark->written, &mark->mutex);
}

/* --- the bound --------------------------------------------------------------------------------- */

static bool
high_water_has_instance(const struct high_water *mark)
{
	return mark->record.instance[0] != '\0';
}

/*
 * The bound a margin after BASE, in steps of its class, but not after the last ticket. A clock has no last ticket.
 */
static uint64_t
high_water_bound_after(const struct high_water *mark, uint64_t base)
{
	uint64_t step = mark->record.given.step;
	uint64_t last =
		high_water_has_instance(mark) ? INT64_MAX : space_last_base(&mark->record.space);
	uint64_t room = base < last ? (last - base) / step : 0;

	return base + step * (mark->margin < room ? mark->margin : room);
}

/* The bound that class I of the next record needs. */
static uint64_t
high_water_next_bound(const struct high_water *mark, uint64_t i)
{
	uint64_t given = mark->record.given.highest[i];
	uint64_t unsure = mark->unsure.highest[i];
	uint64_t bound = given > 0 ? high_water_bound_after(mark, given) : 0;

	return bound > unsure ? bound : unsure;
}

/* How far ahead of the count its bound is set. It costs no number, so it is small at a clean end only. */
static uint64_t
high_water_count_margin(const struct high_water *mark)
{
	return mark->margin == HIGH_WATER_REST_MARGIN ? HIGH_WATER_LEAST_MARGIN : mark->margin;
}

/* The caller may have read the clock before another thread moved the bound. */
static uint64_t
high_water_since_moved_ms(const struct high_water *mark, uint64_t now_ms)
{
	return now_ms > mark->moved_ms ? now_ms - mark->moved_ms : 0;
}

static void
high_water_adapt_margin(struct high_water *mark, uint64_t now_ms)
{
	uint64_t passed_ms = high_water_since_moved_ms(mark, now_ms);
	bool was_soon = mark->moved_ms != 0 && passed_ms < SOON_MS;

	mark->moved_ms = now_ms;
	if (mark->margin == HIGH_WATER_REST_MARGIN && !was_soon)
		return;
	if (was_soon && mark->margin < HIGH_WATER_MOST_MARGIN)
		mark->margin *= 2;
	else if (passed_ms > LATE_MS && mark->margin > HIGH_WATER_LEAST_MARGIN)
		mark->margin /= 2;
	if (mark->margin > HIGH_WATER_MOST_MARGIN)
		mark->margin = HIGH_WATER_MOST_MARGIN;
	if (mark->margin < HIGH_WATER_LEAST_MARGIN)
		mark->margin = HIGH_WATER_LEAST_MARGIN;
}

/*
 * Widen all classes for INCREMENT. Twice, because too many classes become one, and only then split
 * again. Then classes_raise() finds nothing left to do. Their one highest base is no bound, because the
 * disk has lower ones.
 */
static void
high_water_widen(struct high_water *mark, uint64_t increment)
{
	struct classes *const all[] = {&mark->record.given, &mark->record.ahead,
				       &mark->record.latches, &mark->unsure};
	struct classes *ahead = &mark->record.ahead;
	uint64_t before = ahead->step;

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		classes_widen(all[i], increment);
		classes_widen(all[i], increment);
	}
	classes_widen(&mark->record.latches, mark->record.given.step);
	if (before > 0 && ahead->step % before != 0)
		memset(ahead->highest, 0, ahead->step * sizeof(*ahead->highest));
}

/*
 * Move the bound of each class to a margin after its highest issued base. A lower bound counts before
 * the file is written, a higher one only after it. With the mutex held, which is given up meanwhile.
 */
static bool
high_water_move_bound(struct high_water *mark)
{
	struct record next = {0};
	bool is_good;

	record_copy(&next, &mark->record);
	if (high_water_has_instance(mark))
		next.count_ahead = mark->count_limit + high_water_count_margin(mark);
	for (uint64_t i = 0; i < next.given.step; i++)
		next.ahead.highest[i] = high_water_next_bound(mark, i);
	for (uint64_t i = 0; i < next.ahead.step; i++)
		if (next.ahead.highest[i] < mark->record.ahead.highest[i])
			mark->record.ahead.highest[i] = next.ahead.highest[i];
	if (next.count_ahead < mark->record.count_ahead)
		mark->record.count_ahead = next.count_ahead;
	is_good = high_water_write_locked(mark, &next);
	if (is_good && strcmp(next.instance, mark->record.instance) == 0)
		mark->record.count_ahead = next.count_ahead;
	/*
	 * The record may have been widened meanwhile. If its classes became one, it has no bound yet.
	 */
	if (is_good && next.ahead.step > 0 && mark->record.ahead.step % next.ahead.step == 0) {
		classes_widen(&next.ahead, mark->record.ahead.step);
		classes_copy(&mark->record.ahead, &next.ahead);
	}
	record_free(&next);
	return is_good;
}

/* Return true if each of BASES is at or below the bound of its class. */
static bool
high_water_is_below_bound(const struct high_water *mark, const struct ticket_range *bases)
{
	const struct classes *ahead = &mark->record.ahead;
	uint32_t i = bases->count > ahead->step ? bases->count - (uint32_t)ahead->step : 0;

	for (; i < bases->count; i++) {
		uint64_t base = bases->first + bases->increment * i;

		if (base > ahead->highest[base % ahead->step])
			return false;
	}
	return true;
}

/* Move the bound, which was reached, or wait for the thread that does. False: the file cannot be written. */
static bool
high_water_go_on(struct high_water *mark)
{
	if (mark->is_writing) {
		high_water_wait_for_writer(mark);
		return !mark->is_failing;
	}
	if (!mark->is_failing) /* otherwise the disk was the cause */
		high_water_adapt_margin(mark, clock_ms());
	return high_water_move_bound(mark);
}

bool
high_water_covers(struct high_water *mark, const struct ticket_range *bases, struct text *reason)
{
	bool is_covered = true;

	if (mark->file == NULL)
		return true;
	pthread_mutex_lock(&mark->mutex);
	high_water_widen(mark, bases->increment);
	classes_raise(&mark->record.given, bases);
	while (is_covered && !high_water_is_below_bound(mark, bases))
		is_covered = high_water_go_on(mark);
	return high_water_finish(mark, is_covered, reason);
}

bool
high_water_covers_count(struct high_water *mark, uint64_t count, uint64_t limit,
			struct text *reason)
{
	bool is_covered = true;

	if (mark->file == NULL)
		return true;
	pthread_mutex_lock(&mark->mutex);
	if (mark->record.count < count)
		mark->record.count = count;
	if (mark->count_limit < limit)
		mark->count_limit = limit;
	while (is_covered && limit > mark->record.count_ahead)
		is_covered = high_water_go_on(mark);
	return high_water_finish(mark, is_covered, reason);
}

bool
high_water_is_kept(struct high_water *mark, struct text *reason)
{
	pthread_mutex_lock(&mark->mutex);
	return high_water_finish(mark, !mark->is_failing, reason);
}

/* How far the bound of class I is ahead, in its own steps. */
static uint64_t
high_water_room_of(const struct high_water *mark, uint64_t i)
{
	uint64_t given = mark->record.given.highest[i];
	uint64_t ahead = mark->record.ahead.highest[i];

	return ahead > given ? (ahead - given) / mark->record.given.step : 0;
}

/* Return true if a class has used up half of its margin, and can have more. */
static bool
high_water_is_low(const struct high_water *mark)
{
	if (high_water_has_instance(mark) &&
	    mark->record.count_ahead < mark->count_limit + high_water_count_margin(mark) / 2)
		return true;
	for (uint64_t i = 0; i < mark->record.given.step; i++)
		if (high_water_room_of(mark, i) < mark->margin / 2 &&
		    high_water_next_bound(mark, i) > mark->record.ahead.highest[i])
			return true;
	return false;
}

/* Return true if the bound is too near or too far. */
static bool
high_water_must_move(const struct high_water *mark, uint64_t now_ms)
{
	bool is_far = mark->margin > HIGH_WATER_LEAST_MARGIN &&
		      high_water_since_moved_ms(mark, now_ms) > LATE_MS;

	return is_far || high_water_is_low(mark);
}

/*
 * Return true if the file was removed. Checks once a second, and logs each missing thing once: a lock
 * that another server has taken stays missing. A save fails when the folder was removed, so a failure
 * does not end these checks. With the mutex held, which is given up meanwhile.
 */
static bool
high_water_is_removed(struct high_water *mark, uint64_t now_ms)
{
	char memory[REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	bool is_there;

	if ((!mark->is_saved && !mark->is_failing) || now_ms - mark->checked_ms < CHECK_MS)
		return false;
	mark->checked_ms = now_ms;
	mark->is_writing = true;
	pthread_mutex_unlock(&mark->mutex);
	is_there = state_file_is_there(mark->file, &problem);
	if (!is_there && strcmp(mark->missing, memory) != 0)
		log_warn("the state file was removed; making it again", LOG_TEXT("reason", memory),
			 LOG_DATABASE(mark->database));
	snprintf(mark->missing, sizeof(mark->missing), "%s", memory);
	pthread_mutex_lock(&mark->mutex);
	mark->is_writing = false;
	pthread_cond_broadcast(&mark->written);
	return !is_there;
}

/* Return true if the file must be written again. With the mutex held, which is given up meanwhile. */
static bool
high_water_is_missed(struct high_water *mark, uint64_t now_ms)
{
	high_water_wait_for_writer(mark);
	return high_water_is_removed(mark, now_ms) || mark->is_failing;
}

bool
high_water_tend(struct high_water *mark, uint64_t now_ms, struct text *reason)
{
	bool is_kept = true;

	if (mark->file == NULL)
		return true;
	pthread_mutex_lock(&mark->mutex);
	if (high_water_is_missed(mark, now_ms)) {
		is_kept = high_water_move_bound(mark);
	} else if (high_water_must_move(mark, now_ms)) {
		high_water_adapt_margin(mark, now_ms);
		is_kept = high_water_move_bound(mark);
	}
	return high_water_finish(mark, is_kept, reason);
}

void
high_water_repair(struct high_water *mark, uint64_t now_ms)
{
	if (mark->file == NULL)
		return;
	pthread_mutex_lock(&mark->mutex);
	if (high_water_is_missed(mark, now_ms))
		(void)high_water_move_bound(mark);
	pthread_mutex_unlock(&mark->mutex);
}

/* --- the database ------------------------------------------------------------------------------- */

/* Bring the record to the disk. With the mutex held. */
static bool
high_water_save(struct high_water *mark)
{
	if (mark->file == NULL)
		return true;
	high_water_wait_for_writer(mark);
	return high_water_move_bound(mark);
}

bool
high_water_set_latch(struct high_water *mark, const struct store_share *share, uint64_t latch,
		     uint64_t bound, struct text *reason)
{
	struct record *record = &mark->record;

	pthread_mutex_lock(&mark->mutex);
	high_water_widen(mark, share->increment);
	classes_set(&record->latches, share->increment, share->residue, latch);
	if (classes_top_of(&mark->unsure, share->increment, share->residue) < bound)
		classes_set(&mark->unsure, share->increment, share->residue, bound);
	return high_water_finish(mark, high_water_save(mark), reason);
}

bool
high_water_set_identity(struct high_water *mark, const char *identity, struct text *reason)
{
	pthread_mutex_lock(&mark->mutex);
	snprintf(mark->record.identity, sizeof(mark->record.identity), "%s", identity);
	return high_water_finish(mark, high_water_save(mark), reason);
}

void
high_water_identity(struct high_water *mark, char *identity)
{
	pthread_mutex_lock(&mark->mutex);
	memcpy(identity, mark->record.identity, RANDOM_ID_SIZE);
	pthread_mutex_unlock(&mark->mutex);
}

/* --- the instance ------------------------------------------------------------------------------- */

bool
high_water_set_instance(struct high_water *mark, const char *id, uint64_t count, uint64_t limit,
			struct text *reason)
{
	struct record *record = &mark->record;

	pthread_mutex_lock(&mark->mutex);
	snprintf(record->instance, sizeof(record->instance), "%s", id);
	record->count = count;
	record->count_ahead = 0; /* until the file has the new instance */
	mark->count_limit = limit;
	return high_water_finish(mark, high_water_save(mark), reason);
}

void
high_water_settle_count(struct high_water *mark, uint64_t count, uint64_t limit)
{
	pthread_mutex_lock(&mark->mutex);
	mark->record.count = count;
	mark->count_limit = limit;
	pthread_mutex_unlock(&mark->mutex);
}

void
high_water_rest(struct high_water *mark)
{
	if (mark->file == NULL)
		return;
	pthread_mutex_lock(&mark->mutex);
	if (!mark->is_writing && !mark->is_failing &&
	    classes_top(&mark->record.ahead) >
		    classes_top(&mark->record.given) + HIGH_WATER_REST_MARGIN) {
		mark->margin = HIGH_WATER_REST_MARGIN;
		(void)high_water_move_bound(mark);
	}
	pthread_mutex_unlock(&mark->mutex);
}

/* --- the end ----------------------------------------------------------------------------------- */

bool
high_water_end(struct high_water *mark, struct text *reason)
{
	pthread_mutex_lock(&mark->mutex);
	high_water_wait_for_writer(mark);
	mark->margin = 0;
	return high_water_finish(mark, high_water_save(mark), reason);
}

void
high_water_give_back(struct high_water *mark, uint64_t base)
{
	const struct classes *given = &mark->record.given;

	pthread_mutex_lock(&mark->mutex);
	if (given->step > 0 && base < given->highest[base % given->step])
		given->highest[base % given->step] = base;
	pthread_mutex_unlock(&mark->mutex);
}
