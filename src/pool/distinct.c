#include <string.h>

#include "pool/distinct.h"

_Static_assert((DISTINCT_SLOTS & (DISTINCT_SLOTS - 1)) == 0, "a mask finds the slot");
_Static_assert(STORE_MOST_MOVES < DISTINCT_SLOTS, "a free slot ends each search");

void
distinct_clear(struct distinct *distinct)
{
	distinct->count = 0;
	memset(distinct->slots, 0, sizeof(distinct->slots));
}

/* The allocator aligns structs, so the lowest bits of pointers are all alike. */
static unsigned
distinct_slot(const struct sequence *sequence)
{
	return (unsigned)(((uintptr_t)sequence >> 4) * 0x9e3779b97f4a7c15u >> 54);
}

bool
distinct_add(struct distinct *distinct, struct sequence *sequence, unsigned *number)
{
	unsigned slot = distinct_slot(sequence);

	for (; distinct->slots[slot] != 0; slot = (slot + 1) % DISTINCT_SLOTS) {
		*number = distinct->slots[slot] - 1u;
		if (distinct->sequences[*number] == sequence)
			return true;
	}
	if (distinct->count == STORE_MOST_MOVES)
		return false;
	*number = distinct->count++;
	distinct->sequences[*number] = sequence;
	distinct->slots[slot] = (uint16_t)distinct->count;
	return true;
}
