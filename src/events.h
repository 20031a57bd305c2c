/*
 * events -- joins the rooms that record events: the sinks of the settings, the exporter, a recorder for each loop.
 *
 * Main thread, except for events_note().
 */
#ifndef TICKR_EVENTS_H
#define TICKR_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"
#include "events/exporter.h"
#include "events/recorder.h"
#include "ticket/database.h"

struct audit;
struct events;

/*
 * Return the events of CONFIG, which outlives them as AUDIT does; NULL: there is no audit. NULL: the settings name no
 * sink, so nothing is recorded.
 */
struct events *events_new(const struct config *config, struct audit *audit) MUST_CHECK;

/* Return a recorder for one loop, before the start. WAKE and WAITS are as in events/recorder.h. */
struct event_recorder *events_new_recorder(struct events *events, void (*wake)(void *arg),
					   void (*waits)(void *arg), void *arg) MUST_CHECK;

/* Start the threads. Return false, with errno, if the system cannot create one. */
bool events_start(struct events *events) MUST_CHECK;

/* Record RECORD, which is no request. Any thread. NULL is allowed. */
void events_note(struct events *events, const struct event_record *record);

/*
 * Record which of the COUNT databases changed their state since the last call. The first call records nothing. Main
 * thread. NULL is allowed.
 */
void events_look(struct events *events, const struct database_state *states, size_t count);

/* Send the rest until DEADLINE_MS, by clock_ms(). No loop records any more. NULL is allowed. */
void events_stop(struct events *events, uint64_t deadline_ms);

/* After the recorders. NULL is allowed. */
void events_free(struct events *events);

#endif
