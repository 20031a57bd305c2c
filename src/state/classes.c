#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/classes.h"

void
classes_free(struct classes *classes)
{
	free(classes->highest);
	*classes = (struct classes){NULL, 0};
}

void
classes_copy(struct classes *to, const struct classes *from)
{
	if (to->step != from->step) {
		classes_free(to);
		if (from->step > 0)
			to->highest = xcalloc(from->step, sizeof(*to->highest));
		to->step = from->step;
	}
	if (from->step > 0)
		memcpy(to->highest, from->highest, from->step * sizeof(*to->highest));
}

uint64_t
classes_top_of(const struct classes *classes, uint64_t increment, uint64_t residue)
{
	uint64_t stride = range_common_step(classes->step, increment);
	uint64_t top = 0;

	for (uint64_t i = residue % stride; i < classes->step; i += stride)
		if (classes->highest[i] > top)
			top = classes->highest[i];
	return top;
}

uint64_t
classes_top(const struct classes *classes)
{
	return classes_top_of(classes, 1, 0);
}

void
classes_set(struct classes *classes, uint64_t increment, uint64_t residue, uint64_t base)
{
	uint64_t stride;

	classes_widen(classes, increment);
	stride = range_common_step(classes->step, increment);
	for (uint64_t i = residue % stride; i < classes->step; i += stride)
		classes->highest[i] = base;
}

void
classes_widen(struct classes *classes, uint64_t increment)
{
	struct classes wide = {NULL, increment};

	assert(increment > 0);
	if (classes->step > 0)
		wide.step *= classes->step / range_common_step(classes->step, increment);
	if (wide.step > CLASSES_MOST)
		wide.step = 1;
	if (wide.step == classes->step)
		return;
	wide.highest = xcalloc(wide.step, sizeof(*wide.highest));
	if (wide.step == 1)
		wide.highest[0] = classes_top(classes);
	else if (classes->step > 0)
		for (uint64_t i = 0; i < wide.step; i++)
			wide.highest[i] = classes->highest[i % classes->step];
	classes_free(classes);
	*classes = wide;
}

/* Return the number of BASES after which their classes repeat, at most all of them. */
static uint32_t
classes_period(const struct classes *classes, const struct ticket_range *bases)
{
	uint64_t period = classes->step / range_common_step(classes->step, bases->increment);

	return period < bases->count ? (uint32_t)period : bases->count;
}

bool
classes_cover_any(const struct classes *classes, const struct ticket_range *bases,
		  uint64_t *highest)
{
	uint32_t period = classes->step > 0 ? classes_period(classes, bases) : 0;

	for (uint32_t i = 0; i < period; i++) {
		uint64_t base = bases->first + bases->increment * i;

		if (base > classes->highest[base % classes->step])
			continue;
		*highest = classes->highest[base % classes->step];
		return true;
	}
	return false;
}

void
classes_raise(struct classes *classes, const struct ticket_range *bases)
{
	uint32_t period;

	classes_widen(classes, bases->increment);
	period = classes_period(classes, bases);
	for (uint32_t i = bases->count - period; i < bases->count; i++) {
		uint64_t base = bases->first + bases->increment * i;
		uint64_t *highest = &classes->highest[base % classes->step];

		if (base > *highest)
			*highest = base;
	}
}
