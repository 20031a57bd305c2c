/*
 * classes -- the highest base of each residue class, base mod step. Pure; one thread at a time.
 *
 * Several masters at one address count independently. With an auto_increment_increment of 2, one returns
 * odd bases and the other even ones, and it means nothing which is ahead. So bases are compared within
 * their class. Zeroed, nothing is known.
 */
#ifndef TICKR_STATE_CLASSES_H
#define TICKR_STATE_CLASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

/* With more classes all bases are one class, which errs on the safe side. */
#define CLASSES_MOST 1024

struct classes {
	uint64_t *highest; /* STEP of them; 0: none is known */
	uint64_t step;
};

void classes_free(struct classes *classes);

/* Copy FROM to TO, which may hold other classes. */
void classes_copy(struct classes *to, const struct classes *from);

/* Split the classes so that a progression of INCREMENT stays in its own. Known bases stay known. */
void classes_widen(struct classes *classes, uint64_t increment);

/*
 * Whether any of BASES, which are not empty, is not above the highest of its class, which is then
 * *HIGHEST.
 */
bool classes_reach(const struct classes *classes, const struct ticket_range *bases,
		   uint64_t *highest) MUST_CHECK;

/* Raise the classes of BASES, which are not empty and end below 2^64, to them. */
void classes_raise(struct classes *classes, const struct ticket_range *bases);

/* The highest of all. */
uint64_t classes_top(const struct classes *classes);

/* The highest of the classes of bases with base mod INCREMENT == RESIDUE. */
uint64_t classes_top_of(const struct classes *classes, uint64_t increment, uint64_t residue);

/* Make BASE the highest of each of those classes, whether theirs was lower or higher. */
void classes_set(struct classes *classes, uint64_t increment, uint64_t residue, uint64_t base);

#endif
