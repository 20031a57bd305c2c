/*
 * pieces -- holds bases of one or several databases, in the order in which they will be issued.
 *
 * A zeroed struct is empty. The caller holds the lock of its owner.
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
 * Add BASES of SPACE after the others, and join them to the last piece if they continue it. If there
 * are too many pieces, abandon the first one.
 */
void pieces_add(struct pieces *pieces, const struct ticket_range *bases,
		const struct ticket_space *space);

/*
 * Take COUNT (1 or more) bases as one progression, from the first piece that is large enough. Abandon
 * the pieces before it, because later tickets from them would break the order. Return false if no piece
 * is large enough.
 */
bool pieces_take(struct pieces *pieces, uint32_t count, struct ticket_piece *taken) MUST_CHECK;

/* Abandon the bases of SPACE. */
void pieces_abandon(struct pieces *pieces, const struct ticket_space *space);

/* Take the whole first piece. Return false if there is none. */
bool pieces_take_first(struct pieces *pieces, struct ticket_piece *taken) MUST_CHECK;

#endif
