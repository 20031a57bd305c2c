/*
 * pieces -- tickets that are held: bases of one or several databases, in the order of their giving.
 *
 * No lock of its own: its owner's. Zeroed at the start.
 */
#ifndef TICKR_SEGMENT_PIECES_H
#define TICKR_SEGMENT_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"
#include "ticket/space.h"

#define PIECES_MOST 8

struct pieces {
	struct ticket_piece pieces[PIECES_MOST];
	size_t count;
	uint64_t total; /* bases, in all of them */
};

/*
 * Add BASES of SPACE behind the others; they are joined to the last piece where they go on
 * with it. When there are too many pieces the first one is abandoned.
 */
void pieces_add(struct pieces *pieces, const struct ticket_range *bases,
		const struct ticket_space *space);

/*
 * COUNT (1 or more) bases as one progression, from the first piece that is large enough. Those before
 * it are abandoned: to give from them later would break the order. False: there is none.
 */
bool pieces_take(struct pieces *pieces, uint32_t count, struct ticket_piece *taken) MUST_CHECK;

/* Abandon the bases of SPACE. */
void pieces_abandon(struct pieces *pieces, const struct ticket_space *space);

/* The whole first piece. False: there is none. */
bool pieces_take_first(struct pieces *pieces, struct ticket_piece *taken) MUST_CHECK;

#endif
