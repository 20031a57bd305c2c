/*
 * audit_line -- writes a record as a line of the audit: JSON, as docs/events.md describes it. One thread at a time.
 */
#ifndef TICKR_EVENTS_AUDIT_LINE_H
#define TICKR_EVENTS_AUDIT_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/attributes.h"
#include "events/record.h"

#define AUDIT_LINE_SIZE 4096 /* the longest line, with its newline and a NUL */

/* The author of the lines of one server. */
struct audit_line {
	char id_start[32]; /* of each event_id */
	uint64_t number;   /* of the last line */
	uint64_t epoch_ms; /* the time of the Snowflake id 0, since 1970 */
	time_t second;	   /* of SECOND_TEXT */
	char second_text[48];
};

/* INSTANCE: 16 random hexadecimal digits. EPOCH_MS: that of the Snowflake ids, if the server issues any. It may change. */
void audit_line_begin(struct audit_line *line, const char *instance, uint64_t epoch_ms);

/* Write RECORD to TO, with a newline and a NUL. Return the length without the NUL. */
size_t audit_line_write(struct audit_line *line, const struct event_record *record,
			char to[AUDIT_LINE_SIZE]) MUST_CHECK;

#endif
