/*
 * sink_memory -- a sink that keeps the newest records in memory: the test double, and the specification.
 *
 * Any thread may read it.
 */
#ifndef TICKR_EVENTS_SINK_MEMORY_H
#define TICKR_EVENTS_SINK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "events/sink.h"

struct sink_memory;

/* Return a sink that keeps MOST records. Further ones are lost and counted. The caller frees it by its type. */
struct sink_memory *sink_memory_new(size_t most) MUST_CHECK;

/* Return MEMORY as a sink. */
struct event_sink sink_memory_sink(struct sink_memory *memory, bool is_required) MUST_CHECK;

/* Copy the record with this NUMBER, from 0. False: there is none. */
bool sink_memory_get(struct sink_memory *memory, size_t number,
		     struct event_record *record) MUST_CHECK;

/* Return how many records it has, and how many it lost. */
struct event_tally sink_memory_tally(struct sink_memory *memory) MUST_CHECK;

/* From now on the sink works, or loses all records. */
void sink_memory_set_works(struct sink_memory *memory, bool works);

#endif
