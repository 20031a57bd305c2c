/*
 * snowflakes -- joins the rooms of Snowflake ids: the generator, its lease, and the issuer of what waits.
 *
 * The main thread makes, stops and frees it. Other functions: any thread.
 */
#ifndef TICKR_SNOWFLAKES_H
#define TICKR_SNOWFLAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "ticket/database.h"
#include "ticket/source.h"

#define SNOWFLAKES_DESCRIPTORS 32 /* the state file, its lock, and connections to a coordinator */

struct snowflakes;

/*
 * Claim a worker id, or begin to wait for one, if CONFIG has Snowflake ids; else *SNOWFLAKES is NULL. False, with a line in
 * the log: the settings are wrong (78), or the system cannot create a thread.
 */
bool snowflakes_open(const struct config *config, struct snowflakes **snowflakes) MUST_CHECK;

/* Show other servers that this one listens on PORT. SNOWFLAKES may be NULL. */
void snowflakes_set_port(struct snowflakes *snowflakes, unsigned port);

/* Write to the log that the server serves Snowflake ids of its own, with the settings CONFIG. */
void snowflakes_announce(const struct config *config);

/* From now on record drifts of the clock and overflows as EVENTS. NULL: record none. EVENTS outlive snowflakes_stop(). */
struct events;
void snowflakes_record(struct snowflakes *snowflakes, struct events *events);

/* The sources of the allocators: for all requests, and for groups. */
struct source snowflakes_runs(struct snowflakes *snowflakes);
struct source snowflakes_groups(struct snowflakes *snowflakes);

/* Whether ids are issued now. */
bool snowflakes_are_issued(struct snowflakes *snowflakes) MUST_CHECK;

/* Set the gauges of the lease. */
void snowflakes_set_gauges(struct snowflakes *snowflakes);

/* Write the state as if it was of one database to STATES. Return 1. Set the gauges, too. */
size_t snowflakes_states(struct snowflakes *snowflakes, struct database_state *states);

/* Add the members of /status, without a comma before them. */
void snowflakes_add_status(struct snowflakes *snowflakes, struct text *text);

/* Return the epoch of the ids, in ms since 1970. Until a coordinator has named it, that of the settings. Any thread. */
uint64_t snowflakes_epoch_ms(void *snowflakes);

/* Add the parts of ID as JSON members. False: it is no Snowflake id. */
bool snowflakes_decode(struct snowflakes *snowflakes, uint64_t id, struct text *json) MUST_CHECK;

/* Answer what waits, and record the last overflow. After the loops, before the events stop. NULL is allowed. */
void snowflakes_stop_issuing(struct snowflakes *snowflakes);

/* Do the same, issue nothing any more, and retire the worker id. After the loops, until UNTIL_MS by clock_ms(). */
void snowflakes_stop(struct snowflakes *snowflakes, uint64_t until_ms);

/* After the loops were freed. NULL is allowed. */
void snowflakes_free(struct snowflakes *snowflakes);

#endif
