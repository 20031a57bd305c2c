/*
 * classes -- the highest base of each residue class, base mod step. Pure; one thread at a time.
 *
 * Several masters behind one address count independently. With an auto_increment_increment of 2 one
 * master allocates odd bases and the other even ones, and either may be ahead. So a base is compared
 * with the bases of its own class. A zeroed struct knows no base.
 */
#ifndef TICKR_STATE_CLASSES_H
#define TICKR_STATE_CLASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

/* If there were more classes, all bases become one class, which can only refuse too much. */
#define CLASSES_MOST 1024

struct classes {
	uint64_t *highest; /* one for each class; 0: none is known */
	uint64_t step;	   /* the number of classes */
};

void classes_free(struct classes *classes);

/* Replace TO, zeroed or used, with a copy of FROM. */
void classes_copy(struct classes *to, const struct classes *from);

/* Split the classes so that a progression of INCREMENT stays within one. Keep the known bases. */
void classes_widen(struct classes *classes, uint64_t increment);

/*
 * Return true if any of BASES is at or below the highest of its class, and store that in *HIGHEST.
 * BASES are not empty.
 */
bool classes_cover_any(const struct classes *classes, const struct ticket_range *bases,
		       uint64_t *highest) MUST_CHECK;

/* Raise the classes of BASES to them. BASES are not empty and end below 2^64. */
void classes_raise(struct classes *classes, const struct ticket_range *bases);

/* Return the highest base of all classes. */
uint64_t classes_top(const struct classes *classes);

/* Return the highest base of the classes that hold bases with base mod INCREMENT == RESIDUE. */
uint64_t classes_top_of(const struct classes *classes, uint64_t increment, uint64_t residue);

/* Make BASE the highest of each of these classes, even where it was higher. */
void classes_set(struct classes *classes, uint64_t increment, uint64_t residue, uint64_t base);

#endif
