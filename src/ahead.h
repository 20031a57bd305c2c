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

/* Prepare AHEAD, which is zeroed. Fetches begin with ahead_start(). */
void ahead_init(struct ahead *ahead, const struct config *config, struct event_base *base);

/* Fetch from DISPATCH, which has been started, from now on. */
void ahead_start(struct ahead *ahead, struct dispatch *dispatch);

/* Any thread. ARG is a struct ahead. For the listener of the pools. */
void ahead_note(void *arg, const struct ticket_space *space, bool is_trusted);

/* Fetch nothing more. */
void ahead_stop(struct ahead *ahead);

/* After the dispatcher has stopped: give back the held tickets where that is safe; the rest is a gap. */
void ahead_settle(struct ahead *ahead);

void ahead_free(struct ahead *ahead);

#endif
