/*
 * trust -- remembers the highest base of a database, and notices when its counter moves backwards.
 *
 * A restored backup, a promoted replica that lagged, a truncated table: the counter stands where it
 * has stood before, and would issue the same bases again. Such a database is refused.
 *
 *	      known            unsure
 *	---------|----------------|--------->  bases
 *	 issued, as   may have been issued by
 *	 we have seen  other servers meanwhile
 *
 * A refused database stays refused below what is known, its floor; then its counter is moved past
 * what is unsure. If the caller can also tell when an operator has run `tickrd advance`, the refusal is
 * latched: then it lasts until the operator has done so. A latch is the database's number of the last
 * advance (see store.h) at the refusal, plus 1; 0 is no latch. A greater number is a later advance.
 *
 * Several masters under one address count apart from each other, each in a residue class of its
 * own, base mod increment. So bases are compared within their class, and one master is refused while
 * the others serve.
 *
 * The state file of the last process tells up to which base tickets were issued for certain, and up to
 * which base there may have been more. In between, nobody can tell a sound database from an older
 * copy: such bases are unsure. The caller moves the counter past them, which is right for both.
 *
 * Several servers may serve one node from one database. The counter shows what the others issue, and
 * that counts too. But a database shows a commit to readers a moment before the commit is on its disk. If it
 * crashes then, the counter comes back lower, and nothing is wrong. So what was only read, and
 * lately, is known but not certain: if the counter is below that, the bases between are unsure.
 *
 * The bases of a pool of named sequences are values of their clock. There an older copy may stand anywhere, because
 * another server may have carried its clock on. So a refusal ends only when trust_release() says so, and the row of
 * this server in the database can accuse the database (instance.h).
 *
 * Any thread; one mutex. Times are those of clock_ms(), handed in by the caller.
 */
#ifndef TICKR_POOL_TRUST_H
#define TICKR_POOL_TRUST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "pool/rate.h"
#include "pool/recent.h"
#include "state/classes.h"
#include "state/record.h"
#include "store/store.h"
#include "ticket/range.h"
#include "ticket/space.h"

enum trust_verdict {
	TRUST_ACCEPTED,
	TRUST_REFUSED, /* the counter has moved backwards */
	TRUST_UNSURE,  /* they may have been issued: abandon them, and move the counter forward */
	TRUST_SUSPECT, /* what was read is too low: a reservation must show where the counter is */
};

/* What was known before a statement. Zeroed at first; released with trust_mark_free(). */
struct trust_mark {
	struct classes known;
	struct classes certain;
	uint64_t given;	   /* the count of the recent ones */
	uint64_t advances; /* the database's number of an operator's last advance */
	uint64_t began_ms; /* when the statement began */
};

struct trust {
	pthread_mutex_t mutex;
	struct ticket_space space; /* to name the ticket of a base */
	bool is_clock;		   /* the bases are those of a clock, and have no tickets */
	/* Under the mutex: */
	struct classes unsure;	/* up to here somebody may have issued, and nobody can tell */
	struct classes known;	/* the highest that was issued, by us or by another server */
	struct classes certain; /* the part of it that no crash of the database can have lost */
	struct classes young;	/* what was known at young_ms, and will be certain in a while */
	uint64_t young_ms;
	struct recent recent;	 /* the last ranges that we issued */
	struct classes floors;	 /* the base that a refused class must reach; 0: it is trusted */
	struct classes went_to;	 /* the base of such a class at its refusal, below its floor */
	struct classes latches;	 /* of the refused classes that wait for an operator */
	struct classes moved[2]; /* how far the log says that the counter was moved: of trusted
				    classes, and of refused ones */
	uint64_t seen_ms;	 /* when the last statement began that showed the counter */
	struct classes seen;	 /* when a class was seen last, as above */
	uint64_t advances;	 /* the highest number of an advance that was read; see store.h */
	struct rate rate;	 /* at which the counter rises */
};

/* LAST is the record of the last process; NULL: nothing is known of it. */
void trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last);
void trust_destroy(struct trust *trust);

