#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/counter_guard.h"
#include "pool/counter_sequences.h"

void
counter_tell(struct keeper *keeper, bool is_trusted)
{
	if (keeper->listener != NULL && keeper->listener->told != NULL)
		keeper->listener->told(keeper->listener->arg, keeper->space, is_trusted);
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
	if (keeper->instance != NULL && known[0] == '\0')
		return DATABASE_KNOWN; /* the server's row tells it from another one */
	if (keeper->instance != NULL)
		return strcmp(identity, known) == 0 ? DATABASE_KNOWN : DATABASE_OTHER;
	if (keeper->share.increment > 1 || identity[0] == '\0' || known[0] == '\0')
		return DATABASE_NAMELESS;
	return strcmp(identity, known) == 0 ? DATABASE_KNOWN : DATABASE_OTHER;
}

bool
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
	if (keeper->instance == NULL && counter_identity(keeper)[0] == '\0')
		return 0;
	return keeper->store->advances(keeper->session);
}

/* Move the counter, or all sequences, past the base PAST. */
static enum store_result
counter_advance(struct keeper *keeper, uint64_t past, struct text *reason)
{
	if (keeper->instance != NULL)
		return counter_raise(keeper, past, reason);
	return keeper->store->advance(keeper->session, past, reason);
}

enum store_result
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

	if (keeper->instance != NULL) {
		text_add(reason,
			 "this is another database than the one that served before, and its "
			 "sequences may repeat ids of that one. Check TICKR_DATABASE_HOST and "
			 "TICKR_DATABASE_NAME, or run: tickrd advance --sequences");
		return;
	}
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

enum store_result
counter_raise_unsure(struct keeper *keeper, uint64_t newest, uint64_t past, struct text *reason)
{
	enum store_result result;

	if (counter_recognise(keeper) == DATABASE_OTHER) {
		counter_explain_other(keeper, past, reason);
		return STORE_REFUSED;
	}
	result = counter_raise(keeper, past, reason);
	if (result == STORE_OK)
		log_info("sequences raised past possibly issued ids",
			 "from=%" PRIu64 " to=%" PRIu64 " gap=%" PRIu64 " database=\"%s\"", newest,
			 past, past - newest, keeper->health->name);
	return result;
}

enum store_result
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
	result = counter_advance(keeper, past, reason);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_info(keeper->instance != NULL ? "sequences raised past possibly issued ids"
						  : "counter moved past possibly issued tickets",
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
 * Latch the refusal with the number of advances that was known before. *IS_OVER: the
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
	if (result == STORE_OK && counter_recognise(keeper) != DATABASE_KNOWN)
		return true; /* the sequences of another database wait for an operator */
	if (result == STORE_OK)
		result = counter_advance(keeper, past, &problem);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_warn(keeper->instance != NULL ? "sequences raised past all issued ids"
						  : "counter moved past all issued tickets",
			 "to=%" PRIu64 " database=\"%s\"", past, keeper->health->name);
	else if (result != STORE_OK && !keeper->is_stuck)
		log_error(keeper->instance != NULL
				  ? "cannot raise the sequences past issued ids; trying again"
				  : "cannot move the counter past issued tickets; trying again",
			  "to=%" PRIu64 " reason=\"%s\" database=\"%s\"", past, memory,
			  keeper->health->name);
	keeper->is_stuck = result != STORE_OK;
	return true;
}

enum store_result
counter_refuse(struct keeper *keeper, const struct store_share *share, uint64_t past,
	       struct text *reason)
{
	counter_tell(keeper, false);
	if (past > 0 && (keeper->instance != NULL || counter_recognise(keeper) == DATABASE_KNOWN) &&
	    !counter_guard_others(keeper, share, past)) {
		text_clear(reason);
		return STORE_OK;
	}
	text_clear(reason);
	(void)!trust_is_given(keeper->trust, share, reason);
	return STORE_REFUSED;
}

/* --- the end of a refusal ------------------------------------------------------------------------ */

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
	if (keeper->instance == NULL && counter_identity(keeper)[0] == '\0')
		return true;
	return counter_advances(keeper) >= latch;
}

/*
 * An operator wants the refusal to end. Named sequences are raised first, also those of another database. Their
 * refusal and its latch end together, because another thread may look in between.
 */
static enum store_result
counter_release(struct keeper *keeper, uint64_t past, struct text *reason)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result;

	text_clear(reason);
	if (keeper->instance == NULL) {
		(void)!counter_set_latch(keeper, &keeper->share, 0, past);
		return STORE_OK;
	}
	result = counter_raise(keeper, past, reason);
	if (result != STORE_OK)
		return result;
	trust_release(keeper->trust, &keeper->share);
	(void)!high_water_set_latch(keeper->high_water, &keeper->share, 0, past, &ignored);
	return STORE_OK;
}

enum store_result
counter_reconsider(struct keeper *keeper, uint64_t newest, uint64_t past, bool *is_again,
		   struct text *reason)
{
	uint64_t latch = trust_latch(keeper->trust, &keeper->share);
	bool is_unraised = keeper->instance != NULL && instance_is_older(keeper->instance);

	high_water_repair(keeper->high_water,
			  clock_ms()); /* the latch may not be in the file yet */
	if (counter_is_released(keeper, latch)) {
		*is_again = true;
		return counter_release(keeper, past, reason);
	}
	if (latch == 0 || newest < past || is_unraised) {
		*is_again = true;
		return counter_refuse(keeper, &keeper->share, past, reason);
	}
	counter_tell(keeper, false);
	return STORE_REFUSED;
}
