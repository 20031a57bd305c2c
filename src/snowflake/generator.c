/*
 * DESIGN. Each claim has words of its own, and lives as long as the generator. The claim may be replaced while a thread
 * takes a run. That thread finishes it with the words, the node and the limit of the old claim. So a run never mixes
 * two claims, and it stays below the bound that was confirmed for its node.
 *
 * The end of a claim puts CLAIM_CLOSED in the place of its next number. So a thread that is about to take a run fails, and
 * the numbers that were issued until then are known exactly. Another number of ids in a millisecond needs that: the
 * claim ends, and one of the same node begins after its newest millisecond.
 *
 * NEWEST_CLOCK is the highest clock at which a run was issued. A clock that was too high to issue anything does not count:
 * a step of ten years forward and back leaves no drift.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "snowflake/generator.h"

#define CACHE_LINE   64
#define CLAIM_CLOSED UINT64_MAX

struct claim {
	struct ticket_space space;
	uint64_t epoch_ms;
	uint64_t first;	    /* the lowest number that it may issue */
	uint32_t per_ms;    /* numbers in a millisecond */
	uint64_t before_id; /* the newest id of the same node before this claim; 0: none */
	struct claim *older;
	_Atomic uint64_t closed_next;		    /* NEXT, as it was at the end */
	_Alignas(CACHE_LINE) _Atomic uint64_t next; /* the first number that nobody has */
	_Alignas(CACHE_LINE) _Atomic uint64_t
		newest_clock;			     /* id-time; written once a millisecond */
	_Alignas(CACHE_LINE) _Atomic uint64_t limit; /* all numbers are below it; 0: ended */
};

struct snowflake_generator {
	struct snowflake_clock clock;
	_Atomic uint64_t drift_ms;
	_Atomic(struct claim *) claim; /* NULL: there was none yet */
};

struct snowflake_generator *
generator_new(const struct snowflake_clock *clock, uint64_t drift_ms)
{
	struct snowflake_generator *generator = xcalloc(1, sizeof(*generator));

	generator->clock = *clock;
	atomic_init(&generator->drift_ms, drift_ms);
	return generator;
}

void
generator_free(struct snowflake_generator *generator)
{
	struct claim *claim = generator != NULL ? atomic_load(&generator->claim) : NULL;

	while (claim != NULL) {
		struct claim *older = claim->older;

		free(claim);
		claim = older;
	}
	free(generator);
}

/* --- taking -------------------------------------------------------------------------------------- */

/* Return the most numbers that a request of SHAPE may have. */
static uint32_t
generator_most(const struct claim *claim, enum snowflake_shape shape)
{
	return shape == SNOWFLAKE_GROUP ? claim->per_ms : claim->per_ms * GENERATOR_MOST_RUN_MS;
}

/* Return the first number of a run of COUNT: not below NEXT, nor before NOW. */
static uint64_t
generator_first(const struct claim *claim, uint64_t next, uint64_t now, uint32_t count,
		enum snowflake_shape shape)
{
	uint64_t first = now * claim->per_ms;

	if (next > first)
		first = next;
	if (shape == SNOWFLAKE_GROUP && first % claim->per_ms + count > claim->per_ms)
		first += claim->per_ms - first % claim->per_ms;
	return first;
}

/*
 * Return how long the run from FIRST to END has to wait. It may end DRIFT_MS after NOW. A run that is longer than
 * that could never begin, so it may if it begins now.
 */
static uint64_t
generator_early_ms(const struct claim *claim, uint64_t first, uint64_t end, uint64_t now,
		   uint64_t drift_ms)
{
	uint64_t begin_ms = first / claim->per_ms, last_ms = (end - 1) / claim->per_ms;

	if (last_ms - begin_ms > drift_ms)
		return begin_ms > now ? begin_ms - now : 0;
	return last_ms > now + drift_ms ? last_ms - now - drift_ms : 0;
}

