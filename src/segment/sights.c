#include <assert.h>

#include "segment/sights.h"

/* Return the index of SPACE, or the count of all if it was never seen. */
static size_t
sights_find(const struct sights *sights, const struct ticket_space *space)
{
	size_t i = 0;

	while (i < sights->count && sights->sights[i].space != space)
		i++;
	return i;
}

static struct sight *
sights_of(struct sights *sights, const struct ticket_space *space)
{
	size_t i = sights_find(sights, space);

	assert(i < MOST_DATABASES);
	if (i == sights->count)
		sights->sights[sights->count++] = (struct sight){.space = space};
	return &sights->sights[i];
}

void
sights_see(struct sights *sights, const struct ticket_space *space, uint64_t now_ms)
{
	sights_of(sights, space)->seen_ms = now_ms;
}

void
sights_refuse(struct sights *sights, const struct ticket_space *space)
{
	sights_of(sights, space)->refusal = ++sights->refusals;
}

const struct ticket_space *
sights_space(const struct sights *sights, size_t i)
{
	return i < sights->count ? sights->sights[i].space : NULL;
}

/* The caller may have read the clock before another thread saw the database. */
uint64_t
sights_age_ms(const struct sights *sights, const struct ticket_space *space, uint64_t now_ms)
{
	size_t i = sights_find(sights, space);
	uint64_t seen_ms = i < sights->count ? sights->sights[i].seen_ms : 0;

	return now_ms > seen_ms ? now_ms - seen_ms : 0;
}

bool
sights_was_refused(const struct sights *sights, const struct ticket_space *space, uint64_t refusals)
{
	size_t i = sights_find(sights, space);

	return i < sights->count && sights->sights[i].refusal > refusals;
}
