#include "grpc/flood.h"

static bool
flood_fills(struct flood_bucket *bucket, uint64_t now_ms, uint32_t most, uint32_t per_second)
{
	uint64_t gone = (now_ms - bucket->emptied_ms) * per_second / 1000;

	if (gone > 0) {
		bucket->level = gone >= bucket->level ? 0 : bucket->level - (uint32_t)gone;
		bucket->emptied_ms = now_ms;
	}
	return ++bucket->level > most;
}

bool
flood_counts_reset(struct grpc_flood *flood, uint64_t now_ms)
{
	return flood_fills(&flood->resets, now_ms, FLOOD_RESETS, FLOOD_RESETS_PER_SECOND);
}

bool
flood_counts_control(struct grpc_flood *flood, uint64_t now_ms)
{
	return flood_fills(&flood->controls, now_ms, FLOOD_CONTROLS, FLOOD_CONTROLS_PER_SECOND);
}

bool
flood_counts_continuation(struct grpc_flood *flood)
{
	return ++flood->continuations > FLOOD_CONTINUATIONS;
}

void
flood_begin_head(struct grpc_flood *flood)
{
	flood->continuations = 0;
}
