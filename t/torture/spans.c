/*
 * DESIGN. The search sorts the spans by key and first number and visits each once. A span is "open" if it
 * began before, has the same key, and has not ended. A new span can share a number only with open ones. Two spans may overlap
 * without a common number, such as the even and the odd numbers, so the search compares them by
 * arithmetic. Without duplicates the open spans are at most one for each node and master.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "spans.h"

struct search {
	const struct span **open;
	size_t open_count;
	size_t room;
	size_t found;
	size_t most;
	twice_fn *report;
	void *arg;
};

static int
compare(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return left->place < right->place ? -1 : left->place > right->place;
}

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A span of one number has no next number, so any increment is correct. */
static uint64_t
increment_of(const struct span *span)
{
	return span->count > 1 ? span->increment : 1;
}

/*
 * Find the lowest number that is in both; EARLIER begins first. Along LATER the remainders by EARLIER's
 * increment repeat after increment / divisor steps, so more steps find nothing new.
 */
static bool
meet(const struct span *earlier, const struct span *later, uint64_t *number)
{
	uint64_t increment = increment_of(earlier), step = increment_of(later);
	uint64_t end = earlier->last < later->last ? earlier->last : later->last;
	uint64_t steps = increment / greatest_common_divisor(increment, step);

	*number = later->first;
	for (uint64_t i = 0; i < steps; i++) {
		if (*number > end)
			return false;
		if ((*number - earlier->first) % increment == 0)
			return true;
		if (__builtin_add_overflow(*number, step, number))
			return false;
	}
	return false;
}

static void
found(struct search *search, uint64_t number, const struct span *one, const struct span *other)
{
	search->found++;
	search->report(search->arg, number, one, other);
}

/* Compare SPAN with the open spans, and close those that have ended. */
static void
compare_with_open(struct search *search, const struct span *span)
{
	size_t kept = 0;
	uint64_t number;

	for (size_t i = 0; i < search->open_count; i++) {
		const struct span *open = search->open[i];

		if (open->key != span->key || open->last < span->first)
			continue;
		search->open[kept++] = open;
		if (search->found < search->most && meet(open, span, &number))
			found(search, number, open, span);
	}
	search->open_count = kept;
}

static void
open_span(struct search *search, const struct span *span)
{
	if (search->open_count == search->room) {
		search->room = search->room * 2 + 16;
		search->open = xrealloc(search->open, search->room * sizeof(struct span *));
	}
	search->open[search->open_count++] = span;
}

size_t
spans_find_twice(struct span *spans, size_t count, size_t most, twice_fn *report, void *arg)
{
	struct search search = {.most = most, .report = report, .arg = arg};

	qsort(spans, count, sizeof(*spans), compare);
	for (size_t i = 0; i < count && search.found < most; i++) {
		const struct span *span = &spans[i];

		compare_with_open(&search, span);
		if (span->count > 1 && span->increment == 0)
			found(&search, span->first, span, span);
		else
			open_span(&search, span);
	}
	free(search.open);
	return search.found;
}
