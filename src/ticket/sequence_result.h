/*
 * sequence_result -- what a reservation with a task other than RESERVATION_RESERVE brings. Pure; any thread.
 *
 * The owner of the reservation makes the struct, sets what the database is asked, and keeps it until the answer.
 * The rest is valid if the answer is TICKET_OK.
 */
#ifndef TICKR_TICKET_SEQUENCE_RESULT_H
#define TICKR_TICKET_SEQUENCE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ticket/sequence.h"

/* RESERVATION_SHOW: the row of one name. */
struct sequence_shown {
	const char *name; /* asked: it outlives the reservation */
	uint8_t name_len;

	bool is_found;
	uint64_t last; /* the newest number; below policy.start: none was reserved yet */
	struct sequence_policy policy;
};

/* One row of a page. */
struct sequence_entry {
	char name[SEQUENCE_NAME_MOST]; /* not ended by a NUL */
	uint8_t name_len;
	uint64_t last;
	struct sequence_policy policy;
};

/* RESERVATION_LIST: the first names after AFTER, in order of their bytes. */
struct sequence_page {
	const char *after; /* asked: it outlives the reservation */
	uint8_t after_len; /* 0: from the first name */
	uint32_t limit;	   /* at most so many: ENTRIES has room for them */

	struct sequence_entry *entries; /* the owner's */
	uint32_t count;
};

#endif
