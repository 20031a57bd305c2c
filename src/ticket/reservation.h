/*
 * reservation -- the one message on the ticket path.
 *
 * The owner asks for a count of bases. The answer is a range, or a status:
 *
 *	allocator (loop thread) --submit--> the source's queue --> session (pool thread)
 *	allocator (loop thread) <--mailbox-- answer() <------------'
 *
 * A source takes reservations, see ticket/source.h. It has a reservation from its submission until its
 * answer, or until its owner withdraws it. Meanwhile the owner does not touch it. The owner sets the
 * deadline once, before the submission.
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

/* A reservation of more bases has its own statement, so that no other waits for its many rows. */
#define RESERVATION_MOST_SHARED 1000

/*
 * The place of a reservation, and the steps between places:
 *
 *	       -- queue ---->	      -- take -->	 -- return -->
 *	OWNER		      QUEUED		 TAKEN		       OWNER
 *	       <- withdraw --	      <- queue --
 *
 *	OWNER, TAKEN, WITHDRAWN -- withdraw --> WITHDRAWN -- return --> OWNER
 *
 * The source changes the place, under the mutex of its queue. Only the owner returns a reservation,
 * after its answer.
 */
enum reservation_place {
	RESERVATION_OWNER,  /* its owner has it */
	RESERVATION_QUEUED, /* it waits in a source, and can be withdrawn */
	RESERVATION_TAKEN,  /* a session works on it, or its answer is on the way */
	RESERVATION_WITHDRAWN, /* its owner withdrew it while it was in no queue: no queue accepts it */
};

enum reservation_task {
	RESERVATION_RESERVE,
	RESERVATION_SHOW, /* read the row of one sequence into RESULT, a struct sequence_shown */
	RESERVATION_LIST, /* read a page of rows into RESULT, a struct sequence_page */
};

struct reservation {
	struct mail mail; /* the source's queue, then a loop's mailbox */
	enum reservation_task task;
	uint32_t count;	      /* of bases, 1 or more; 0 of another task */
	uint64_t deadline_ms; /* by clock_ms(): no session begins with it after this */
	uint64_t taken_us;    /* by clock_us(): a session began with it; 0: none did */
	unsigned losses;      /* sessions that were lost while they worked on it */
	enum reservation_place place;

	void (*answer)(struct reservation *reservation); /* any thread: returns it to its owner */
	void *owner;					 /* for the answer function */
	void *carrier; /* for the dispatcher, or held/, while it has the reservation */

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
	char reason[REASON_SIZE]; /* else: the message why */
};

/* The reservation that travels as MAIL. */
static inline struct reservation *
reservation_of(struct mail *mail)
{
	return CONTAINER_OF(mail, struct reservation, mail);
}

/*
 * Let RESERVATION enter a queue, or return to one. Return false if its owner has withdrawn it. Then it
 * must not enter, and stays with the caller.
 */
bool reservation_queue(struct reservation *reservation) MUST_CHECK;

/* Let RESERVATION leave the queue, for a session or for its answer. */
void reservation_take(struct reservation *reservation);

/*
 * Withdraw RESERVATION for its owner. Return true if it was in the queue: then the caller takes it out.
 * Return false if a session has it, its answer is on the way, or another thread is about to submit it.
 */
bool reservation_withdraw(struct reservation *reservation) MUST_CHECK;

/* Note that RESERVATION was answered and is with its owner again. The owner calls this. */
void reservation_return(struct reservation *reservation);

#endif