static void
generator_note_clock(struct claim *claim, uint64_t now)
{
	uint64_t newest = atomic_load_explicit(&claim->newest_clock, memory_order_relaxed);

	while (newest < now && !atomic_compare_exchange_weak(&claim->newest_clock, &newest, now))
		;
}

static enum snowflake_result
generator_take_of(struct claim *claim, uint64_t now, uint64_t drift_ms, uint32_t count,
		  enum snowflake_shape shape, struct snowflake_run *run)
{
	uint64_t next = atomic_load(&claim->next);
	uint64_t first;

	do {
		if (next == CLAIM_CLOSED)
			return SNOWFLAKE_NO_LEASE;
		first = generator_first(claim, next, now, count, shape);
		if (first + count > SNOWFLAKE_END_MS * claim->per_ms)
			return SNOWFLAKE_END;
		if (first + count > atomic_load_explicit(&claim->limit, memory_order_acquire))
			return SNOWFLAKE_NO_LEASE;
		run->wait_ms = generator_early_ms(claim, first, first + count, now, drift_ms);
		if (run->wait_ms > 0)
			return SNOWFLAKE_WAIT;
	} while (!atomic_compare_exchange_weak(&claim->next, &next, first + count));
	generator_note_clock(claim, now);
	run->first = first;
	run->space = &claim->space;
	return SNOWFLAKE_TAKEN;
}

static uint64_t
generator_now(const struct snowflake_generator *generator, const struct claim *claim)
{
	return snowflake_id_time(snowflake_unix_ms(&generator->clock), claim->epoch_ms);
}

enum snowflake_result
generator_take(struct snowflake_generator *generator, uint32_t count, enum snowflake_shape shape,
	       struct snowflake_run *run)
{
	struct claim *claim = atomic_load_explicit(&generator->claim, memory_order_acquire);
	uint64_t drift_ms = atomic_load_explicit(&generator->drift_ms, memory_order_relaxed);
	uint64_t now, newest;

	assert(count > 0);
	if (claim == NULL)
		return SNOWFLAKE_NO_LEASE;
	run->most = generator_most(claim, shape);
	if (count > run->most)
		return SNOWFLAKE_TOO_MANY;
	newest = atomic_load_explicit(&claim->newest_clock, memory_order_relaxed);
	now = generator_now(generator, claim);
	if (newest > now + drift_ms) {
		run->drift_ms = newest - now;
		return SNOWFLAKE_DRIFT;
	}
	return generator_take_of(claim, now, drift_ms, count, shape, run);
}

/* --- for the owner of the lease ------------------------------------------------------------------ */

static uint64_t
generator_limit(const struct claim *claim, uint64_t bound_ms)
{
	uint64_t most = SNOWFLAKE_END_MS - 1;

	return ((bound_ms < most ? bound_ms : most) + 1) * claim->per_ms;
}

/* Issue nothing any more. Return the first number that nobody has. */
static uint64_t
generator_close(struct claim *claim)
{
	uint64_t next;

	atomic_store(&claim->limit, 0);
	next = atomic_exchange(&claim->next, CLAIM_CLOSED);
	if (next != CLAIM_CLOSED)
		atomic_store(&claim->closed_next, next);
	return atomic_load(&claim->closed_next);
}

static uint64_t
generator_next(const struct claim *claim)
{
	uint64_t next = atomic_load(&claim->next);

	return next != CLAIM_CLOSED ? next : atomic_load(&claim->closed_next);
}

static uint64_t
generator_last_id(const struct claim *claim, uint64_t next)
{
	uint64_t id;

	if (next == claim->first ||
	    !snowflake_id_make((uint32_t)claim->space.node_number, claim->per_ms, next - 1, &id))
		return claim->before_id;
	return id;
}

/* A floor beyond the end leaves no number. */
static uint64_t
generator_first_above(const struct snowflake_grant *grant)
{
	uint64_t first_ms =
		grant->floor_ms < SNOWFLAKE_END_MS ? grant->floor_ms + 1 : SNOWFLAKE_END_MS;

	return first_ms * grant->per_ms;
}

