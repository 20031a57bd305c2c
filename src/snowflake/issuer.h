/*
 * issuer -- offers the generator as a source of reservations.
 *
 * Nearly all requests are answered in the loop, from the generator. The others wait here for the next millisecond,
 * or for the lease, in the order of their arrival. One thread tries them again by a timer. While any waits, later
 * requests wait after it, so that small ones do not starve a large one. Any thread.
 */
#ifndef TICKR_SNOWFLAKE_ISSUER_H
#define TICKR_SNOWFLAKE_ISSUER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "snowflake/generator.h"
#include "ticket/source.h"

struct issuer;

#define ISSUER_SPAN_MS 1000

/*
 * How often the generator was out of numbers, in a span of about ISSUER_SPAN_MS. It is out of numbers from the moment
 * when the first request must wait for a later millisecond until that request has its answer.
 */
struct issuer_overflow {
	uint32_t count;	 /* 1 or more */
	uint64_t out_us; /* it was out of numbers for so long, all times together */
	uint64_t longest_us;
	uint64_t most_queued; /* the most requests that waited at the same time */
	uint64_t issued;      /* ids in answers during the span */
	uint64_t span_ms;     /* 1 or more */
};

struct issuer_listener {
	/* Add why there is no lease now, for the answer of a request whose time is up. Any thread. */
	void (*explain)(void *arg, struct text *reason);
	/* Return how many ids of the generator were in answers so far. With the mutex of the issuer. */
	uint64_t (*issued)(void *arg);
	/* At the end of a span with an overflow. The thread of the issuer, or that of issuer_stop(). */
	void (*overflowed)(void *arg, const struct issuer_overflow *overflow);
	void *arg;
};

/* LISTENER is copied. */
struct issuer *issuer_new(struct snowflake_generator *generator,
			  const struct issuer_listener *listener) MUST_CHECK;

/* Start the thread. False, with errno: the system cannot create one. */
bool issuer_start(struct issuer *issuer) MUST_CHECK;

/*
 * The source of runs, whose ids are no progression if they pass the end of a millisecond; and that of groups, each
 * within one millisecond. The reservations of both wait in one queue.
 */
struct source issuer_runs(struct issuer *issuer);
struct source issuer_groups(struct issuer *issuer);

/* The lease has changed: try again. */
void issuer_wake(struct issuer *issuer);

/* Answer all that wait, and end the thread. Before, the listener hears of the last span. */
void issuer_stop(struct issuer *issuer);

void issuer_free(struct issuer *issuer); /* NULL is allowed */

#endif
