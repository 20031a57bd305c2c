#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/counter.h"

#define FIRST_ROW    1	  /* the newest base before the first; nobody has it */
#define MOST_MOVES   3	  /* of the counter, for one reservation */
#define MOST_SEEN_MS 1000 /* how long an answer that showed the counter counts */

static const struct store_share whole = {1, 0, false};

bool
counter_learn_share(struct keeper *keeper)
{
	if (keeper->store->share != NULL)
		return keeper->store->share(keeper->session, &keeper->share);
	keeper->share = whole;
	return true;
}

/* The state file is that of all masters. */
enum store_result
counter_refusal(struct keeper *keeper)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	if (keeper->share.increment > 1 && high_water_is_kept(keeper->high_water, &ignored))
		return STORE_LOST;
	return STORE_REFUSED;
}

static void
counter_tell(struct keeper *keeper, bool is_trusted)
{
	if (keeper->listener != NULL && keeper->listener->told != NULL)
		keeper->listener->told(keeper->listener->arg, &keeper->database->space, is_trusted);
}

/* --- which database it is ---------------------------------------------------------------------- */

enum acquaintance {
	DATABASE_KNOWN,
	DATABASE_OTHER,	   /* its identity is not the known one */
	DATABASE_NAMELESS, /* it has no identity, none is known yet, or it is one of several masters */
};

static const char *
counter_identity(struct keeper *keeper)
{
	return keeper->store->identity != NULL ? keeper->store->identity(keeper->session) : "";
}

static enum acquaintance
counter_recognise(struct keeper *keeper)
{
	const char *identity = counter_identity(keeper);
	char known[RANDOM_ID_SIZE];

	high_water_identity(keeper->high_water, known);
	if (keeper->share.increment > 1 || identity[0] == '\0' || known[0] == '\0')
		return DATABASE_NAMELESS;
	return strcmp(identity, known) == 0 ? DATABASE_KNOWN : DATABASE_OTHER;
}

/*
 * The database is past all that was issued, so it is the known one from now on. Several masters may
 * each have an identity; then the first one stays.
 */
static bool
counter_adopt(struct keeper *keeper, struct text *reason)
{
	const char *identity = counter_identity(keeper);
	char known[RANDOM_ID_SIZE];

	high_water_identity(keeper->high_water, known);
	if (identity[0] == '\0' || strcmp(identity, known) == 0 ||
	    (known[0] != '\0' && keeper->share.increment > 1))
		return true;
	if (known[0] != '\0')
		log_warn("another database took the place of the known one",
			 "identity=%s was=%s database=\"%s\"", identity, known,
			 keeper->health->name);
	return high_water_set_identity(keeper->high_water, identity, reason);
}

/* --- reading and moving the counter ------------------------------------------------------------ */

/* An operator's last advance, as the session's last look found it; 0: none, or nobody can tell. */
static uint64_t
counter_advances(struct keeper *keeper)
{
	return counter_identity(keeper)[0] != '\0' ? keeper->store->advances(keeper->session) : 0;
}

static enum store_result
counter_read(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = keeper->store->newest(keeper->session, newest, reason);

	if (result == STORE_OK)
		trust_note_advances(keeper->trust, counter_advances(keeper));
	return result;
}

static void
counter_explain_other(struct keeper *keeper, uint64_t past, struct text *reason)
{
	uint64_t ticket;

	text_addf(
		reason,
		"this is another database than the one that served before, and its counter may "
		"repeat tickets of that one. Check TICKR_DATABASE_HOST and TICKR_DATABASE_NAME, or "
		"run: tickrd advance --past ");
	if (space_ticket(&keeper->database->space, past, &ticket))
		text_addf(reason, "%" PRIu64, ticket);
	else
		text_add(reason, "TICKET");
}

/* The bases of SHARE up to PAST may have been issued: leave them all out. */
static enum store_result
counter_move_past(struct keeper *keeper, const struct store_share *share, uint64_t past,
		  struct text *reason)
{
	uint64_t newest = 0;
	enum store_result result;

	if (counter_recognise(keeper) == DATABASE_OTHER) {
		counter_explain_other(keeper, past, reason);
		return STORE_REFUSED;
	}
	result = counter_read(keeper, &newest, reason);
	if (result != STORE_OK || newest >= past)
		return result;
	result = keeper->store->advance(keeper->session, past, reason);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_info("counter moved past possibly issued tickets",
			 "from=%" PRIu64 " to=%" PRIu64 " gap=%" PRIu64 " database=\"%s\"", newest,
			 past, past - newest, keeper->health->name);
	return result;
}

/*
 * Latch the refusal of SHARE with LATCH, over restarts too. False: nothing happens, for another thread
 * has seen the end of the refusal. If the state file cannot keep it now, counter_reconsider() tries again.
 */
static bool
counter_set_latch(struct keeper *keeper, const struct store_share *share, uint64_t latch,
		  uint64_t past)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);

	if (!trust_set_latch(keeper->trust, share, latch))
		return false;
	(void)!high_water_set_latch(keeper->high_water, share, latch, past, &ignored);
	return true;
}

