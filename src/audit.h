/*
 * audit -- joins the rooms of the audit: the spool, its sink, its keeper and the bucket. Main thread.
 */
#ifndef TICKR_AUDIT_H
#define TICKR_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "events/sink.h"

struct audit;

/* Check the settings of the audit, without its folder. False: PROBLEM names the mistake and the remedy. */
bool audit_check(const struct config *config, struct text *problem) MUST_CHECK;

/*
 * Open the spool of CONFIG, which outlives the result. NULL without a PROBLEM: the settings ask for no audit. NULL with a
 * PROBLEM: it cannot be opened.
 */
struct audit *audit_open(const struct config *config, struct text *problem) MUST_CHECK;

/* The epoch of Snowflake ids is EPOCH_MS(ARG), in any thread, when ids of a worker are recorded. Before the sink is made. */
void audit_set_epoch(struct audit *audit, uint64_t (*epoch_ms)(void *arg), void *arg);

/* Return the sink for the exporter, which frees it. Call it once. */
struct event_sink audit_new_sink(struct audit *audit) MUST_CHECK;

/* Start the keeper's thread. Return false, with errno, if the system cannot create one. NULL is allowed. */
bool audit_start(struct audit *audit) MUST_CHECK;

/* Upload the last files until DEADLINE_MS, by clock_ms(), and end the thread. After the exporter. NULL is allowed. */
void audit_stop(struct audit *audit, uint64_t deadline_ms);

/* After the exporter and its sink. NULL is allowed. */
void audit_free(struct audit *audit);

#endif
