#include <string.h>

#include "metrics/metrics.h"
#include "segment/pieces.h"

static void
pieces_drop_first(struct pieces *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		p->total -= p->pieces[i].bases.count;
	p->count -= count;
	memmove(p->pieces, p->pieces + count, p->count * sizeof(*p->pieces));
}

static void
pieces_abandon_first(struct pieces *p, size_t count)
{
	uint64_t before = p->total;

	pieces_drop_first(p, count);
	metrics_add(METRIC_TICKETS_ABANDONED, before - p->total);
}

void
pieces_add(struct pieces *p, const struct ticket_range *bases, const struct ticket_space *space)
{
	struct ticket_piece *last = p->count > 0 ? &p->pieces[p->count - 1] : NULL;

	p->total += bases->count;
	if (last != NULL && last->space == space && range_join(&last->bases, bases))
		return;
	if (p->count == PIECES_MOST)
		pieces_abandon_first(p, 1);
	p->pieces[p->count++] = (struct ticket_piece){*bases, space};
}

bool
pieces_take(struct pieces *p, uint32_t count, struct ticket_piece *taken)
{
	size_t i = 0;

	while (i < p->count && p->pieces[i].bases.count < count)
		i++;
	if (i == p->count)
		return false;
	pieces_abandon_first(p, i);
	taken->space = p->pieces[0].space;
	taken->bases = range_take(&p->pieces[0].bases, count);
	p->total -= count;
	if (p->pieces[0].bases.count == 0)
		pieces_drop_first(p, 1);
	return true;
}

void
pieces_abandon(struct pieces *p, const struct ticket_space *space)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->pieces[i].space != space) {
			p->pieces[kept++] = p->pieces[i];
			continue;
		}
		p->total -= p->pieces[i].bases.count;
		metrics_add(METRIC_TICKETS_ABANDONED, p->pieces[i].bases.count);
	}
	p->count = kept;
}

bool
pieces_take_first(struct pieces *p, struct ticket_piece *taken)
{
	if (p->count == 0)
		return false;
	*taken = p->pieces[0];
	pieces_drop_first(p, 1);
	return true;
}
