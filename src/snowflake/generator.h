/*
 * generator -- makes Snowflake numbers in memory. Any thread; no lock.
 *
 * A claim has one atomic word: the next number that nobody has. A run of numbers costs one compare-and-swap,
 * however long it is. The word never moves back, whatever the clock does.
 *
 * Only the owner of the lease makes claims and raises their limit, from one thread. The generator issues no number
 * at or above the limit, so all its id-times are at or below the confirmed bound.
 */
#ifndef TICKR_SNOWFLAKE_GENERATOR_H
#define TICKR_SNOWFLAKE_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "snowflake/clock.h"
#include "ticket/snowflake_id.h"
#include "ticket/space.h"

/* The longest run of one request, as a time: 1,024,000 ids of 4096 a millisecond. */
#define GENERATOR_MOST_RUN_MS 250

enum snowflake_result {
	SNOWFLAKE_TAKEN,
	SNOWFLAKE_WAIT,	    /* it would end too far in the future: wait for WAIT_MS */
	SNOWFLAKE_NO_LEASE, /* there is no claim, or the run would pass the bound */
	SNOWFLAKE_DRIFT,    /* the clock is behind its highest time by more than the threshold */
	SNOWFLAKE_TOO_MANY, /* a request may never have so many */
	SNOWFLAKE_END,	    /* the 41 bits of the time have ended */
};

enum snowflake_shape {
	SNOWFLAKE_RUN,	/* numbers that follow each other */
	SNOWFLAKE_GROUP /* the same, within one millisecond, so that their ids are one progression */
};

struct snowflake_run {
	uint64_t first;			  /* number */
	const struct ticket_space *space; /* turns numbers into ids; as long as the generator */
	uint64_t wait_ms;		  /* SNOWFLAKE_WAIT: 1 or more */
	uint64_t drift_ms;		  /* SNOWFLAKE_DRIFT: how far the clock is behind */
	uint32_t most;			  /* SNOWFLAKE_TOO_MANY: so many would do */
};

/* The facts of a claim, which the lease has confirmed. */
struct snowflake_grant {
	uint64_t epoch_ms; /* Unix time */
	uint32_t node;	   /* 0 .. 1023 */
	uint32_t per_ms;   /* 1 .. 4096 */
	uint64_t floor_ms; /* id-time: the first id has a later one */
	uint64_t bound_ms; /* id-time of the last id that may be issued */
};

struct snowflake_generator;

/* DRIFT_MS is the threshold: how far the clock may fall behind, and how far a burst may borrow from the future. */
struct snowflake_generator *generator_new(const struct snowflake_clock *clock,
					  uint64_t drift_ms) MUST_CHECK;

/* No thread may use a run of it any more. */
void generator_free(struct snowflake_generator *generator);

/* Take COUNT numbers, 1 or more. */
enum snowflake_result generator_take(struct snowflake_generator *generator, uint32_t count,
				     enum snowflake_shape shape,
				     struct snowflake_run *run) MUST_CHECK;

/* --- for the owner of the lease ------------------------------------------------------------------ */

/* Issue the numbers of GRANT from now on, and no others. */
void generator_begin(struct snowflake_generator *generator, const struct snowflake_grant *grant);

/* BOUND_MS is confirmed for the present claim. A lower one than before changes nothing. */
void generator_extend(struct snowflake_generator *generator, uint64_t bound_ms);

/*
 * Issue PER_MS numbers in a millisecond from now on, 1 .. 4096, under the present claim, which has not ended. Numbers go on in
 * the next millisecond, and bound and node stay, so no id repeats.
 */
void generator_set_per_ms(struct snowflake_generator *generator, uint32_t per_ms);

/* Issue nothing any more. Return the id-time of the newest id, or the floor if there is none. */
uint64_t generator_end(struct snowflake_generator *generator);

/* From now on. */
void generator_set_drift(struct snowflake_generator *generator, uint64_t drift_ms);

/* --- for answers, probes and metrics ------------------------------------------------------------- */

struct snowflake_view {
	bool has_claim; /* false: none was ever begun, and the rest but DRIFT_THRESHOLD_MS is 0 */
	bool is_within_bound; /* one number could be issued now, if the clock is good */
	uint64_t newest;      /* number; 0: none was issued under this claim */
	uint64_t
		last_id; /* the newest id of this node, also from before generator_set_per_ms(); 0: none */
	uint64_t end_ms; /* Unix time of the last millisecond of the format */
	uint64_t
		drift_ms; /* how far the clock is behind the highest that was used; 0: not at all */
	uint64_t drift_threshold_ms;
	uint64_t
		late_ms; /* how long until the first number may be issued: the floor is in the future */
	const struct ticket_space *space; /* as long as the generator */
	uint32_t per_ms;		  /* numbers in a millisecond */
};

void generator_view(struct snowflake_generator *generator, struct snowflake_view *view);

#endif
