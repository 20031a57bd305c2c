#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pool/trust.h"

void
trust_init(struct trust *trust)
{
	memset(trust, 0, sizeof(*trust));
	pthread_mutex_init(&trust->mutex, NULL);
}

void
trust_destroy(struct trust *trust)
{
	trust_classes_free(&trust->classes);
	trust_classes_free(&trust->floors);
	pthread_mutex_destroy(&trust->mutex);
}

void
trust_classes_free(struct trust_classes *classes)
{
	free(classes->highest);
	*classes = (struct trust_classes){NULL, 0};
}

static uint64_t
highest_of(const struct trust_classes *classes)
{
	uint64_t highest = 0;

	for (uint64_t i = 0; i < classes->increment; i++)
		if (classes->highest[i] > highest)
			highest = classes->highest[i];
	return highest;
}

/* Another increment makes other classes. */
static void
resize(struct trust_classes *classes, uint64_t increment, uint64_t fill)
{
	if (classes->increment == increment)
		return;
	free(classes->highest);
	classes->highest = xcalloc(increment, sizeof(*classes->highest));
	classes->increment = increment;
	for (uint64_t i = 0; i < increment; i++)
		classes->highest[i] = fill;
}

/*
 * What is known of SHARE. With another increment than before nothing is known of its class: but
 * while any is refused, all of the new classes are.
 */
static uint64_t
floor_of(const struct trust *trust, const struct store_share *share)
{
	if (trust->floors.increment == share->increment)
		return trust->floors.highest[share->residue];
	return highest_of(&trust->floors);
}

static uint64_t
known_of(const struct trust_classes *classes, const struct store_share *share)
{
	return classes->increment == share->increment ? classes->highest[share->residue] : 0;
}

/* With the mutex held. */
static void
set_floor(struct trust *trust, const struct store_share *share, uint64_t floor)
{
	resize(&trust->floors, share->increment, highest_of(&trust->floors));
	trust->floors.highest[share->residue] = floor;
}

/* The class of SHARE is below KNOWN, or below what was given since. With the mutex held. */
static void
refuse(struct trust *trust, const struct store_share *share, uint64_t known)
{
	uint64_t latest = known_of(&trust->classes, share);

	set_floor(trust, share, latest > known ? latest : known);
}

static bool
is_given(uint64_t floor, struct text *reason)
{
	if (floor != 0)
		text_addf(reason,
			  "the database has gone back: its counter is below %" PRIu64
			  ", which was given before. Move it past that; the manual says how",
			  floor);
	return floor == 0;
}

bool
trust_is_given(struct trust *trust, const struct store_share *share, struct text *reason)
{
	uint64_t floor;

	pthread_mutex_lock(&trust->mutex);
	floor = floor_of(trust, share);
	pthread_mutex_unlock(&trust->mutex);
	return is_given(floor, reason);
}

void
trust_mark(struct trust *trust, struct trust_classes *mark)
{
	pthread_mutex_lock(&trust->mutex);
	resize(mark, trust->classes.increment, 0);
	for (uint64_t i = 0; i < mark->increment; i++)
		mark->highest[i] = trust->classes.highest[i];
	pthread_mutex_unlock(&trust->mutex);
}

/* With the mutex held. */
static void
remember(struct trust_classes *classes, uint64_t increment, uint64_t last)
{
	uint64_t *highest;

	resize(classes, increment, 0);
	highest = &classes->highest[last % increment];
	if (last > *highest)
		*highest = last;
}

bool
trust_accepts(struct trust *trust, const struct trust_classes *mark,
	      const struct ticket_range *bases, struct text *reason)
{
	struct store_share share = {bases->increment, bases->first % bases->increment};
	uint64_t known = known_of(mark, &share);
	uint64_t last, floor;
	bool is_in_range = range_last(bases, &last);

	assert(is_in_range);
	pthread_mutex_lock(&trust->mutex);
	if (bases->first > known)
		remember(&trust->classes, bases->increment, last);
	else
		refuse(trust, &share, known);
	floor = floor_of(trust, &share);
	pthread_mutex_unlock(&trust->mutex);
	return is_given(floor, reason);
}

bool
trust_accepts_newest(struct trust *trust, const struct trust_classes *mark,
		     const struct store_share *share, uint64_t newest, struct text *reason)
{
	uint64_t known = known_of(mark, share);
	uint64_t floor;

	pthread_mutex_lock(&trust->mutex);
	floor = floor_of(trust, share);
	if (newest < known)
		refuse(trust, share, known);
	else if (floor != 0 && newest >= floor)
		set_floor(trust, share, 0);
	floor = floor_of(trust, share);
	pthread_mutex_unlock(&trust->mutex);
	return is_given(floor, reason);
}
