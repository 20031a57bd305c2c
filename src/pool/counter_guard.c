#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/counter_guard.h"
#include "pool/counter_sequences.h"
#include "pool/trust_words.h"

void
counter_note(struct keeper *keeper, bool is_trusted)
{
	if (keeper->listener != NULL && keeper->listener->note != NULL)
		keeper->listener->note(keeper->listener->arg, keeper->space, is_trusted);
}

/* --- the identity ------------------------------------------------------------------------------ */

enum acquaintance {
	DATABASE_KNOWN,
	DATABASE_OTHER,	   /* its identity is not the known one */
	DATABASE_NAMELESS, /* it has no identity, none is known yet, or it is one of several masters */
};

static const char *
counter_guard_identity(struct keeper *keeper)
{
	return keeper->store->identity != NULL ? keeper->store->identity(keeper->session) : "";
}

static enum acquaintance
counter_guard_recognise(struct keeper *keeper)
{
	const char *identity = counter_guard_identity(keeper);
	char known[RANDOM_ID_SIZE];

	high_water_identity(keeper->high_water, known);
	if (keeper->instance != NULL && known[0] == '\0')
		return DATABASE_KNOWN; /* the row of this server tells it from another one */
	if (keeper->instance != NULL)
		return strcmp(identity, known) == 0 ? DATABASE_KNOWN : DATABASE_OTHER;
	if (keeper->share.increment > 1 || identity[0] == '\0' || known[0] == '\0')
		return DATABASE_NAMELESS;
	return strcmp(identity, known) == 0 ? DATABASE_KNOWN : DATABASE_OTHER;
}

bool
counter_adopt(struct keeper *keeper, struct text *reason)
{
	const char *identity = counter_guard_identity(keeper);
	char known[RANDOM_ID_SIZE];

	high_water_identity(keeper->high_water, known);
	if (identity[0] == '\0' || strcmp(identity, known) == 0 ||
	    (known[0] != '\0' && keeper->share.increment > 1))
		return true;
	if (known[0] != '\0')
		log_warn("another database took the place of the known one",
			 LOG_WORD("identity", identity), LOG_WORD("was", known),
			 LOG_DATABASE(keeper->health->name));
	return high_water_set_identity(keeper->high_water, identity, reason);
}

/* --- reading and moving the counter ------------------------------------------------------------ */

/*
 * Return the number of the operator's last advance, as the session last read it. 0: none, or unknown.
 */
static uint64_t
counter_guard_advances(struct keeper *keeper)
{
	if (keeper->instance == NULL && counter_guard_identity(keeper)[0] == '\0')
		return 0;
	return keeper->store->advances(keeper->session);
}

/* Move the counter past the base PAST, or raise all sequences past it. */
static enum store_result
counter_guard_advance(struct keeper *keeper, uint64_t past, struct text *reason)
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
		trust_note_advances(keeper->trust, counter_guard_advances(keeper));
	return result;
}

