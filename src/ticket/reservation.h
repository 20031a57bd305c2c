/*
 * reservation -- the one message on the ticket path.
 *
 * A count goes out to the pool, a range of bases or a status comes back:
 *
 *	allocator (loop thread) --submit--> pool's queue --> session (pool thread)
 *	allocator (loop thread) <--mailbox-- answer() <------'
 *
 * Between submit and answer, or until it is withdrawn, the reservation is the pool's (or of whoever
 * stands before it: the segment, the dispatcher), and the allocator does not look at it. The deadline
 * is set once, before it is submitted.
 */
#ifndef TICKR_TICKET_RESERVATION_H
#define TICKR_TICKET_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/mail.h"
#include "ticket/range.h"
#include "ticket/sequence.h"
#include "ticket/space.h"
#include "ticket/status.h"

#define REASON_SIZE 256

/* Who wants more bases shares a statement with nobody, so that nobody waits for its many rows. */
#define RESERVATION_MOST_SHARED 1000

enum reservation_task {
	RESERVATION_RESERVE,
	RESERVATION_SHOW, /* read the row of one sequence into RESULT, a struct sequence_shown */
	RESERVATION_LIST, /* read a page of rows into RESULT, a struct sequence_page */
};

struct reservation {
	struct mail mail; /* the pool's queue, then a loop's mailbox */
	enum reservation_task task;
	uint32_t count;	      /* bases wanted, 1 or more; 0 if nothing is to be reserved */
	uint64_t deadline_ms; /* by clock_ms(): no session begins with it after this */
	unsigned attempts;    /* sessions that were lost over it */
	bool is_queued;	  /* the pool's queue, or the segment, holds it; under that one's mutex */
	bool is_given_up; /* it was wanted back, and was not in the queue; the same */

	void (*answer)(struct reservation *reservation); /* runs in a pool thread: hands it back */
	void *owner;					 /* for answer */
	void *carrier; /* the dispatcher's, while it has the reservation */

	/*
	 * Of a pool of named sequences. REVISION is that of the policy on which the owner relies. TICKET_OK: it is
	 * the one of the row. If it is another one, the owner reads the policy again before it makes ids of BASES.
	 */
	struct sequence *sequence; /* NULL: the Tickr sequence, or another task */
	uint32_t revision;
	enum sequence_order order; /* SEQUENCE_WEAK: of several databases, any may reserve */
	void *result;		   /* of the other tasks */

	enum ticket_status status;
	/* TICKET_OK: COUNT bases; of a named sequence COUNT numbers, and number n is base n + 1. */
	struct ticket_range bases;
	const struct ticket_space
		*space; /* TICKET_OK: of the database that answered; outlives the reservation */
	char reason[REASON_SIZE]; /* else: why, for people */
};

/* The reservation that travels as MAIL. */
static inline struct reservation *
reservation_of(struct mail *mail)
{
	return CONTAINER_OF(mail, struct reservation, mail);
}

#endif
