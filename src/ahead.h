/*
 * ahead -- joins the segment, which holds tickets in memory, to the dispatcher and the main loop.
 *
 * Main thread, except for ahead_note(). Without TICKR_RESERVE_AHEAD these functions do nothing.
 */
#ifndef TICKR_AHEAD_H
#define TICKR_AHEAD_H

#include <event2/event.h>
#include <stdbool.h>

#include "config/config.h"
#include "dispatch/dispatch.h"
#include "segment/segment.h"

struct ahead {
	struct segment *segment; /* NULL: tickets are not reserved ahead */
	struct dispatch *dispatch;
	struct event *fill;
};

/* Prepare AHEAD, which is zeroed, to fetch from DISPATCH. The threads of DISPATCH must not run yet. */
void ahead_init(struct ahead *ahead, const struct config *config, struct dispatch *dispatch,
		struct event_base *base);

/* Return the source of the workers: the segment, or the dispatcher if nothing is reserved ahead. */
struct source ahead_source(const struct ahead *ahead);

/* Fetch from now on. Call after the dispatcher was started. */
void ahead_start(struct ahead *ahead);

/* Note a check of the counter, as the listener of the pools. ARG is a struct ahead. Any thread. */
void ahead_note(void *arg, const struct ticket_space *space, bool is_trusted);

/* Set the gauges of the tickets that are held. */
void ahead_update_metrics(const struct ahead *ahead);

/* Stop fetching. */
void ahead_stop(struct ahead *ahead);

/*
 * Give back the held tickets if that is safe. The other ones are a gap. Call after the dispatcher has
 * stopped.
 */
void ahead_settle(struct ahead *ahead);

void ahead_free(struct ahead *ahead);

#endif
