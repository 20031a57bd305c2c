/*
 * ahead -- joins the segment, which holds tickets in memory, to the dispatcher and the main loop.
 *
 * Main thread, but for ahead_note(). All of it does nothing if nothing is reserved ahead.
 */
#ifndef TICKR_AHEAD_H
#define TICKR_AHEAD_H

#include <event2/event.h>
#include <stdbool.h>

#include "config/config.h"
#include "dispatch/dispatch.h"
#include "segment/segment.h"

struct ahead {
	struct segment *segment; /* NULL: nothing is reserved ahead */
	struct dispatch *dispatch;
	struct event *fill;
};

/* Prepare AHEAD, which is zeroed, to fetch from DISPATCH. Its threads must not run yet. */
void ahead_init(struct ahead *ahead, const struct config *config, struct dispatch *dispatch,
		struct event_base *base);

/* Where the workers reserve: the segment, or the dispatcher if nothing is reserved ahead. */
struct source ahead_source(const struct ahead *ahead);

/* Fetch from now on. The dispatcher has been started. */
void ahead_start(struct ahead *ahead);

/* Any thread. ARG is a struct ahead. For the listener of the pools. */
void ahead_note(void *arg, const struct ticket_space *space, bool is_trusted);

/* Fetch nothing more. */
void ahead_stop(struct ahead *ahead);

/* After the dispatcher has stopped: give back the held tickets where that is safe; the rest is a gap. */
void ahead_settle(struct ahead *ahead);

void ahead_free(struct ahead *ahead);

#endif
