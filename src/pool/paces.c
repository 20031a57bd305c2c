#include "pool/paces.h"

static struct pace *
paces_slot(struct paces *paces, const struct sequence *sequence)
{
	return &paces->all[((uintptr_t)sequence >> 4) * 0x9e3779b97f4a7c15u >> 52];
}

_Static_assert(PACES_SLOTS == 1 << (64 - 52), "the shift finds each slot");

/* Whether LATER, which has the higher number, may have followed EARLIER. */
static bool
paces_may_follow(const struct pace *earlier, const struct pace *later)
{
	uint64_t rise = later->newest - earlier->newest;

	if (earlier->was_raised)
		return rise >= later->count;
	return rise >= later->count && later->clock > earlier->clock &&
	       rise <= later->clock - earlier->clock;
}

bool
paces_note(struct paces *paces, const struct store_move *move, uint64_t clock)
{
	const struct pace pace = {move->sequence, move->newest, clock, move->count, false};
	struct pace *slot = paces_slot(paces, move->sequence);
	bool is_good = true;

	if (slot->sequence == pace.sequence)
		is_good = pace.newest > slot->newest ? paces_may_follow(slot, &pace)
						     : paces_may_follow(&pace, slot);
	if (slot->sequence != pace.sequence || pace.newest > slot->newest)
		*slot = pace;
	return is_good;
}

void
paces_note_raise(struct paces *paces)
{
	for (size_t i = 0; i < PACES_SLOTS; i++)
		paces->all[i].was_raised = true;
}