static void
counter_guard_explain_other(struct keeper *keeper, uint64_t past, struct text *reason)
{
	const char *store = keeper->trust->store;
	uint64_t ticket;

	if (keeper->instance != NULL) {
		text_addf(reason,
			  "this is another database than the one that served before, and its "
			  "sequences may repeat ids of that one. Check %s, or run: ",
			  store != NULL ? "the store in TICKR_SEQUENCERS_FILE"
					: "TICKR_DATABASE_HOST and TICKR_DATABASE_NAME");
		trust_words_add_command(store, reason);
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

	if (counter_guard_recognise(keeper) == DATABASE_OTHER) {
		counter_guard_explain_other(keeper, past, reason);
		return STORE_REFUSED;
	}
	result = counter_raise(keeper, past, reason);
	if (result == STORE_OK)
		log_info("sequences raised past possibly issued ids", LOG_NUMBER("from", newest),
			 LOG_NUMBER("to", past), LOG_NUMBER("gap", past - newest),
			 LOG_DATABASE(keeper->health->name));
	return result;
}

enum store_result
counter_move_past(struct keeper *keeper, const struct store_share *share, uint64_t past,
		  struct text *reason)
{
	uint64_t newest = 0;
	enum store_result result;

	if (counter_guard_recognise(keeper) == DATABASE_OTHER) {
		counter_guard_explain_other(keeper, past, reason);
		return STORE_REFUSED;
	}
	result = counter_read(keeper, &newest, reason);
	if (result != STORE_OK || newest >= past)
		return result;
	result = counter_guard_advance(keeper, past, reason);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_info(keeper->instance != NULL ? "sequences raised past possibly issued ids"
						  : "counter moved past possibly issued tickets",
			 LOG_NUMBER("from", newest), LOG_NUMBER("to", past),
			 LOG_NUMBER("gap", past - newest), LOG_DATABASE(keeper->health->name));
	return result;
}

/*
 * Latch the refusal of SHARE with LATCH, over restarts too. Return false, with no latch set, if another
 * thread has seen the end of the refusal. If the state file cannot keep the latch now,
 * counter_reconsider() retries.
 */
static bool
counter_guard_set_latch(struct keeper *keeper, const struct store_share *share, uint64_t latch,
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
 * Latch the refusal with the advance number from before the statement, plus 1. Set *IS_OVER if the
 * refusal is over, or if this happened:
 *
 *	1. A's statement reserves low bases.
 *	2. An operator advances the counter.
 *	3. A reads a greater advance number.
 *
 * Then the low bases are no reason to refuse, because the operator has acted since.
 */
static enum store_result
counter_guard_latch(struct keeper *keeper, const struct store_share *share, uint64_t past,
		    bool *is_over, struct text *problem)
{
	uint64_t newest, known = keeper->mark.advances;
	enum store_result result = counter_read(keeper, &newest, problem);

	if (result == STORE_OK)
		*is_over = counter_guard_advances(keeper) > known ||
			   !counter_guard_set_latch(keeper, share, known + 1, past);
	return result;
}

/*
 * Latch the refusal of SHARE, then move the counter past PAST, so that no other server of the node
 * repeats known bases. The database is the known one. If this fails, the next look retries. Return
 * false if the refusal is over.
 *
 * A server that is killed between the two steps continues here after its restart. In the other order it
 * would find the counter past all issued tickets, and serve.
 */
static bool
counter_guard_others(struct keeper *keeper, const struct store_share *share, uint64_t past)
{
	char memory[REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	enum store_result result = STORE_OK;
	bool is_over = false;

	if (trust_latch(keeper->trust, share) == 0)
		result = counter_guard_latch(keeper, share, past, &is_over, &problem);
	if (is_over && trust_pardon(keeper->trust, share))
		return false;
	if (result == STORE_OK && counter_guard_recognise(keeper) != DATABASE_KNOWN)
		return true; /* the sequences of another database wait for an operator */
	if (result == STORE_OK)
		result = counter_guard_advance(keeper, past, &problem);
	if (result == STORE_OK && trust_note_move(keeper->trust, share, past))
		log_warn(keeper->instance != NULL ? "sequences raised past all issued ids"
						  : "counter moved past all issued tickets",
			 LOG_NUMBER("to", past), LOG_DATABASE(keeper->health->name));
	else if (result != STORE_OK && !keeper->is_stuck)
		log_error(keeper->instance != NULL
				  ? "cannot raise the sequences past issued ids; trying again"
				  : "cannot move the counter past issued tickets; trying again",
			  LOG_NUMBER("to", past), LOG_TEXT("reason", memory),
			  LOG_DATABASE(keeper->health->name));
	keeper->is_stuck = result != STORE_OK;
	return true;
}

enum store_result
counter_refuse(struct keeper *keeper, const struct store_share *share, uint64_t past,
	       struct text *reason)
{
	counter_note(keeper, false);
	if (past > 0 &&
	    (keeper->instance != NULL || counter_guard_recognise(keeper) == DATABASE_KNOWN) &&
	    !counter_guard_others(keeper, share, past)) {
		text_clear(reason);
		return STORE_OK;
	}
	text_clear(reason);
	(void)!trust_allows(keeper->trust, share, reason);
	return STORE_REFUSED;
}

/* --- the end of a refusal ------------------------------------------------------------------------ */

/*
 * Return true if an operator has moved the counter since the database was refused. A lower number than
 * the latch is from an older copy. A database without an identity has no such number. It is trusted
 * when its counter has passed all issued bases.
 */
static bool
counter_guard_is_released(struct keeper *keeper, uint64_t latch)
{
	if (latch == 0)
		return false;
	if (keeper->instance == NULL && counter_guard_identity(keeper)[0] == '\0')
		return true;
	return counter_guard_advances(keeper) >= latch;
}

/*
 * End the refusal, as an operator asks. Named sequences are raised first, those of another database too. Their
 * refusal and its latch end together, because another thread may look in between.
 */
static enum store_result
counter_guard_release(struct keeper *keeper, uint64_t past, struct text *reason)
{
	char memory[REASON_SIZE];
	struct text ignored = TEXT_OVER(memory);
	enum store_result result;

	text_clear(reason);
	if (keeper->instance == NULL) {
		(void)!counter_guard_set_latch(keeper, &keeper->share, 0, past);
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
	if (counter_guard_is_released(keeper, latch)) {
		*is_again = true;
		return counter_guard_release(keeper, past, reason);
	}
	if (latch == 0 || newest < past || is_unraised) {
		*is_again = true;
		return counter_refuse(keeper, &keeper->share, past, reason);
	}
	counter_note(keeper, false);
	return STORE_REFUSED;
}
