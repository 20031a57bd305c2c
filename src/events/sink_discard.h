/*
 * sink_discard -- a sink that takes every record and keeps none, to measure the cost of recording.
 */
#ifndef TICKR_EVENTS_SINK_DISCARD_H
#define TICKR_EVENTS_SINK_DISCARD_H

#include "base/attributes.h"
#include "events/sink.h"

struct event_sink sink_discard_sink(bool is_required) MUST_CHECK;

#endif
