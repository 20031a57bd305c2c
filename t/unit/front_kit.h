/*
 * front_kit -- a front over a database of the test's own: rows in memory, and reservations that the test answers when
 * it wants to.
 */
#ifndef TICKR_UNIT_FRONT_KIT_H
#define TICKR_UNIT_FRONT_KIT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "allocator/allocator.h"
#include "directory/directory.h"
#include "front/front.h"

#define KIT_MOST 64

struct kit_row {
	char name[SEQUENCE_NAME_MOST + 1];
	uint64_t last;
	struct sequence_policy policy;
};

struct kit {
	struct kit_row rows[KIT_MOST];
	size_t row_count;
	struct reservation *out[KIT_MOST];
	size_t out_count;
	unsigned shows, lists, reserves; /* answered */
	unsigned strong, weak;		 /* reservations that came by each source */
	unsigned drops;
	uint64_t held;
	enum ticket_status failure; /* TICKET_OK: none */
	struct ticket_space space;

	struct waiting_limit limit;
	struct allocator *allocator;
	struct directory *directory;
	struct front *front;
	void (*on_wake)(void); /* NULL: the test runs the kit */
};

/* --- the database ---------------------------------------------------------------------------------- */

static inline struct kit_row *
kit_row(struct kit *kit, const char *name, size_t len)
{
	for (size_t i = 0; i < kit->row_count; i++)
		if (strlen(kit->rows[i].name) == len && memcmp(kit->rows[i].name, name, len) == 0)
			return &kit->rows[i];
	return NULL;
}

/* A new row with the default policy. Rows are kept in order of name. */
static inline struct kit_row *
kit_add(struct kit *kit, const char *name, size_t len)
{
	size_t at = kit->row_count++;

	cr_assert_lt(at, KIT_MOST);
	for (; at > 0 && strncmp(kit->rows[at - 1].name, name, len) > 0; at--)
		kit->rows[at] = kit->rows[at - 1];
	kit->rows[at] = (struct kit_row){.policy = SEQUENCE_DEFAULT_POLICY};
	memcpy(kit->rows[at].name, name, len);
	return &kit->rows[at];
}

/* A row that an operator has declared. */
static inline struct kit_row *
kit_declare(struct kit *kit, const char *name, enum sequence_order order)
{
	struct kit_row *row = kit_add(kit, name, strlen(name));

	row->policy.is_declared = true;
	row->policy.revision = 1;
	row->policy.order = order;
	return row;
}

static inline void
kit_reserve(struct kit *kit, struct reservation *reservation)
{
	const struct sequence *sequence = reservation->sequence;
	struct kit_row *row = kit_row(kit, sequence->name, sequence->name_len);

	kit->reserves++;
	if (row == NULL)
		row = kit_add(kit, sequence->name, sequence->name_len);
	reservation->revision = row->policy.revision;
	reservation->bases = (struct ticket_range){row->last + 1, 1, reservation->count};
	row->last += reservation->count;
	if (row->policy.is_retired) {
		reservation->status = TICKET_NO_SEQUENCE;
		snprintf(reservation->reason, REASON_SIZE, "it is retired");
	}
}

static inline void
kit_show(struct kit *kit, struct sequence_shown *shown)
{
	const struct kit_row *row = kit_row(kit, shown->name, shown->name_len);

	kit->shows++;
	shown->is_found = row != NULL;
	if (row == NULL)
		return;
	shown->last = row->last;
	shown->policy = row->policy;
}

static inline void
kit_list(struct kit *kit, struct sequence_page *page)
{
	char after[SEQUENCE_NAME_MOST + 1] = "";

	kit->lists++;
	memcpy(after, page->after, page->after_len);
	for (size_t i = 0; i < kit->row_count && page->count < page->limit; i++) {
		struct sequence_entry *entry = &page->entries[page->count];

		if (strcmp(kit->rows[i].name, after) <= 0)
			continue;
		entry->name_len = (uint8_t)strlen(kit->rows[i].name);
		memcpy(entry->name, kit->rows[i].name, entry->name_len);
		entry->last = kit->rows[i].last;
		entry->policy = kit->rows[i].policy;
		page->count++;
	}
}

static inline void
kit_answer(struct kit *kit, struct reservation *reservation)
{
	reservation_take(reservation);
	reservation->status = kit->failure;
	reservation->space = &kit->space;
	if (kit->failure != TICKET_OK)
		snprintf(reservation->reason, REASON_SIZE, "it failed");
	else if (reservation->task == RESERVATION_SHOW)
		kit_show(kit, reservation->result);
	else if (reservation->task == RESERVATION_LIST)
		kit_list(kit, reservation->result);
	else
		kit_reserve(kit, reservation);
	allocator_deliver(kit->allocator, reservation);
}

