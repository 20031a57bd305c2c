/*
 * sink -- the seam to a place that takes events.
 *
 * A sink is a const table of functions and its own struct. The exporter's thread calls all of them in this order,
 * except status(), which any thread may call while the sink exists:
 *
 *	begin -> write, tick, write, tick, ... -> end -> free
 *
 * A sink may block for the time of a write to a local disk, because the rings hold the records of that time. It
 * must not wait for a network. A sink that sends does so in a thread of its own. It bounds the memory or the disk
 * that it uses. sink_memory.c is the specification.
 */
#ifndef TICKR_EVENTS_SINK_H
#define TICKR_EVENTS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/record.h"

#define EVENT_SINKS_MOST 4 /* sinks of a process */

/* Of a sink, since the start of the process. */
struct event_tally {
	uint64_t sent; /* records or rows that arrived where they belong */
	uint64_t dropped;
	struct text *last_error; /* the caller sets it. Nothing is added if there was no error */
};

struct event_sink_type {
	const char *name; /* a word for logs and metrics, such as "clickhouse" */

	/* The thread has started. NULL: nothing to do. */
	void (*begin)(void *self);

	/*
	 * Take COUNT records (1 or more), in the order of their rings. They are gone after the call. True: the sink
	 * keeps its promise about all of them; an audit that is required has them on the disk. False: it has lost
	 * some, and has counted them.
	 */
	bool (*write)(void *self, const struct event_record *const *records, size_t count);

	/* Time has passed: about every 50 ms, by clock_ms(), and after each write. NULL: nothing to do. */
	void (*tick)(void *self, uint64_t now_ms);

	/* No record follows. Keep or send the rest until DEADLINE_MS, by clock_ms(). NULL: nothing to do. */
	void (*end)(void *self, uint64_t deadline_ms);

	/* Return true if the sink works. False: PROBLEM says why not. Any thread. NULL: it always works. */
	bool (*status)(void *self, struct text *problem);

	/* Fill TALLY. Any thread. NULL: it counts nothing. */
	void (*tally)(void *self, struct event_tally *tally);

	/* The exporter's thread has ended. */
	void (*free)(void *self);
};

struct event_sink {
	const struct event_sink_type *type;
	void *self;
	/* Ids are answered only after this sink has their record, and refused while it does not work. */
	bool is_required;
};

#endif
