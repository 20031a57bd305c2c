#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/shelf.h"

#define CLOCK(session, work) shelf_add(session, work, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN)

/* --- the clock ------------------------------------------------------------------------------------ */

/* Read the row NAME from the server, even if it is known. */
static enum store_result
shelf_read_now(struct store_session *session, const char *name, size_t name_len,
	       struct shelf_row *row, struct text *reason)
{
	*row = (struct shelf_row){.name_len = name_len};
	memcpy(row->name, name, name_len);
	return session->shelf->read(session->own, &row, 1, reason);
}

enum store_result
shelf_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	struct shelf_row row;
	struct shelf_value clock;
	enum store_result result =
		shelf_read_now(session, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, &row, reason);

	if (result == STORE_OK)
		result = shelf_read_clock(session, &row, &clock, reason);
	if (result != STORE_OK)
		return result;
	*base = clock.newest;
	session->advances = clock.revision;
	return STORE_OK;
}

uint64_t
shelf_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
shelf_note_advance_step(struct store_session *session, void *arg, struct text *reason)
{
	const uint64_t *least = arg;
	struct shelf_work work = {.count = 0};
	struct shelf_row *row = CLOCK(session, &work);
	struct shelf_value clock;
	struct timespec now;
	uint64_t number;
	enum store_result result = shelf_load(session, &work, reason);

	if (result == STORE_OK)
		result = shelf_read_clock(session, row, &clock, reason);
	if (result != STORE_OK) {
		shelf_drop(session, &work);
		return result;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	number = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (number < clock.revision + 1)
		number = clock.revision + 1;
	clock.revision = number < *least ? *least : number;
	shelf_put(row, &clock);
	return shelf_commit(session, &work, reason);
}

enum store_result
shelf_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	return shelf_repeat(session, shelf_note_advance_step, &least, reason);
}

/* A raise to BASE, for the instance ROW or for nobody. */
struct shelf_raising {
	struct store_instance *row; /* NULL: reckon from the clock */
	uint64_t base;
};

/* Return how far the raise is, and write the instance's row. */
static uint64_t
shelf_raise_instance(struct shelf_row *row, const struct shelf_raising *raising, uint64_t clock)
{
	struct shelf_value value = {0};
	struct store_instance found;
	uint64_t distance;

	if (!row->is_there || !shelf_value_read(row->value, &value))
		value = (struct shelf_value){0};
	found = (struct store_instance){.count = value.newest, .seen = value.seen};
	distance = sequence_rows_raise(raising->base, clock, &found, &value.seen);
	value.newest =
		(value.newest > raising->row->count ? value.newest : raising->row->count) + 1;
	shelf_put(row, &value);
	return distance;
}

static enum store_result
shelf_raise_step(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_raising *raising = arg;
	struct shelf_work work = {.count = 0};
	struct shelf_row *row = CLOCK(session, &work), *instance = NULL;
	char name[SEQUENCE_INSTANCE_LEN + 1];
	struct shelf_value clock, value = {0};
	uint64_t distance;
	enum store_result result;

	if (raising->row != NULL) {
		sequence_rows_name_instance(name, raising->row->id);
		instance = shelf_add(session, &work, name, SEQUENCE_INSTANCE_LEN);
	}
	result = shelf_load(session, &work, reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, row, &clock, reason);
	if (result != STORE_OK) {
		shelf_drop(session, &work);
		return result;
	}
	distance = raising->base > clock.newest ? raising->base - clock.newest : 0;
	if (instance != NULL)
		distance = shelf_raise_instance(instance, raising, clock.newest);
	if (distance > INT64_MAX - clock.newest) {
		shelf_drop(session, &work);
		text_addf(reason, "the clock in %s is at its end", session->shelf->words);
		return STORE_EXHAUSTED;
	}
	clock.newest += distance;
	clock.raised += distance;
	shelf_put(row, &clock);
	if (instance != NULL && !shelf_value_read(instance->value, &value))
		abort();
	result = shelf_commit(session, &work, reason);
	if (result == STORE_OK && raising->row != NULL) {
		raising->row->count = value.newest;
		raising->row->seen = value.seen;
	}
	return result;
}

enum store_result
shelf_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	return shelf_repeat(session, shelf_raise_step, &(struct shelf_raising){.base = base},
			    reason);
}

enum store_result
shelf_raise(struct store_session *session, struct store_instance *row, uint64_t base,
	    struct text *reason)
{
	return shelf_repeat(session, shelf_raise_step,
			    &(struct shelf_raising){.row = row, .base = base}, reason);
}

/* --- instances ------------------------------------------------------------------------------------ */

enum store_result
shelf_instance(struct store_session *session, struct store_instance *row, struct text *reason)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];
	struct shelf_row found;
	struct shelf_value value;
	enum store_result result;

	sequence_rows_name_instance(name, row->id);
	result = shelf_read_now(session, name, SEQUENCE_INSTANCE_LEN, &found, reason);
	if (result != STORE_OK)
		return result;
	if (!found.is_there || !shelf_value_read(found.value, &value))
		value = (struct shelf_value){0};
	row->count = value.newest;
	row->seen = value.seen;
	return STORE_OK;
}

struct shelf_instances_arg {
	void (*each)(void *arg, const struct store_instance *row);
	void *arg;
};

static void
shelf_each_instance(void *arg, const struct shelf_row *row)
{
	struct shelf_instances_arg *wanted = arg;
	struct store_instance instance;
	struct shelf_value value;

	if (!sequence_rows_read_instance(row->name, row->name_len, instance.id) ||
	    !shelf_value_read(row->value, &value))
		return;
	instance.count = value.newest;
	instance.seen = value.seen;
	wanted->each(wanted->arg, &instance);
}

enum store_result
shelf_instances(struct store_session *session,
		void (*each)(void *arg, const struct store_instance *row), void *arg,
		struct text *reason)
{
	struct shelf_instances_arg wanted = {each, arg};

	return session->shelf->list(session->own, SEQUENCE_INSTANCE, sizeof(SEQUENCE_INSTANCE) - 1,
				    UINT32_MAX, shelf_each_instance, &wanted, reason);
}

struct shelf_folding {
	const char *id;
	bool *found;
};

static enum store_result
shelf_fold_step(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_folding *folding = arg;
	struct shelf_work work = {.count = 0};
	char name[SEQUENCE_INSTANCE_LEN + 1];
	struct shelf_row *row;
	enum store_result result;

	sequence_rows_name_instance(name, folding->id);
	row = shelf_add(session, &work, name, SEQUENCE_INSTANCE_LEN);
	result = shelf_load(session, &work, reason);
	*folding->found = result == STORE_OK && row->is_there;
	if (!*folding->found) {
		shelf_drop(session, &work);
		return result;
	}
	row->change = SHELF_DELETE;
	return shelf_commit(session, &work, reason);
}

enum store_result
shelf_fold(struct store_session *session, const char *id, bool *found, struct text *reason)
{
	return shelf_repeat(session, shelf_fold_step, &(struct shelf_folding){id, found}, reason);
}
