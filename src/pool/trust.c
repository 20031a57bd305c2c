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
	pthread_mutex_destroy(&trust->mutex);
}

void
trust_classes_free(struct trust_classes *classes)
{
	free(classes->highest);
	*classes = (struct trust_classes){NULL, 0};
}

/* Another increment makes other classes, of which nothing is known. */
static void
resize(struct trust_classes *classes, uint64_t increment)
{
	if (classes->increment == increment)
		return;
	free(classes->highest);
	classes->highest = xcalloc(increment, sizeof(*classes->highest));
	classes->increment = increment;
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

static void
explain(struct text *reason, uint64_t floor)
{
	text_addf(reason,
		  "the database has gone back: its counter is below %" PRIu64
		  ", which was given before. Move it past that; the manual says how",
		  floor);
}

bool
trust_is_given(struct trust *trust, struct text *reason)
{
	uint64_t floor;

	pthread_mutex_lock(&trust->mutex);
	floor = trust->floor;
	pthread_mutex_unlock(&trust->mutex);
	if (floor != 0)
		explain(reason, floor);
	return floor == 0;
}

void
trust_mark(struct trust *trust, struct trust_classes *mark)
{
	pthread_mutex_lock(&trust->mutex);
	resize(mark, trust->classes.increment);
	for (uint64_t i = 0; i < mark->increment; i++)
		mark->highest[i] = trust->classes.highest[i];
	pthread_mutex_unlock(&trust->mutex);
}

/* With the mutex held. */
static void
remember(struct trust_classes *classes, uint64_t increment, uint64_t last)
{
	uint64_t *highest;

	resize(classes, increment);
	highest = &classes->highest[last % increment];
	if (last > *highest)
		*highest = last;
}

bool
trust_accepts(struct trust *trust, const struct trust_classes *mark,
	      const struct ticket_range *bases, struct text *reason)
{
	uint64_t known = 0, last, floor;
	bool is_in_range = range_last(bases, &last);

	assert(is_in_range);
	if (mark->increment == bases->increment)
		known = mark->highest[bases->first % mark->increment];
	pthread_mutex_lock(&trust->mutex);
	if (bases->first > known)
		remember(&trust->classes, bases->increment, last);
	else
		trust->floor = highest_of(&trust->classes);
	floor = trust->floor;
	pthread_mutex_unlock(&trust->mutex);
	if (floor != 0)
		explain(reason, floor);
	return floor == 0;
}

bool
trust_accepts_newest(struct trust *trust, const struct trust_classes *mark, uint64_t newest,
		     struct text *reason)
{
	/* With several masters the newest base of one says nothing about the others. */
	uint64_t known = mark->increment == 1 ? mark->highest[0] : 0;
	uint64_t floor;

	pthread_mutex_lock(&trust->mutex);
	if (newest < known)
		trust->floor = highest_of(&trust->classes);
	else if (newest >= trust->floor)
		trust->floor = 0;
	floor = trust->floor;
	pthread_mutex_unlock(&trust->mutex);
	if (floor != 0)
		explain(reason, floor);
	return floor == 0;
}