/* Make the claim of GRANT, which follows OLDER (NULL: none). */
static struct claim *
generator_claim(struct claim *older, const struct snowflake_grant *grant)
{
	struct claim *claim = aligned_alloc(CACHE_LINE, sizeof(*claim));

	assert(grant->per_ms > 0 && grant->per_ms <= SNOWFLAKE_MOST_PER_MS);
	assert(grant->node < SNOWFLAKE_NODES);
	if (claim == NULL)
		abort();
	*claim = (struct claim){
		.space = space_of_snowflakes(grant->node, grant->per_ms),
		.epoch_ms = grant->epoch_ms,
		.first = generator_first_above(grant),
		.per_ms = grant->per_ms,
		.older = older,
	};
	atomic_init(&claim->next, claim->first);
	atomic_init(&claim->closed_next, claim->first);
	atomic_init(&claim->newest_clock, 0);
	atomic_init(&claim->limit, generator_limit(claim, grant->bound_ms));
	return claim;
}

void
generator_begin(struct snowflake_generator *generator, const struct snowflake_grant *grant)
{
	struct claim *older = atomic_load(&generator->claim);

	if (older != NULL)
		(void)generator_close(older);
	atomic_store_explicit(&generator->claim, generator_claim(older, grant),
			      memory_order_release);
}

void
generator_set_per_ms(struct snowflake_generator *generator, uint32_t per_ms)
{
	struct claim *older = atomic_load(&generator->claim), *claim;
	uint64_t bound_ms = atomic_load(&older->limit) / older->per_ms - 1;
	uint64_t next = generator_close(older);
	struct snowflake_grant grant = {
		.epoch_ms = older->epoch_ms,
		.node = (uint32_t)older->space.node_number,
		.per_ms = per_ms,
		.floor_ms = (next - 1) / older->per_ms,
		.bound_ms = bound_ms,
	};

	claim = generator_claim(older, &grant);
	claim->before_id = generator_last_id(older, next);
	atomic_init(&claim->newest_clock, atomic_load(&older->newest_clock));
	atomic_store_explicit(&generator->claim, claim, memory_order_release);
}

void
generator_extend(struct snowflake_generator *generator, uint64_t bound_ms)
{
	struct claim *claim = atomic_load(&generator->claim);
	uint64_t limit = generator_limit(claim, bound_ms);

	if (limit > atomic_load(&claim->limit))
		atomic_store_explicit(&claim->limit, limit, memory_order_release);
}

uint64_t
generator_end(struct snowflake_generator *generator)
{
	struct claim *claim = atomic_load(&generator->claim);

	if (claim == NULL)
		return 0;
	return (generator_close(claim) - 1) / claim->per_ms;
}

void
generator_set_drift(struct snowflake_generator *generator, uint64_t drift_ms)
{
	atomic_store(&generator->drift_ms, drift_ms);
}

/* --- for answers, probes and metrics ------------------------------------------------------------- */

void
generator_view(struct snowflake_generator *generator, struct snowflake_view *view)
{
	struct claim *claim = atomic_load_explicit(&generator->claim, memory_order_acquire);
	uint64_t now, next, newest_clock, first;

	*view = (struct snowflake_view){.drift_threshold_ms = atomic_load(&generator->drift_ms)};
	if (claim == NULL)
		return;
	now = generator_now(generator, claim);
	next = generator_next(claim);
	newest_clock = atomic_load(&claim->newest_clock);
	first = generator_first(claim, next, now, 1, SNOWFLAKE_RUN);
	view->has_claim = true;
	view->space = &claim->space;
	view->per_ms = claim->per_ms;
	view->end_ms = claim->epoch_ms + SNOWFLAKE_END_MS - 1;
	view->newest = next > claim->first ? next - 1 : 0;
	view->last_id = generator_last_id(claim, next);
	view->is_within_bound = first < atomic_load(&claim->limit);
	view->drift_ms = newest_clock > now ? newest_clock - now : 0;
	view->late_ms = next == claim->first ? generator_early_ms(claim, first, first + 1, now,
								  view->drift_threshold_ms)
					     : 0;
}
