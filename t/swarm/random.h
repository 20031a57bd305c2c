/*
 * random -- random numbers that follow from a seed: the same seed makes the same swarm.
 */
#ifndef TICKR_SWARM_RANDOM_H
#define TICKR_SWARM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t
random_next(struct random *random)
{
	uint64_t mixed = random->state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

/* From 0 to BELOW - 1. */
static inline unsigned
random_below(struct random *random, unsigned below)
{
	return (unsigned)(random_next(random) % below);
}

static inline bool
random_in(struct random *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

#endif
