/*
 * reservation -- the one message on the ticket path.
 *
 * The owner asks for a count. A range of bases, or a status, comes back:
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
#include "ticket/space.h"
#include "ticket/status.h"

#define REASON_SIZE 256

/* A reservation of more bases has its own statement, so that no other waits for its many rows. */
#define RESERVATION_MOST_SHARED 1000

/*
 * Where a reservation is:
 *
 *	       -- queue -->	    -- take -->	       -- return -->
 *	OWNER		    QUEUED	       TAKEN		     OWNER
 *	       <- recall --	    <- queue --
 *
 *	OWNER, TAKEN, RECALLED -- recall --> RECALLED -- return --> OWNER
 *
 * The source changes the place, under the mutex of its queue. Only the owner returns a reservation,
 * after its answer.
 */
enum reservation_place {
	RESERVATION_OWNER,    /* its owner has it */
	RESERVATION_QUEUED,   /* it waits in a source, and can be withdrawn */
	RESERVATION_TAKEN,    /* a session works on it, or its answer is on the way */
	RESERVATION_RECALLED, /* its owner failed to withdraw it: no queue takes it again */
};

struct reservation {
	struct mail mail;     /* the source's queue, then a loop's mailbox */
	uint32_t count;	      /* of bases, 1 or more */
	uint64_t deadline_ms; /* by clock_ms(): no session begins with it after this */
	unsigned attempts;    /* sessions that were lost over it */
	enum reservation_place place;

	void (*answer)(struct reservation *reservation); /* runs in any thread: hands it back */
	void *owner;					 /* for answer */
	void *carrier; /* the dispatcher's, while it has the reservation */

	enum ticket_status status;
	struct ticket_range bases; /* TICKET_OK: COUNT bases */
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
 * Let RESERVATION enter a queue, or return to one. False: its owner has recalled it. It must not enter,
 * and stays with the caller.
 */
bool reservation_queue(struct reservation *reservation) MUST_CHECK;

/* Let RESERVATION leave the queue, for a session or to be answered. */
void reservation_take(struct reservation *reservation);

/*
 * The owner of RESERVATION wants it back. True: it was in the queue, and the caller takes it out. False:
 * a session has it, its answer is on the way, or another thread is about to submit it.
 */
bool reservation_recall(struct reservation *reservation) MUST_CHECK;

/* Return RESERVATION, which was answered, to its owner, who calls this. */
void reservation_return(struct reservation *reservation);

#endif
