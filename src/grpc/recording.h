/*
 * recording -- makes the events of calls: who received which ids, and which calls failed. Loop thread.
 */
#ifndef TICKR_GRPC_RECORDING_H
#define TICKR_GRPC_RECORDING_H

#include <stdbool.h>

#include "base/attributes.h"
#include "grpc/call.h"

/* Whether CALL is an event that has no record yet: its method issues ids, and events are recorded. */
bool recording_is_due(const struct grpc_call *call) MUST_CHECK;

/* Whether the answer of CALL must wait until its record is kept, because a sink of events is required. */
bool recording_waits(const struct grpc_call *call) MUST_CHECK;

/* Whether ids may be issued: all required sinks work. False: PROBLEM says why not. */
bool recording_may_issue(const struct grpc_call *call, struct text *problem) MUST_CHECK;

/* Note the NAME of the sequence that CALL asks for, as it was sent, in case that it fails. */
void recording_note_name(struct grpc_call *call, const char *name, size_t len);

/*
 * Record CALL, which ends with CODE; WORDS say why it failed. WAIT is settled when the record was kept or lost.
 * False: there is no room for the record, and WAIT will not be settled.
 */
bool recording_write(struct grpc_call *call, enum grpc_code code, const char *words,
		     struct event_wait *wait) MUST_CHECK;

#endif
