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

/* EXPLAIN adds why there is no lease now, for the answer of a request whose time is up. Any thread. */
struct issuer *issuer_new(struct snowflake_generator *generator,
			  void (*explain)(void *arg, struct text *reason), void *arg) MUST_CHECK;

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

/* Answer all that wait, and end the thread. */
void issuer_stop(struct issuer *issuer);

void issuer_free(struct issuer *issuer); /* NULL is allowed */

#endif
