/*
 * trust -- remembers the highest base the database has given, and notices when it goes back.
 *
 * A restored backup, a stale replica that was promoted, a table that was truncated: the counter
 * stands where it has been before, and would give the same bases again. A database that has gone back
 * stays refused until its newest base is no longer below what it has given: then an operator has moved
 * the counter forward.
 *
 * Several masters behind one address count apart from each other, each in a residue class of its
 * own, base mod increment. So bases are compared within their class, a newest base is compared with
 * the class of the master that told it, and one master is refused while the others serve.
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
#include "store/store.h"
#include "ticket/range.h"

/* A base of each residue class, as a rule the highest that is known; 0: none. */
struct trust_classes {
	uint64_t *highest; /* increment of them */
	uint64_t increment;
};

struct trust {
	pthread_mutex_t mutex;
	/* Under the mutex: */
	struct trust_classes classes;
	struct trust_classes floors; /* what a refused class must reach; 0: it is trusted */
};

void trust_init(struct trust *trust);
void trust_destroy(struct trust *trust);

/* Whether the database of SHARE is not refused; else why, for people. */
bool trust_is_given(struct trust *trust, const struct store_share *share,
		    struct text *reason) MUST_CHECK;

/* Before a statement: keep what is known now in MARK, which is the thread's, zeroed or used before. */
void trust_mark(struct trust *trust, struct trust_classes *mark);

/*
 * After one that allocated: whether BASES, which are not empty, are all higher than what was known
 * at MARK. If not, the database of their class is refused from now on, and nobody may have them.
 */
bool trust_accepts(struct trust *trust, const struct trust_classes *mark,
		   const struct ticket_range *bases, struct text *reason) MUST_CHECK;

/*
 * After one that found NEWEST to be the newest base of the database of SHARE: whether it is at least
 * what was known of that share at MARK. If not, the database is refused; if it was refused, it is
 * no longer.
 */
bool trust_accepts_newest(struct trust *trust, const struct trust_classes *mark,
			  const struct store_share *share, uint64_t newest,
			  struct text *reason) MUST_CHECK;

void trust_classes_free(struct trust_classes *classes);

#endif
