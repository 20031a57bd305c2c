/*
 * classes -- the highest base of each residue class, base mod step. Pure; one thread at a time.
 *
 * Several masters behind one address count apart from each other: with an
 * auto_increment_increment of 2 one gives odd bases and the other even ones, and which of them
 * is ahead says nothing. So bases are compared within their class. Zeroed, nothing is known.
 */
#ifndef TICKR_STATE_CLASSES_H
#define TICKR_STATE_CLASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

#define CLASSES_MOST \
	1024 /* with more of them all bases are one class: that errs on the safe side */

struct classes {
	uint64_t *highest; /* step of them; 0 where none is known */
	uint64_t step;
};

void classes_free(struct classes *classes);

/* Make TO, which may have been used before, the same as FROM. */
void classes_copy(struct classes *to, const struct classes *from);

/* Split the classes so that a progression of INCREMENT keeps to its own; what is known stays so. */
void classes_widen(struct classes *classes, uint64_t increment);

/*
 * Whether any of BASES, which are not empty, is not above the highest of its class; then *HIGHEST
 * is that.
 */
bool classes_reach(const struct classes *classes, const struct ticket_range *bases,
		   uint64_t *highest) MUST_CHECK;

/* Let the classes of BASES, which are not empty and end below 2^64, reach them. */
void classes_raise(struct classes *classes, const struct ticket_range *bases);

/* The highest of all. */
uint64_t classes_top(const struct classes *classes);

/* The highest of the classes that bases with base mod INCREMENT == RESIDUE are in. */
uint64_t classes_top_of(const struct classes *classes, uint64_t increment, uint64_t residue);

/* Make BASE the highest of each of them, where it was lower or higher. */
void classes_set(struct classes *classes, uint64_t increment, uint64_t residue, uint64_t base);

#endif