/* The bases are values of the clock of named sequences. Call before there are threads. */
void trust_use_clock(struct trust *trust);

/* Whether the database of SHARE is not refused; else add the reason, for people. */
bool trust_is_given(struct trust *trust, const struct store_share *share,
		    struct text *reason) MUST_CHECK;

/* Before a statement: keep what is known at NOW_MS in MARK, which is the thread's. */
void trust_remember(struct trust *trust, struct trust_mark *mark, uint64_t now_ms);
void trust_mark_free(struct trust_mark *mark);

/*
 * ADVANCES was read in the database: its number of an operator's last advance. If it is greater than
 * before, the counter was moved on purpose, and that is no rate.
 */
void trust_note_advances(struct trust *trust, uint64_t advances);

/*
 * Of a cluster whose masters come and go, and with each the increment: what one issued with another
 * increment than STEP says nothing about the others, who may be right to issue lower ones. Nobody
 * can tell that from an older copy of the cluster: what is not above all that was issued is unsure.
 */
void trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step);

/*
 * After one that allocated: whether BASES, which are not empty and end below 2^64, are all higher
 * than what was known at MARK, and were not issued since then: by another master, while this one's
 * answer was on its way. If not, the database of their class is refused from now on. Only
 * accepted ones may be issued. TRUST_UNSURE and TRUST_REFUSED: the counter of the database
 * must get past *PAST, if that is not 0.
 */
enum trust_verdict trust_judge(struct trust *trust, const struct trust_mark *mark,
			       const struct ticket_range *bases, uint64_t *past,
			       struct text *reason) MUST_CHECK;

/*
 * After one that read NEWEST as the newest base of the database of SHARE. TRUST_SUSPECT: it is
 * below what was known of that share at MARK. A refused database is trusted again when it has reached
 * its floor and has no latch. *PAST as above.
 */
enum trust_verdict trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
				      const struct store_share *share, uint64_t newest,
				      uint64_t *past, struct text *reason) MUST_CHECK;

/*
 * The same after a statement that reads where others write, so that no replica answered: never TRUST_SUSPECT. If
 * NEWEST is below the certain bases of MARK, the database is refused from now on.
 */
enum trust_verdict trust_judge_confirmed(struct trust *trust, const struct trust_mark *mark,
					 const struct store_share *share, uint64_t newest,
					 uint64_t *past, struct text *reason) MUST_CHECK;

/*
 * Of a clock: the database of SHARE is an older copy, whatever its clock shows, which is at NEWEST. It is refused
 * from now on. *PAST as above.
 */
void trust_accuse(struct trust *trust, const struct trust_mark *mark,
		  const struct store_share *share, uint64_t newest, uint64_t *past);

/* Of a clock: an operator has acted, and the sequences are past all that was issued. The refusal and its latch end. */
void trust_release(struct trust *trust, const struct store_share *share);

/* When the last statement began that showed the counter, by clock_ms(); 0: none has. */
uint64_t trust_seen_ms(struct trust *trust);

/* The latch of the database of SHARE; 0: none. */
uint64_t trust_latch(struct trust *trust, const struct store_share *share);

/* Set the latch of the database of SHARE. False: it is not refused, and has none. */
bool trust_set_latch(struct trust *trust, const struct store_share *share,
		     uint64_t latch) MUST_CHECK;

/*
 * End the refusal of the database of SHARE, which has no latch: the statement that accused it may be from
 * before an operator's advance. False: it has a latch by now.
 */
bool trust_pardon(struct trust *trust, const struct store_share *share) MUST_CHECK;

/*
 * The counter of SHARE was moved to PAST. Whether that is news for the log. It is not when the same move
 * is made again, because a replica that lags does not show it yet.
 */
bool trust_note_move(struct trust *trust, const struct store_share *share,
		     uint64_t past) MUST_CHECK;

/*
 * How far the database of SHARE is for certain when its newest base is NEWEST, which may be another's
 * that replication brought: the last one of its own that is not above it. 0: none.
 */
uint64_t trust_own_base(const struct store_share *share, uint64_t newest);

#endif
