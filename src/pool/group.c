#include <assert.h>

#include "pool/group.h"

static unsigned
group_number(struct group *group, struct sequence *sequence)
{
	unsigned number;
	bool has_room = distinct_add(&group->distinct, sequence, &number);

	assert(has_room);
	return number;
}

void
group_gather(struct group *group, const struct mail_list *list)
{
	uint64_t total = 0;
	struct mail *mail;

	distinct_clear(&group->distinct);
	group->deadline_ms = 0;
	TAILQ_FOREACH (mail, list, link) {
		const struct reservation *reservation = reservation_of(mail);
		unsigned before = group->distinct.count;
		unsigned number = group_number(group, reservation->sequence);
		struct store_move *move = &group->moves[number];

		if (number == before)
			*move = (struct store_move){
				.sequence = reservation->sequence,
				.name = reservation->sequence->name,
				.name_len = reservation->sequence->name_len,
			};
		move->count += reservation->count;
		total += reservation->count;
		if (reservation->deadline_ms > group->deadline_ms)
			group->deadline_ms = reservation->deadline_ms;
	}
	assert(total <= UINT32_MAX);
	group->order = (struct store_order){
		.count = (uint32_t)total,
		.moves = group->moves,
		.moves_count = group->distinct.count,
	};
}

void
group_take(struct group *group)
{
	for (size_t i = 0; i < group->order.moves_count; i++) {
		const struct store_move *move = &group->moves[i];
		unsigned number = group_number(group, move->sequence);

		group->parts[number] = (struct group_part){
			.next = move->newest - move->count + 1,
			.most = move->most,
			.revision = move->revision,
			.is_retired = move->is_retired,
			.is_strange = move->is_strange,
		};
	}
}

struct group_part *
group_part_of(struct group *group, const struct reservation *reservation)
{
	return &group->parts[group_number(group, reservation->sequence)];
}
