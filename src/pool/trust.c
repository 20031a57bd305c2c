#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "pool/trust.h"

void
trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last)
{
	memset(trust, 0, sizeof(*trust));
	pthread_mutex_init(&trust->mutex, NULL);
	trust->space = *space;
	if (last == NULL)
		return;
	classes_copy(&trust->known.given, &last->given);
	classes_copy(&trust->unsure, &last->ahead);
}

void
trust_mark_free(struct trust_mark *mark)
{
	classes_free(&mark->given);
}

void
trust_destroy(struct trust *trust)
{
	trust_mark_free(&trust->known);
	classes_free(&trust->unsure);
	pthread_mutex_destroy(&trust->mutex);
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
trust_is_given(struct trust *trust, struct text *reason)
{
	uint64_t floor, went_to;

	pthread_mutex_lock(&trust->mutex);
	floor = trust->floor;
	went_to = trust->went_to;
	pthread_mutex_unlock(&trust->mutex);
	if (floor != 0)
		explain(trust, went_to, floor, reason);
	return floor == 0;
}

void
trust_remember(struct trust *trust, struct trust_mark *mark)
{
	pthread_mutex_lock(&trust->mutex);
	classes_copy(&mark->given, &trust->known.given);
	mark->seen = trust->known.seen;
	pthread_mutex_unlock(&trust->mutex);
}

/* With the mutex held: the database came to WENT_TO, which is below KNOWN. */
static void
refuse(struct trust *trust, uint64_t went_to, uint64_t known)
{
	if (known > trust->floor)
		trust->floor = known;
	trust->went_to = went_to;
}

/* Whether any of BASES was known at MARK; then *KNOWN is the highest that was. */
static bool
is_old(const struct trust_mark *mark, const struct ticket_range *bases, uint64_t *known)
{
	if (classes_reach(&mark->given, bases, known))
		return true;
	*known = mark->seen;
	return mark->given.step <= 1 && bases->increment == 1 && bases->first <= mark->seen;
}

/* The least that the newest base may be. With several masters that of one says nothing. */
static uint64_t
least_newest(const struct trust_mark *mark)
{
	if (mark->given.step != 1)
		return 0;
	return mark->given.highest[0] > mark->seen ? mark->given.highest[0] : mark->seen;
}

enum trust_verdict
trust_judge(struct trust *trust, const struct trust_mark *mark, const struct ticket_range *bases,
	    uint64_t *past, struct text *reason)
{
	bool is_unsure = classes_reach(&trust->unsure, bases, past);
	uint64_t known, last;
	bool is_in_range = range_last(bases, &last);

	assert(is_in_range);
	pthread_mutex_lock(&trust->mutex);
	if (is_old(mark, bases, &known))
		refuse(trust, bases->first, known);
	else if (!is_unsure)
		classes_raise(&trust->known.given, bases);
	pthread_mutex_unlock(&trust->mutex);
	if (!trust_is_given(trust, reason))
		return TRUST_REFUSED;
	return is_unsure ? TRUST_UNSURE : TRUST_ACCEPTED;
}

enum trust_verdict
trust_judge_newest(struct trust *trust, const struct trust_mark *mark, uint64_t newest,
		   uint64_t *past, struct text *reason)
{
	uint64_t known = least_newest(mark);

	pthread_mutex_lock(&trust->mutex);
	if (newest < known) {
		refuse(trust, newest, known);
	} else if (newest >= trust->floor) {
		trust->floor = 0;
		if (newest > trust->known.seen)
			trust->known.seen = newest;
	} else {
		trust->went_to = newest;
	}
	pthread_mutex_unlock(&trust->mutex);
	if (!trust_is_given(trust, reason))
		return TRUST_REFUSED;
	*past = trust->unsure.step == 1 ? trust->unsure.highest[0] : 0;
	return newest < *past ? TRUST_UNSURE : TRUST_ACCEPTED;
}