/*
 * Latch the refusal with the number of advances that was known before the statement began. *IS_OVER: the
 * refusal has ended, or the number is greater now. Then the statement may be from before the operator's
 * advance, and is no reason to refuse.
 */
static enum store_result
counter_latch(struct keeper *keeper, const struct store_share *share, uint64_t past, bool *is_over,
	      struct text *problem)
{
	uint64_t newest, known = keeper->mark.advances;
	enum store_result result = counter_read(keeper, &newest, problem);

	if (result == STORE_OK)
		*is_over = counter_advances(keeper) > known ||
			   !counter_set_latch(keeper, share, known + 1, past);
	return result;
}

/*
 * The database of SHARE is refused, is the known one, and stands below PAST. Latch the refusal, then move
 * the counter: no other server of the node may repeat what this one knows. A server that was killed in
 * between goes on here after its restart. The other way round it would find the counter past all issued
 * tickets, and serve. If it fails, the next look tries again. False: the refusal is over.
 */
static bool
counter_guard_others(struct keeper *keeper, const struct store_share *share, uint64_t past)
{
	char memory[REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	enum store_result result = STORE_OK;
	bool is_over = false;

	if (trust_latch(keeper->trust, share) == 0)
		result = counter_latch(keeper, share, past, &is_over, &problem);
	if (is_over && trust_pardon(keeper->trust, share))
		return false;
	if (result == STORE_OK)
		result = keeper->store->advance(keeper->session, past, &problem);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_warn("counter moved past all issued tickets", "to=%" PRIu64 " database=\"%s\"",
			 past, keeper->health->name);
	else if (result != STORE_OK && !keeper->is_stuck)
		log_error("cannot move the counter past issued tickets; trying again",
			  "to=%" PRIu64 " reason=\"%s\" database=\"%s\"", past, memory,
			  keeper->health->name);
	keeper->is_stuck = result != STORE_OK;
	return true;
}

/*
 * The database of SHARE is refused for REASON, which may become another: that of a latched one. STORE_OK:
 * the refusal is over, so ask again.
 */
static enum store_result
counter_refuse(struct keeper *keeper, const struct store_share *share, uint64_t past,
	       struct text *reason)
{
	counter_tell(keeper, false);
	if (past > 0 && counter_recognise(keeper) == DATABASE_KNOWN &&
	    !counter_guard_others(keeper, share, past)) {
		text_clear(reason);
		return STORE_OK;
	}
	text_clear(reason);
	(void)!trust_is_given(keeper->trust, share, reason);
	return STORE_REFUSED;
}

/* --- reserving --------------------------------------------------------------------------------- */

static enum store_result
counter_reserve_once(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
		     enum trust_verdict *verdict, struct text *reason)
{
	struct store_share share = {.is_elastic = keeper->share.is_elastic};
	uint64_t last, past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	result = keeper->store->reserve(keeper->session, STORE_COUNT(count), bases, reason);
	if (result != STORE_OK)
		return result;
	if (!range_last(bases, &last)) {
		text_add(reason, "the database's counter is beyond 2^64-1");
		return STORE_EXHAUSTED;
	}
	share.increment = bases->increment;
	share.residue = bases->first % bases->increment;
	if (share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, share.increment);
	*verdict = trust_judge(keeper->trust, &keeper->mark, bases, &past, reason);
	switch (*verdict) {
	case TRUST_REFUSED:
		*verdict = TRUST_UNSURE;
		return counter_refuse(keeper, &share, past, reason);
	case TRUST_UNSURE:
		if (past == 0)
			return STORE_OK;
		return counter_move_past(keeper, &share, past, reason);
	case TRUST_SUSPECT:
	case TRUST_ACCEPTED: break;
	}
	keeper->seen_ms = keeper->mark.began_ms;
	return high_water_covers(keeper->high_water, bases, reason) ? STORE_OK : STORE_REFUSED;
}

/* --- looking ----------------------------------------------------------------------------------- */

/* The bases that another server issued must not come from us, even from an older copy. */
static bool
counter_keep_state(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	const struct ticket_range own = {trust_own_base(&keeper->share, newest),
					 keeper->share.increment, 1};

	if (own.first > FIRST_ROW && !high_water_covers(keeper->high_water, &own, reason))
		return false;
	return high_water_tend(keeper->high_water, clock_ms(), reason);
}

static enum store_result
counter_accept(struct keeper *keeper, uint64_t newest, struct text *reason)
{
	keeper->seen_ms = keeper->mark.began_ms;
	if (!counter_keep_state(keeper, newest, reason) || !counter_adopt(keeper, reason))
		return STORE_REFUSED;
	counter_tell(keeper, true);
	return STORE_OK;
}

/*
 * NEWEST reads too low. A proxy may have sent the question to a replica that lags; a reservation
 * goes to the master, and shows where the counter is. Its base becomes a gap.
 */
static enum store_result
counter_confirm(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	struct ticket_range trial;
	enum trust_verdict verdict = TRUST_UNSURE;
	enum store_result result = counter_reserve_once(keeper, 1, &trial, &verdict, reason);

	if (result != STORE_OK || verdict != TRUST_ACCEPTED)
		return result;
	if (!keeper->was_stale)
		log_warn("reads are older than writes",
			 "read=%" PRIu64 " counter=%" PRIu64
			 " reason=\"a proxy sends reads to a replica, which is not supported\" "
			 "database=\"%s\"",
			 *newest, trial.first, keeper->health->name);
	keeper->was_stale = true;
	*newest = trial.first;
	return counter_accept(keeper, *newest, reason);
}

/*
 * Whether an operator has moved the counter since the database was refused. A lower number than that of
 * the latch is an older copy's. Nobody can tell it of a database without an identity: it is trusted when
 * its counter has passed all that was issued.
 */
static bool
counter_is_released(struct keeper *keeper, uint64_t latch)
{
	if (latch == 0)
		return false;
	return counter_identity(keeper)[0] == '\0' || counter_advances(keeper) >= latch;
}

/*
 * The database is refused, and NEWEST was read; its counter should be past PAST. *IS_AGAIN: an
 * operator has moved it, so look again.
 */
static enum store_result
counter_reconsider(struct keeper *keeper, uint64_t newest, uint64_t past, bool *is_again,
		   struct text *reason)
{
	uint64_t latch = trust_latch(keeper->trust, &keeper->share);

	high_water_repair(keeper->high_water,
			  clock_ms()); /* the latch may not be in the file yet */
	if (counter_is_released(keeper, latch)) {
		(void)!counter_set_latch(keeper, &keeper->share, 0, past);
		text_clear(reason);
		*is_again = true;
		return STORE_OK;
	}
	if (latch == 0 || newest < past) {
		*is_again = true;
		return counter_refuse(keeper, &keeper->share, past, reason);
	}
	counter_tell(keeper, false);
	return STORE_REFUSED;
}

static enum store_result
counter_look_once(struct keeper *keeper, uint64_t *newest, bool *is_again, struct text *reason)
{
	uint64_t past;
	enum store_result result;

	trust_remember(keeper->trust, &keeper->mark, clock_ms());
	result = counter_read(keeper, newest, reason);
	if (result != STORE_OK)
		return result;
	if (!counter_learn_share(keeper))
		return high_water_tend(keeper->high_water, clock_ms(), reason) ? STORE_OK
									       : STORE_REFUSED;
	if (keeper->share.is_elastic)
		trust_forget_other_steps(keeper->trust, &keeper->mark, keeper->share.increment);
	switch (trust_judge_newest(keeper->trust, &keeper->mark, &keeper->share, *newest, &past,
				   reason)) {
	case TRUST_REFUSED: return counter_reconsider(keeper, *newest, past, is_again, reason);
	case TRUST_SUSPECT: return counter_confirm(keeper, newest, reason);
	case TRUST_UNSURE:
		*is_again = true;
		return counter_move_past(keeper, &keeper->share, past, reason);
	case TRUST_ACCEPTED: break;
	}
	return counter_accept(keeper, *newest, reason);
}

enum store_result
counter_look(struct keeper *keeper, uint64_t *newest, struct text *reason)
{
	enum store_result result = STORE_OK;
	bool is_again = true;

	for (unsigned i = 0; i < MOST_MOVES && result == STORE_OK && is_again; i++) {
		is_again = false;
		result = counter_look_once(keeper, newest, &is_again, reason);
	}
	return result;
}

/* --- from outside ------------------------------------------------------------------------------ */

enum store_result
counter_may_reserve(struct keeper *keeper, struct text *reason)
{
	if (trust_is_given(keeper->trust, &keeper->share, reason) &&
	    high_water_is_kept(keeper->high_water, reason))
		return STORE_OK;
	return counter_refusal(keeper);
}

/* Whether an answer has shown the counter of late: of several masters, one of this session. */
static bool
counter_is_seen(struct keeper *keeper)
{
	uint64_t seen_ms = keeper->seen_ms;

	if (keeper->share.increment == 1)
		seen_ms = trust_seen_ms(keeper->trust);
	/* The clock last: another thread may see the counter meanwhile. */
	return seen_ms != 0 && clock_ms() - seen_ms <= MOST_SEEN_MS;
}

enum store_result
counter_reserve(struct keeper *keeper, uint32_t count, struct ticket_range *bases,
		struct text *reason)
{
	enum store_result result = STORE_OK;
	uint64_t newest;

	if (!counter_is_seen(keeper))
		result = counter_look(keeper, &newest, reason);
	for (unsigned i = 0; i < MOST_MOVES && result == STORE_OK; i++) {
		enum trust_verdict verdict = TRUST_ACCEPTED;

		result = counter_reserve_once(keeper, count, bases, &verdict, reason);
		if (result == STORE_OK && verdict == TRUST_ACCEPTED)
			return STORE_OK;
	}
	if (result == STORE_OK)
		text_add(reason, "the counter stays below tickets that may have been issued");
	return result == STORE_OK || result == STORE_REFUSED ? counter_refusal(keeper) : result;
}
