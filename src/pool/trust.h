/*
 * trust -- remembers the highest base of a database, and notices when its counter goes back in time.
 *
 * After a restored backup, a promoted replica that lagged, or a truncated table, the counter stands at
 * a base that it has passed before. It would return the same bases again. Such a database is refused.
 *
 *	      known            unsure
 *	---------|----------------|--------->  bases
 *	 issued, as   may have been issued by
 *	 we have seen  other servers meanwhile
 *
 * A database is refused while its counter is below the floor: the highest base that was known at the
 * refusal. After that the counter is moved past the unsure bases.
 *
 * If the caller can recognise a later `tickrd advance`, it latches the refusal: the refusal lasts until
 * an operator has run that. The latch is the number of the last advance (see store.h) at the refusal,
 * plus 1. A greater number is a later advance. 0 is no latch.
 *
 * Several masters at one address count independently, each in its own residue class, base mod
 * increment. So bases are compared within their class, and one master is refused while the others
 * serve.
 *
 * The state file of the last process has the highest base that was certainly issued. It also has the
 * bound of the bases that may have been issued. Between the two, a sound database looks like an older
 * copy. So those bases are unsure. The caller moves the counter past them, which is right in both cases.
 *
 * Several servers may serve one node from one database. The bases that the others reserve appear in the
 * counter, and are known too. A base that was only read may be lost rightly:
 *
 *	1. Server B commits a reservation, which the database shows to server A.
 *	2. The database crashes before that commit is on its disk. B has issued nothing.
 *	3. The counter restarts below the base that A has read.
 *
 * So bases that were read lately are known, but not certain. If the counter is below them, they are
 * unsure.
 *
 * The bases of a pool of named sequences are values of their clock. An older copy may have any clock there, because
 * another server may have carried it on. So a refusal ends only with trust_release(), and the row of this server in
 * the database can accuse the database (instance.h).
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
	TRUST_UNSURE, /* the bases may have been issued: abandon them, and move the counter forward */
	TRUST_SUSPECT, /* a base that was read is too low: a reservation must show the counter */
};

/* The knowledge from before a statement. Zeroed at the start. Release it with trust_mark_free(). */
struct trust_mark {
	struct classes known;
	struct classes certain;
	uint64_t recent_count;
	uint64_t advances; /* the database's number of an operator's last advance */
	uint64_t began_ms; /* when the statement began */
};

struct trust {
	pthread_mutex_t mutex;
	struct ticket_space space; /* to name the ticket of a base */
	bool is_clock;		   /* the bases are those of a clock, and have no tickets */
	const char *store; /* whose clock it is, of TICKR_SEQUENCERS_FILE; NULL: the own one */
	/* Under the mutex: */
	struct classes unsure;	/* the highest base that may have been issued, by any server */
	struct classes known;	/* the highest one that was issued, by us or by another server */
	struct classes certain; /* the highest known one that is on the database's disk */
	struct classes young;	/* known at young_ms; certain after a while */
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

/* LAST is the record of the last process; NULL: there is none. */
void trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last);
void trust_destroy(struct trust *trust);

/*
 * Take the bases as values of the clock of named sequences. STORE is their store of TICKR_SEQUENCERS_FILE, which
 * outlives TRUST; NULL: they are in the server's own database. Call this before other threads do.
 */
void trust_use_clock(struct trust *trust, const char *store);

/* Return true if the database of SHARE is trusted. If it is refused, add the reason. */
bool trust_allows(struct trust *trust, const struct store_share *share,
		  struct text *reason) MUST_CHECK;

/* Before a statement: copy the knowledge of NOW_MS to MARK, which is the thread's. */
void trust_remember(struct trust *trust, struct trust_mark *mark, uint64_t now_ms);
void trust_mark_free(struct trust_mark *mark);

/*
 * Note ADVANCES, the number of the operator's last advance as read in the database. If it has risen,
 * the operator has moved the counter, and the move is no rate.
 */
void trust_note_advances(struct trust *trust, uint64_t advances);

/*
 * Forget the bases of other increments than STEP, for a cluster that changes its increment when masters
 * join or leave. The present masters may rightly return lower bases. An older copy of the cluster looks
 * the same, so all bases up to the highest known one become unsure.
 */
void trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step);

/*
 * Judge BASES, which a statement returned. They are not empty, and end below 2^64. They are accepted if
 * they are higher than the known ones of MARK, and were not issued after MARK was made. Another master
 * may have returned the same while this answer was on its way. Otherwise the database of their class is
 * refused from now on. Only accepted bases may be issued. TRUST_UNSURE and TRUST_REFUSED: the counter
 * must pass *PAST, if that is not 0.
 */
enum trust_verdict trust_judge(struct trust *trust, const struct trust_mark *mark,
			       const struct ticket_range *bases, uint64_t *past,
			       struct text *reason) MUST_CHECK;

/*
 * Judge NEWEST, which a statement read as the newest base of the database of SHARE. TRUST_SUSPECT: it
 * is below the known base of that share at MARK. A refused database is trusted again when its counter
 * has reached its floor and it has no latch. *PAST is as above.
 */
enum trust_verdict trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
				      const struct store_share *share, uint64_t newest,
				      uint64_t *past, struct text *reason) MUST_CHECK;

/*
 * The same for a statement that reads where others write, so no replica has answered: never TRUST_SUSPECT. If
 * NEWEST is below the certain base of MARK, the database is refused from now on.
 */
enum trust_verdict trust_judge_confirmed(struct trust *trust, const struct trust_mark *mark,
					 const struct store_share *share, uint64_t newest,
					 uint64_t *past, struct text *reason) MUST_CHECK;

/*
 * Of a clock: refuse the database of SHARE from now on, because it is an older copy, whatever its clock shows.
 * NEWEST is that clock. *PAST is as above.
 */
void trust_accuse(struct trust *trust, const struct trust_mark *mark,
		  const struct store_share *share, uint64_t newest, uint64_t *past);

/*
 * Of a clock: end the refusal and its latch, because an operator has acted, and the sequences are past all issued
 * ids.
 */
void trust_release(struct trust *trust, const struct store_share *share);

/* Return when the last statement began that showed the counter, by clock_ms(); 0: none has. */
uint64_t trust_seen_ms(struct trust *trust);

/* Return the latch of the database of SHARE; 0: none. */
uint64_t trust_latch(struct trust *trust, const struct store_share *share);

/* Set the latch of the database of SHARE. Return false, with no latch set, if it is not refused. */
bool trust_set_latch(struct trust *trust, const struct store_share *share,
		     uint64_t latch) MUST_CHECK;

/*
 * End the refusal of the database of SHARE, because the statement that caused it may be from before an
 * operator's advance. Return false if another thread has latched the refusal meanwhile.
 */
bool trust_pardon(struct trust *trust, const struct store_share *share) MUST_CHECK;

/*
 * Note that the counter of SHARE was moved to PAST. Return true if that should be logged. A replica
 * that lags does not show a move yet. So the same move may be made again, without a second line.
 */
bool trust_note_move(struct trust *trust, const struct store_share *share,
		     uint64_t past) MUST_CHECK;

/*
 * Return the last base of SHARE that is not above NEWEST; 0: none. Replication may have brought NEWEST
 * from another master.
 */
uint64_t trust_own_base(const struct store_share *share, uint64_t newest);

#endif
