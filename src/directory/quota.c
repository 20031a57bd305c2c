/*
 * DESIGN. Time brings the right to make names: each millisecond PER_SECOND thousandths of one. USED is how much
 * of all that time brought was used, or has expired after a second. A name may be made if the time until now
 * has brought a whole name more than that.
 */
#include <assert.h>
#include <stdbool.h>

#include "directory/quota.h"

#define QUOTA_NAME  1000 /* thousandths */
#define QUOTA_KNOWN (1ull << 32)

void
quota_init(struct quota *q, uint32_t most, uint32_t per_second)
{
	assert(most > 0 && per_second > 0);
	*q = (struct quota){.most = most, .per_second = per_second};
}

void
quota_read(const struct quota *q, uint32_t *known, uint32_t *live)
{
	uint64_t counts = atomic_load(&q->counts);

	*known = (uint32_t)(counts / QUOTA_KNOWN);
	*live = (uint32_t)(counts % QUOTA_KNOWN);
}

static bool
quota_is_full(const struct quota *q, uint64_t counts)
{
	return counts / QUOTA_KNOWN >= 2 * (uint64_t)q->most || counts % QUOTA_KNOWN >= q->most;
}

/* Count one more name, unless there are as many as may be made. */
static bool
quota_count(struct quota *q)
{
	uint64_t counts = atomic_load(&q->counts);

	do {
		if (quota_is_full(q, counts))
			return false;
	} while (!atomic_compare_exchange_weak(&q->counts, &counts, counts + QUOTA_KNOWN + 1));
	return true;
}

/* Use the time until NOW_MS for one more name, if there is enough. The clocks of threads may differ a little. */
static bool
quota_use(struct quota *q, uint64_t now_ms)
{
	uint64_t brought = now_ms * q->per_second, second = (uint64_t)q->per_second * QUOTA_NAME;
	uint64_t expired = brought > second ? brought - second : 0;
	uint64_t used = atomic_load(&q->used), wanted;

	do {
		wanted = (used > expired ? used : expired) + QUOTA_NAME;
		if (wanted > brought)
			return false;
	} while (!atomic_compare_exchange_weak(&q->used, &used, wanted));
	return true;
}

void
quota_learn(struct quota *q)
{
	atomic_fetch_add(&q->counts, QUOTA_KNOWN + 1);
}

enum quota_answer
quota_make(struct quota *q, uint64_t now_ms)
{
	if (quota_is_full(q, atomic_load(&q->counts)))
		return QUOTA_FULL;
	if (!quota_use(q, now_ms))
		return QUOTA_TOO_FAST;
	return quota_count(q) ? QUOTA_GRANTED : QUOTA_FULL;
}

void
quota_retire(struct quota *q)
{
	atomic_fetch_sub(&q->counts, 1);
}
