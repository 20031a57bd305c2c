#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "pool/trust.h"

#define UNSEEN 10000000 /* bases that others may have given, which were not seen here */

void
trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last)
{
	memset(trust, 0, sizeof(*trust));
	pthread_mutex_init(&trust->mutex, NULL);
	trust->space = *space;
	if (last == NULL)
		return;
	classes_copy(&trust->known, &last->given);
	classes_copy(&trust->unsure, &last->ahead);
}

void
trust_destroy(struct trust *trust)
{
	classes_free(&trust->unsure);
	classes_free(&trust->known);
	classes_free(&trust->floors);
	classes_free(&trust->went_to);
	pthread_mutex_destroy(&trust->mutex);
}

static uint64_t
top_of(const struct classes *classes, const struct store_share *share)
{
	return classes_top_of(classes, share->increment, share->residue);
}

/* The ticket to move the counter past, so that no base up to FLOOR comes again. */
static void
add_ticket(const struct trust *trust, uint64_t floor, struct text *reason)
{
	uint64_t ticket = 0;

	if (space_ticket(&trust->space, floor, &ticket))
		text_addf(reason, "%" PRIu64, ticket);
	else
		text_add(reason, "TICKET");
}

static void
explain(const struct trust *trust, uint64_t went_to, uint64_t floor, struct text *reason)
{
	text_addf(reason,
		  "the database has gone back: its counter came to %" PRIu64 ", and %" PRIu64
		  " was given before. Nothing is given until it is past that: tickrd advance "
		  "--past ",
		  went_to, floor);
	add_ticket(trust, floor, reason);
}

bool
trust_is_given(struct trust *trust, const struct store_share *share, struct text *reason)
{
	uint64_t floor, went_to;

	pthread_mutex_lock(&trust->mutex);
	floor = top_of(&trust->floors, share);
	went_to = top_of(&trust->went_to, share);
	pthread_mutex_unlock(&trust->mutex);
	if (floor != 0)
		explain(trust, went_to, floor, reason);
	return floor == 0;
}

void
trust_remember(struct trust *trust, struct trust_mark *mark)
{
	pthread_mutex_lock(&trust->mutex);
	classes_copy(&mark->known, &trust->known);
	mark->given = trust->recent.count;
	pthread_mutex_unlock(&trust->mutex);
}

void
trust_mark_free(struct trust_mark *mark)
{
	classes_free(&mark->known);
}

static void
forget_other_steps(struct classes *classes, uint64_t step)
{
	if (classes->step != step)
		classes_free(classes);
}

/* With the mutex held: all up to the highest that is known, in every class. */
static void
doubt_known(struct trust *trust)
{
	uint64_t known = classes_top(&trust->known);
	uint64_t unsure = classes_top(&trust->unsure);

	classes_set(&trust->unsure, 1, 0, known > unsure ? known : unsure);
}

void
trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step)
{
	forget_other_steps(&mark->known, step);
	pthread_mutex_lock(&trust->mutex);
	if (trust->known.step > 0 && trust->known.step != step)
		doubt_known(trust);
	forget_other_steps(&trust->known, step);
	forget_other_steps(&trust->floors, step);
	forget_other_steps(&trust->went_to, step);
	pthread_mutex_unlock(&trust->mutex);
}

/* With the mutex held: SHARE stands at WENT_TO, and is refused below FLOOR; 0: it is trusted. */
static void
set_floor(struct trust *trust, const struct store_share *share, uint64_t went_to, uint64_t floor)
{
	classes_set(&trust->went_to, share->increment, share->residue, went_to);
	classes_set(&trust->floors, share->increment, share->residue, floor);
}

/* With the mutex held: unless the space ends before that. */
static void
doubt_beyond(struct trust *trust, const struct store_share *share, uint64_t known)
{
	uint64_t beyond = known + UNSEEN;

	if (beyond <= space_last_base(&trust->space) && beyond > top_of(&trust->unsure, share))
		classes_set(&trust->unsure, share->increment, share->residue, beyond);
}

/* With the mutex held: the database of SHARE came to WENT_TO, which was passed before. */
static void
refuse(struct trust *trust, const struct store_share *share, uint64_t went_to)
{
	uint64_t known = top_of(&trust->known, share);

	set_floor(trust, share, went_to, known);
	doubt_beyond(trust, share, known);
}

/* With the mutex held. */
static void
accept_newest(struct trust *trust, const struct store_share *share, uint64_t newest)
{
	const struct ticket_range own = {trust_own_base(share, newest), share->increment, 1};

	if (top_of(&trust->floors, share) != 0)
		set_floor(trust, share, 0, 0);
	if (own.first > 0)
		classes_raise(&trust->known, &own);
}

/* With the mutex held: of BASES that are higher than what was known at MARK. */
static enum trust_verdict
compare_with_recent(const struct trust *trust, const struct trust_mark *mark,
		    const struct ticket_range *bases)
{
	uint64_t known;

	switch (recent_find(&trust->recent, mark->given, bases)) {
	case RECENT_NEW: return TRUST_ACCEPTED;
	case RECENT_REPEATED: return TRUST_REFUSED;
	case RECENT_UNKNOWN: break;
	}
	return classes_reach(&trust->known, bases, &known) ? TRUST_UNSURE : TRUST_ACCEPTED;
}

/* With the mutex held. */
static enum trust_verdict
judge(struct trust *trust, const struct trust_mark *mark, const struct ticket_range *bases,
      uint64_t *past)
{
	uint64_t known;

	*past = 0;
	if (classes_reach(&mark->known, bases, &known))
		return TRUST_REFUSED;
	if (classes_reach(&trust->unsure, bases, past))
		return TRUST_UNSURE;
	return compare_with_recent(trust, mark, bases);
}

enum trust_verdict
trust_judge(struct trust *trust, const struct trust_mark *mark, const struct ticket_range *bases,
	    uint64_t *past, struct text *reason)
{
	const struct store_share share = {bases->increment, bases->first % bases->increment, false};
	enum trust_verdict verdict;
	uint64_t last;
	bool is_in_range = range_last(bases, &last);

	assert(is_in_range);
	pthread_mutex_lock(&trust->mutex);
	verdict = judge(trust, mark, bases, past);
	if (verdict == TRUST_REFUSED)
		refuse(trust, &share, bases->first);
	if (verdict == TRUST_ACCEPTED) {
		classes_raise(&trust->known, bases);
		recent_add(&trust->recent, bases);
	}
	pthread_mutex_unlock(&trust->mutex);
	return trust_is_given(trust, &share, reason) ? verdict : TRUST_REFUSED;
}

enum trust_verdict
trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
		   const struct store_share *share, uint64_t newest, uint64_t *past,
		   struct text *reason)
{
	uint64_t floor;

	pthread_mutex_lock(&trust->mutex);
	floor = top_of(&trust->floors, share);
	if (newest < top_of(&mark->known, share))
		refuse(trust, share, newest);
	else if (newest >= floor)
		accept_newest(trust, share, newest);
	else
		set_floor(trust, share, newest, floor);
	*past = top_of(&trust->unsure, share);
	pthread_mutex_unlock(&trust->mutex);
	if (!trust_is_given(trust, share, reason))
		return TRUST_REFUSED;
	return newest < *past ? TRUST_UNSURE : TRUST_ACCEPTED;
}

uint64_t
trust_own_base(const struct store_share *share, uint64_t newest)
{
	if (newest < share->residue)
		return 0;
	return newest - (newest - share->residue) % share->increment;
}
