#include "lease/choice.h"

/* A generator of random numbers: splitmix64. */
static uint64_t
choice_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static void
choice_shuffle(struct lease_choice *choice, uint64_t seed)
{
	for (uint32_t i = choice->count; i > 1; i--) {
		uint32_t other = (uint32_t)(choice_random(&seed) % i);
		uint32_t worker = choice->order[i - 1];

		choice->order[i - 1] = choice->order[other];
		choice->order[other] = worker;
	}
}

/* Insert the resting WORKER, so that the order of the resting ones rises by the time of their reuse. */
static void
choice_insert(struct lease_choice *choice, uint32_t worker)
{
	uint32_t i = choice->count++;

	for (; i > choice->free_count; i--) {
		uint32_t before = choice->order[i - 1];

		if (choice->reuse_after_ms[before] <= choice->reuse_after_ms[worker])
			break;
		choice->order[i] = before;
	}
	choice->order[i] = worker;
}

void
lease_choice_make(struct lease_choice *choice, uint64_t unix_ms, uint64_t seed)
{
	choice->count = 0;
	for (uint32_t worker = 0; worker < choice->workers; worker++)
		if (!choice->is_held[worker] && choice->reuse_after_ms[worker] <= unix_ms)
			choice->order[choice->count++] = worker;
	choice->free_count = choice->count;
	choice_shuffle(choice, seed);
	for (uint32_t worker = 0; worker < choice->workers; worker++)
		if (!choice->is_held[worker] && choice->reuse_after_ms[worker] > unix_ms)
			choice_insert(choice, worker);
}
