/*
 * sink_audit -- the sink that writes records into the spool, as lines of the audit.
 *
 * Not required: lines become gzip members of a part, one about each two seconds. A kill loses the lines since the last
 * member. Required: lines go to a journal, which is on the disk when write() returns; the keeper packs it later.
 *
 * If the spool cannot be written, records are lost and counted, the status says why, and the sink tries again each
 * second. The oldest files stay.
 */
#ifndef TICKR_EVENTS_SINK_AUDIT_H
#define TICKR_EVENTS_SINK_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "events/audit_name.h"
#include "events/sink.h"
#include "events/spool.h"

struct sink_audit_settings {
	struct spool *spool; /* outlives the sink */
	bool is_required;
	struct audit_maker maker; /* of ids without a worker */
	/* The epoch of the Snowflake ids of a worker, which may come from a coordinator. NULL: there are none */
	uint64_t (*epoch_ms)(void *epoch_arg);
	void *epoch_arg;
	uint64_t member_ms;	  /* the age at which a member is written */
	uint64_t file_bytes;	  /* the length at which a file ends */
	uint64_t (*utc_ms)(void); /* the time of day, for the end of an hour */

	void (*finished)(void *arg); /* the keeper has a file to take. In the exporter's thread */
	/* Whether finished files leave for the bucket. False: PROBLEM says why not. Any thread. */
	bool (*uploads)(void *arg, struct text *problem);
	void *arg;
};

/* Return the sink. SETTINGS is copied. */
struct event_sink sink_audit_new(const struct sink_audit_settings *settings) MUST_CHECK;

#endif
