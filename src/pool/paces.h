/*
 * paces -- remembers where sequences stood, and notices one that came back or outran its clock.
 *
 * No sequence rises faster than the clock of its database. That law is why the clock alone tells how old a copy is.
 * A store that breaks it can repeat numbers unseen, so each answer is compared with an earlier one of its sequence.
 * Sequences that share a slot displace each other, so the memory is bounded. This finds a broken store, but no check
 * of trust relies on it.
 *
 * No lock of its own: its owner's. Zeroed at the start.
 */
#ifndef TICKR_POOL_PACES_H
#define TICKR_POOL_PACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/store.h"

#define PACES_SLOTS 4096

struct pace {
	const struct sequence *sequence; /* NULL: the slot is free */
	uint64_t newest;
	uint64_t clock;	 /* after the statement that moved the sequence to NEWEST */
	uint32_t count;	 /* of that statement */
	bool was_raised; /* since then, and the clock may have become another one */
};

struct paces {
	struct pace all[PACES_SLOTS];
};

/*
 * Note MOVE, of a statement that left the clock at CLOCK. Statements may be noted in another order than they ran.
 * False: its numbers are not apart from those of another statement, or rose further than the clock.
 */
bool paces_note(struct paces *paces, const struct store_move *move, uint64_t clock) MUST_CHECK;

/*
 * All sequences were raised. The database may be another copy, whose clock is no measure. But each sequence must be above
 * the numbers that it had.
 */
void paces_note_raise(struct paces *paces);

#endif
