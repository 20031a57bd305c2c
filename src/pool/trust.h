/*
 * trust -- remembers the highest base the database has given, and notices when it goes back.
 *
 * A restored backup, a stale replica that was promoted, a table that was truncated: the counter
 * stands where it has been before, and would give the same bases again. Bases are compared within
 * their residue class, base mod increment, because several masters behind one address
 * count apart from each other. A database that has gone back stays refused until its newest base
 * is no longer below what it has given: then an operator has moved the counter forward.
 *
 * Any thread; one mutex. What it knows is the process's: it begins anew with every start.
 */
#ifndef TICKR_POOL_TRUST_H
#define TICKR_POOL_TRUST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/range.h"

/* The highest base of each residue class, 0 where none is known. */
struct trust_classes {
	uint64_t *highest; /* increment of them */
	uint64_t increment;
};

struct trust {
	pthread_mutex_t mutex;
	/* Under the mutex: */
	struct trust_classes classes;
	uint64_t floor; /* a refused database must reach it; 0: it is trusted */
};

void trust_init(struct trust *trust);
void trust_destroy(struct trust *trust);

/* Whether the database is not refused; else why, for people. */
bool trust_is_given(struct trust *trust, struct text *reason) MUST_CHECK;

/* Before a statement: keep what is known now in MARK, which is the thread's, zeroed or used before. */
void trust_mark(struct trust *trust, struct trust_classes *mark);

/*
 * After one that allocated: whether BASES, which are not empty, are all higher than what was known
 * at MARK. If not, the database is refused from now on, and nobody may have them.
 */
bool trust_accepts(struct trust *trust, const struct trust_classes *mark,
		   const struct ticket_range *bases, struct text *reason) MUST_CHECK;

/*
 * After one that found NEWEST to be the newest base: whether it is at least what was known at MARK.
 * If not, the database is refused; if it was refused, it is no longer.
 */
bool trust_accepts_newest(struct trust *trust, const struct trust_classes *mark, uint64_t newest,
			  struct text *reason) MUST_CHECK;

void trust_classes_free(struct trust_classes *classes);

#endif
