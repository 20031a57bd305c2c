/*
 * trust -- remembers the highest base the database has given, and notices when it goes back.
 *
 * A restored backup, a stale replica that was promoted, a table that was truncated: the counter
 * stands where it has been before, and would give the same bases again. A database that has gone
 * back stays refused until its newest base is no longer below what it has given: then an operator has
 * moved the counter forward, or ranges that were refused have carried it there. So it is unsure for
 * ten million bases more, which another server may have given before that was seen here.
 *
 * Several masters behind one address count apart from each other, each in a residue class of its
 * own, base mod increment. So bases are compared within their class, a newest base is compared with
 * the class of the master that told it, and one master is refused while the others serve.
 *
 * What it knows is this process's, and what the state file of the last one says: up to which base
 * tickets were given for certain, and up to which there may have been more. Between the two nobody
 * can tell a database that is as it should be from an older copy: the caller moves the counter past
 * them, which is right for both.
 *
 * Several servers may serve one node from one database. What the others give is seen when the newest
 * base is asked for, and counts too.
 *
 * Any thread; one mutex.
 */
#ifndef TICKR_POOL_TRUST_H
#define TICKR_POOL_TRUST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "pool/recent.h"
#include "state/classes.h"
#include "state/record.h"
#include "store/store.h"
#include "ticket/range.h"
#include "ticket/space.h"

enum trust_verdict {
	TRUST_ACCEPTED,
	TRUST_REFUSED, /* the database has gone back */
	TRUST_UNSURE,  /* they may have been given: abandon them, and move the counter forward */
};

/* What was known before a statement. Zeroed at first; released with trust_mark_free(). */
struct trust_mark {
	struct classes known;
	uint64_t given; /* the count of the recent ones */
};

struct trust {
	pthread_mutex_t mutex;
	struct ticket_space space; /* to tell people the ticket of a base */
	/* Under the mutex: */
	struct classes unsure;	/* up to here somebody may have given, and nobody can tell */
	struct classes known;	/* the highest that was given, by us or by another server */
	struct recent recent;	/* what was given by us */
	struct classes floors;	/* what a refused class must reach; 0: it is trusted */
	struct classes went_to; /* what such a class gave, or where it stood, below its floor */
};

/* LAST is what the last process left behind; NULL: nothing is known of it. */
void trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last);
void trust_destroy(struct trust *trust);

/* Whether the database of SHARE is not refused; else why, for people. */
bool trust_is_given(struct trust *trust, const struct store_share *share,
		    struct text *reason) MUST_CHECK;

/* Before a statement: keep what is known now in MARK, which is the thread's, zeroed or used before. */
void trust_remember(struct trust *trust, struct trust_mark *mark);
void trust_mark_free(struct trust_mark *mark);

/*
 * Of a cluster whose masters come and go, and with each the increment: what one gave with another
 * increment than STEP says nothing about the others, who may be right to give lower ones. Nobody
 * can tell that from an older copy of the cluster: what is not above all that was given is unsure.
 */
void trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step);

/*
 * After one that allocated: whether BASES, which are not empty and end below 2^64, are all higher
 * than what was known at MARK, and were not given since then: by another master, while this one's
 * answer was on its way. If not, the database of their class is refused from now on. Only
 * accepted ones may be given to anybody. TRUST_UNSURE: the counter of the database that gave them
 * must get past *PAST, if that is not 0.
 */
enum trust_verdict trust_judge(struct trust *trust, const struct trust_mark *mark,
			       const struct ticket_range *bases, uint64_t *past,
			       struct text *reason) MUST_CHECK;

/*
 * After one that found NEWEST to be the newest base of the database of SHARE: whether it is at least
 * what was known of that share at MARK. If not, the database is refused; if it was refused, it is
 * no longer.
 */
enum trust_verdict trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
				      const struct store_share *share, uint64_t newest,
				      uint64_t *past, struct text *reason) MUST_CHECK;

/*
 * How far the database of SHARE is for certain when its newest base is NEWEST, which may be another's
 * that replication brought: the last one of its own that is not above it. 0: none.
 */
uint64_t trust_own_base(const struct store_share *share, uint64_t newest);

#endif