/* Submit and answer everything, and all that follows from the answers. */
static inline void
kit_run(struct kit *kit)
{
	for (;;) {
		struct reservation *reservation;

		allocator_flush(kit->allocator);
		if (kit->out_count == 0)
			return;
		reservation = kit->out[0];
		memmove(kit->out, kit->out + 1, --kit->out_count * sizeof(kit->out[0]));
		kit_answer(kit, reservation);
	}
}

/* --- the source -------------------------------------------------------------------------------------- */

static inline bool
kit_submit(void *self, struct reservation *reservation)
{
	struct kit *kit = self;

	cr_assert_lt(kit->out_count, KIT_MOST);
	kit->out[kit->out_count++] = reservation;
	kit->strong++;
	return reservation_queue(reservation);
}

static inline bool
kit_submit_weak(void *self, struct reservation *reservation)
{
	struct kit *kit = self;
	bool is_queued = kit_submit(kit, reservation);

	kit->strong--;
	kit->weak++;
	return is_queued;
}

static inline bool
kit_withdraw(void *self, struct reservation *reservation)
{
	struct kit *kit = self;

	for (size_t i = 0; i < kit->out_count; i++)
		if (kit->out[i] == reservation)
			kit->out[i] = kit->out[--kit->out_count];
	return reservation_withdraw(reservation);
}

static inline void
kit_wake(void *arg)
{
	struct kit *kit = arg;

	if (kit->on_wake != NULL)
		kit->on_wake();
}

static inline uint64_t
kit_held(void *arg, struct sequence *sequence)
{
	(void)sequence;
	return ((struct kit *)arg)->held;
}

static inline void
kit_drop(void *arg, struct sequence *sequence)
{
	(void)sequence;
	((struct kit *)arg)->drops++;
}

static inline void
kit_begin_with(struct kit *kit, const struct front_settings *given, uint32_t most,
	       uint32_t per_second)
{
	struct directory_settings names = {
		.most = most, .per_second = per_second, .miss_ms = 60000};
	struct allocator_settings allocating = {
		.pool_timeout_ms = 60000,
		.limit = &kit->limit,
		.strong = {.submit = kit_submit, .withdraw = kit_withdraw, .self = kit},
		.weak = {.submit = kit_submit_weak, .withdraw = kit_withdraw, .self = kit},
		.wake = kit_wake,
		.arg = kit,
	};
	struct front_settings settings = *given;

	*kit = (struct kit){.limit.most = 1000, .space = {1, 0, 1}};
	settings.allocator = kit->allocator = allocator_new(&allocating);
	settings.directory = kit->directory = directory_new(&names);
	settings.held = kit_held;
	settings.drop = kit_drop;
	settings.arg = kit;
	kit->front = front_new(&settings);
}

static inline void
kit_begin(struct kit *kit, enum front_names names)
{
	kit_begin_with(kit, &(struct front_settings){.names = names, .databases = 1}, 100, 100);
}

static inline void
kit_end(struct kit *kit)
{
	front_free(kit->front);
	allocator_free(kit->allocator);
	directory_free(kit->directory);
	cr_assert_eq(kit->limit.waiting, 0);
}

/* --- creates ------------------------------------------------------------------------------------------ */

struct kit_created {
	struct front_create create;
	unsigned answers;
	enum front_outcome outcome;
	struct ticket_range ids;
	uint64_t scrambled[16]; /* the first of them */
	char reason[REASON_SIZE];
};

static inline void
kit_note(struct front_create *create, const struct front_ids *ids)
{
	struct kit_created *created = CONTAINER_OF(create, struct kit_created, create);

	created->answers++;
	created->outcome = ids->outcome;
	created->ids = ids->ids;
	snprintf(created->reason, REASON_SIZE, "%s", ids->reason != NULL ? ids->reason : "");
	for (uint32_t i = 0; ids->scrambled != NULL && i < ids->ids.count && i < 16; i++)
		created->scrambled[i] = ids->scrambled[i];
}

static inline void
kit_ask(struct kit *kit, struct kit_created *created, const char *name, enum front_order order,
	uint32_t count)
{
	*created = (struct kit_created){
		.create = {.wish = {.order = order, .count = count}, .answer = kit_note}};
	front_create(kit->front, &created->create, name, strlen(name));
}

/* Ask, and run to the answer. */
static inline struct kit_created
kit_create(struct kit *kit, const char *name, enum front_order order, uint32_t count)
{
	struct kit_created created;

	kit_ask(kit, &created, name, order, count);
	kit_run(kit);
	cr_assert_eq(created.answers, 1, "%s", name);
	return created;
}

#endif
