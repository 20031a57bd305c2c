/*
 * trust -- remembers the highest base of a database, and notices when its counter goes back in time.
 *
 * After a restored backup, a promoted replica that lagged, or a truncated table, the counter stands at a
 * base that it has passed before. It would return the same bases again. Such a database is refused.
 *
 *	      known            unsure
 *	---------|----------------|--------->  bases
 *	 issued, as   may have been issued by
 *	 we have seen  other servers meanwhile
 *
 * A refused database stays refused while it is below its floor, the known bases. Then its counter is
 * moved past the unsure bases. If the caller can tell when an operator has run `tickrd advance`, the
 * refusal is latched: it lasts until the operator has done so. A latch is the database's number of the
 * last advance (see store.h) at the refusal, plus 1. 0 is no latch. A greater number is a later advance.
 *
 * Several masters at one address count independently, each in its own residue class, base mod increment.
 * So bases are compared within their class, and one master is refused while the others serve.
 *
 * The state file of the last process names the highest base that was certainly issued, and the highest
 * one that may have been issued. Between the two, a sound database looks like an older copy, so those
 * bases are unsure. The caller moves the counter past them, which is right for both.
 *
 * Several servers may serve one node from one database. The counter shows the bases that the others
 * reserve, and those count too. But a database shows a commit to readers a moment before the commit is
 * on its disk. If it crashes in between, the counter is lower afterwards, and nothing is wrong. So bases
 * that were only read, and lately, are known but not certain. If the counter is below them, they are
 * unsure.
 *
 * Any thread; one mutex. Times are those of clock_ms(), from the caller.
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
	TRUST_REFUSED, /* the counter has gone back in time */
	TRUST_UNSURE,  /* they may have been issued: abandon them, and move the counter forward */
	TRUST_SUSPECT, /* a base that was read is too low: a reservation must show the counter */
};

/* The knowledge from before a statement. Zeroed at first; released with trust_mark_free(). */
struct trust_mark {
	struct classes known;
	struct classes certain;
	uint64_t given;	   /* the count of recent ranges */
	uint64_t advances; /* the database's number of an operator's last advance */
	uint64_t began_ms; /* when the statement began */
};

struct trust {
	pthread_mutex_t mutex;
	struct ticket_space space; /* to name the ticket of a base */
	/* Under the mutex: */
	struct classes unsure; /* the highest base that may have been issued, by any server */
	struct classes known;  /* the highest one that was issued, by us or by another server */
	struct classes
		certain; /* the highest known one that no crash of the database can have lost */
	struct classes young; /* known at young_ms; certain after a while */
	uint64_t young_ms;
	struct recent recent;	 /* the last ranges that we issued */
	struct classes floors;	 /* the base that a refused class must reach; 0: it is trusted */
	struct classes went_to;	 /* the base of such a class at its refusal, below its floor */
	struct classes latches;	 /* of the refused classes that wait for an operator */
	struct classes moved[2]; /* how far the counter was moved, as logged: of trusted
				    classes, and of refused ones */
	uint64_t seen_ms;	 /* when the last statement began that showed the counter */
	struct classes seen;	 /* the same, of each class */
	uint64_t advances;	 /* the highest number of an advance that was read; see store.h */
	struct rate rate;	 /* of the counter */
};

/* LAST is the record of the last process; NULL: nothing is known of it. */
void trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last);
void trust_destroy(struct trust *trust);

/* Whether the database of SHARE is trusted. If it is refused, add the reason. */
bool trust_is_given(struct trust *trust, const struct store_share *share,
		    struct text *reason) MUST_CHECK;

/* Before a statement: copy the knowledge of NOW_MS to MARK, which is the thread's. */
void trust_remember(struct trust *trust, struct trust_mark *mark, uint64_t now_ms);
void trust_mark_free(struct trust_mark *mark);

/*
 * Note ADVANCES, which was read in the database: its number of an operator's last advance. If it is
 * greater than before, the counter was moved on purpose, and that is no rate.
 */
void trust_note_advances(struct trust *trust, uint64_t advances);

/*
 * For a cluster that changes its increment when masters join or leave. Bases of another increment than
 * STEP prove nothing about the masters of now, which may rightly return lower ones. An older copy of the
 * cluster looks the same, so all bases up to the highest known one are unsure.
 */
void trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step);

/*
 * Judge BASES, which a statement returned, and which are not empty and end below 2^64. They are accepted
 * if they are higher than the known ones of MARK, and were not issued since then. Another master may
 * have returned them while this answer was on its way. Otherwise the database of their class is refused
 * from now on. Only accepted bases may be issued. TRUST_UNSURE and TRUST_REFUSED: the counter must pass
 * *PAST, if that is not 0.
 */
enum trust_verdict trust_judge(struct trust *trust, const struct trust_mark *mark,
			       const struct ticket_range *bases, uint64_t *past,
			       struct text *reason) MUST_CHECK;

/*
 * Judge NEWEST, which a statement read as the newest base of the database of SHARE. TRUST_SUSPECT: it is
 * below the known base of that share at MARK. A refused database is trusted again when it has reached
 * its floor and has no latch. *PAST as above.
 */
enum trust_verdict trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
				      const struct store_share *share, uint64_t newest,
				      uint64_t *past, struct text *reason) MUST_CHECK;

/* When the last statement began that showed the counter, by clock_ms(); 0: none has. */
uint64_t trust_seen_ms(struct trust *trust);

/* The latch of the database of SHARE; 0: none. */
uint64_t trust_latch(struct trust *trust, const struct store_share *share);

/* Set the latch of the database of SHARE. False: it is not refused, and has none. */
bool trust_set_latch(struct trust *trust, const struct store_share *share,
		     uint64_t latch) MUST_CHECK;

/*
 * End the refusal of the database of SHARE, which has no latch: the statement that accused it may be
 * from before an operator's advance. False: it has a latch by now.
 */
bool trust_pardon(struct trust *trust, const struct store_share *share) MUST_CHECK;

/*
 * Note that the counter of SHARE was moved to PAST. Return whether to log that. A replica that lags does
 * not show a move yet, so the same move may be made again; it is not logged again.
 */
bool trust_note_move(struct trust *trust, const struct store_share *share,
		     uint64_t past) MUST_CHECK;

/*
 * The last base of SHARE that is not above NEWEST, which replication may have brought from another
 * master. 0: none.
 */
uint64_t trust_own_base(const struct store_share *share, uint64_t newest);

#endif
