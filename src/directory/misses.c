#include <stddef.h>

#include "directory/misses.h"

/* The place of the name with HASH. NULL: it has none. */
static struct miss *
misses_place(struct misses *misses, uint64_t hash)
{
	for (size_t i = 0; i < MISSES_MOST; i++)
		if (misses->misses[i].hash == hash && misses->misses[i].until_ms > 0)
			return &misses->misses[i];
	return NULL;
}

const struct miss *
misses_find(struct misses *misses, uint64_t hash, uint64_t now_ms)
{
	const struct miss *miss = misses_place(misses, hash);

	return miss != NULL && miss->until_ms > now_ms ? miss : NULL;
}

void
misses_note(struct misses *misses, uint64_t hash, uint64_t until_ms, bool is_retired)
{
	struct miss *miss = misses_place(misses, hash);

	if (miss == NULL)
		miss = &misses->misses[misses->next++ % MISSES_MOST];
	*miss = (struct miss){hash, until_ms, is_retired};
}

void
misses_forget(struct misses *misses, uint64_t hash)
{
	struct miss *miss = misses_place(misses, hash);

	if (miss != NULL)
		*miss = (struct miss){0};
}
