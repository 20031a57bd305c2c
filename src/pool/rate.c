#include "pool/rate.h"

#define SAMPLE_MS 200  /* the shortest time that a rate is measured over */
#define DECAY	  8    /* an old maximum falls by an eighth at each measurement */
#define SECOND_MS 1000 /* after that a rate is one of the last second */

static uint64_t
rate_higher_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
rate_add(struct rate *rate, uint64_t per_s, uint64_t now_ms)
{
	uint64_t *all = rate->per_s;

	for (size_t i = 0; i < RATE_COUNT; i++)
		all[i] -= all[i] / DECAY;
	if (now_ms >= rate->second_ms + SECOND_MS) {
		rate->second_ms = now_ms;
		all[2] = rate_higher_of(all[2], all[1]);
		all[1] = all[0];
		all[0] = 0;
	}
	all[0] = rate_higher_of(all[0], per_s);
}

void
rate_measure(struct rate *rate, const struct store_share *share, uint64_t base, uint64_t now_ms)
{
	uint64_t from = classes_top_of(&rate->from, share->increment, share->residue);
	uint64_t from_ms = classes_top_of(&rate->from_ms, share->increment, share->residue);
	uint64_t passed_ms = now_ms > from_ms ? now_ms - from_ms : 0;
	uint64_t per_s = 0;

	if (from_ms != 0 && passed_ms < SAMPLE_MS)
		return;
	if (from_ms != 0 && base > from && base - from < UINT64_MAX / 1000)
		per_s = (base - from) * 1000 / passed_ms;
	rate_add(rate, per_s, now_ms);
	classes_set(&rate->from, share->increment, share->residue, base);
	classes_set(&rate->from_ms, share->increment, share->residue, now_ms);
}

void
rate_restart(struct rate *rate, const struct store_share *share)
{
	classes_set(&rate->from_ms, share->increment, share->residue, 0);
}

void
rate_forget_latest(struct rate *rate)
{
	rate->per_s[0] = rate->per_s[1] = 0;
	classes_free(&rate->from_ms);
}

uint64_t
rate_highest(const struct rate *rate)
{
	return rate_higher_of(rate->per_s[0], rate_higher_of(rate->per_s[1], rate->per_s[2]));
}

void
rate_free(struct rate *rate)
{
	classes_free(&rate->from);
	classes_free(&rate->from_ms);
}
