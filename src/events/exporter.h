/*
 * exporter -- one thread that empties all rings into the sinks.
 *
 * It comes every 50 ms, or when a ring is half full, or when an answer waits for its record. All records that it
 * finds then go to each sink in one write. The thread that makes the exporter starts and stops it.
 */
#ifndef TICKR_EVENTS_EXPORTER_H
#define TICKR_EVENTS_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/ring.h"
#include "events/sink.h"

struct event_exporter;

/* Return an exporter to the COUNT sinks, 1 to EVENT_SINKS_MOST, which it takes. */
struct event_exporter *event_exporter_new(const struct event_sink *sinks, size_t count) MUST_CHECK;

/*
 * Return a new ring for one writer, before the start. WAKE is as in ring.h. The exporter owns the ring, which
 * lives as long as the exporter.
 */
struct event_ring *event_exporter_add_ring(struct event_exporter *exporter, void (*wake)(void *arg),
					   void *arg);

/* Whether a sink is required, so that each writer must wait for its records. */
bool event_exporter_is_required(const struct event_exporter *exporter) MUST_CHECK;

/* Start the thread. Return false, with errno, if the system cannot create one. */
bool event_exporter_start(struct event_exporter *exporter) MUST_CHECK;

/* Hand over a copy of RECORD, which is no request. Any thread. It is dropped and counted if too many wait. */
void event_exporter_note(struct event_exporter *exporter, const struct event_record *record);

/*
 * Return true if all required sinks work, so that ids may be issued. False: PROBLEM says why not. Any thread,
 * between the start and the end.
 */
bool event_exporter_may_issue(struct event_exporter *exporter, struct text *problem) MUST_CHECK;

/* Return the number of sinks. */
size_t event_exporter_sinks(const struct event_exporter *exporter);

/* Return the name of sink INDEX, and whether it works; false: PROBLEM says why not. Any thread. */
bool event_exporter_sink_works(struct event_exporter *exporter, size_t index, const char **name,
			       struct text *problem) MUST_CHECK;

/* Fill TALLY. False: sink INDEX counts nothing. Any thread. */
bool event_exporter_sink_tally(struct event_exporter *exporter, size_t index,
			       struct event_tally *tally) MUST_CHECK;

/*
 * Hand all records of the rings to the sinks, let the sinks end until DEADLINE_MS (by clock_ms()), and end the thread.
 * No writer commits any more. Waits are settled, but the writers must still call event_ring_settle().
 */
void event_exporter_stop(struct event_exporter *exporter, uint64_t deadline_ms);

/* Free EXPORTER, its rings and its sinks. It was stopped, or never started. NULL is allowed. */
void event_exporter_free(struct event_exporter *exporter);

#endif
