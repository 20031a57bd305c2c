/*
 * note -- the values of the keys: JSON objects that an operator can read and edit. Pure; any thread.
 *
 * Numbers and times are strings of JSON. Each reader also accepts a number without quotes, and members that it does
 * not know.
 */
#ifndef TICKR_LEASE_NOTE_H
#define TICKR_LEASE_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "lease/lease.h"

#define NOTE_SIZE	 1024 /* room for each note of this room */
#define NOTE_MEMBER_SIZE 256

/* The note of a worker's key: its holder, which listens on PORT. */
void lease_note_worker(struct text *text, const struct lease_settings *settings, unsigned port);

struct lease_bound_note {
	uint64_t bound_ms; /* id-time */
	uint64_t epoch_ms; /* Unix time; UINT64_MAX: the note does not say it */
	char instance[64]; /* that wrote it; "": the note does not say it */
	uint64_t unix_ms;  /* when it was written; not read */
};

void lease_note_bound(struct text *text, const struct lease_bound_note *note);

/* False: VALUE is no note of a bound. */
bool lease_note_read_bound(const char *value, struct lease_bound_note *note) MUST_CHECK;

struct lease_retired_note {
	uint64_t retired_at_ms;	 /* Unix time; not read */
	uint64_t last_id;	 /* not read */
	uint64_t reuse_after_ms; /* Unix time */
	char hostname[NOTE_MEMBER_SIZE];
};

void lease_note_retired(struct text *text, const struct lease_retired_note *note);

/* A note that cannot be read is of a worker that may be used now. */
void lease_note_read_retired(const char *value, struct lease_retired_note *note);

/* Add words for the operator about the holder, from the note of a worker's key. */
void lease_note_add_holder(struct text *text, const char *value);

/*
 * Copy the member NAME of the JSON object VALUE, a string or a number, and cut it to SIZE. False: VALUE is no
 * object of strings, numbers and words, or has no such member.
 */
bool lease_note_member(const char *value, const char *name, char *member, size_t size) MUST_CHECK;

/* The times of notes: "2026-11-29T12:00:00Z". */
void lease_note_add_time(struct text *text, uint64_t unix_ms);
bool lease_note_read_time(const char *text, uint64_t *unix_ms) MUST_CHECK;

#endif
