#include <assert.h>

#include "held/databases.h"

void
held_databases_init(struct held_databases *d)
{
	pthread_mutex_init(&d->mutex, NULL);
}

void
held_databases_end(struct held_databases *d)
{
	pthread_mutex_destroy(&d->mutex);
}

static unsigned
held_databases_search(const struct held_databases *d, const struct ticket_space *space)
{
	unsigned count = atomic_load(&d->count), i = 0;

	while (i < count && d->databases[i].space != space)
		i++;
	return i;
}

unsigned
held_databases_index(struct held_databases *d, const struct ticket_space *space)
{
	unsigned i = held_databases_search(d, space);

	if (i < atomic_load(&d->count) && d->databases[i].space == space)
		return i;
	pthread_mutex_lock(&d->mutex);
	i = held_databases_search(d, space);
	assert(i < MOST_DATABASES);
	if (i == atomic_load(&d->count)) {
		d->databases[i].space = space;
		atomic_store(&d->count, i + 1);
	}
	pthread_mutex_unlock(&d->mutex);
	return i;
}

/* Threads may come in another order than they read the clock. */
void
held_databases_see(struct held_databases *d, unsigned index, uint64_t now_ms)
{
	_Atomic uint64_t *seen_ms = &d->databases[index].seen_ms;
	uint64_t seen = atomic_load(seen_ms);

	while (seen < now_ms && !atomic_compare_exchange_weak(seen_ms, &seen, now_ms))
		;
}

void
held_databases_refuse(struct held_databases *d, unsigned index)
{
	pthread_mutex_lock(&d->mutex);
	atomic_store(&d->databases[index].refusal, atomic_load(&d->refusals) + 1);
	atomic_fetch_add(&d->refusals, 1);
	pthread_mutex_unlock(&d->mutex);
}

uint32_t
held_databases_refusals(const struct held_databases *d)
{
	return atomic_load(&d->refusals);
}

bool
held_databases_was_refused(const struct held_databases *d, unsigned index, uint32_t refusals)
{
	return atomic_load(&d->databases[index].refusal) > refusals;
}

uint64_t
held_databases_age_ms(const struct held_databases *d, unsigned index, uint64_t now_ms)
{
	uint64_t seen_ms = atomic_load(&d->databases[index].seen_ms);

	return now_ms > seen_ms ? now_ms - seen_ms : 0;
}
