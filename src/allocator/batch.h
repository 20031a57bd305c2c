/*
 * batch -- requests that share one reservation.
 *
 * Loop thread only. The requests are the caller's: linked, not copied. Each is answered exactly once,
 * when the batch is dealt or refused, in the order of their arrival. A batch deals out bases, and knows
 * no arithmetic: the sequence's owner makes tickets of them.
 */
#ifndef TICKR_ALLOCATOR_BATCH_H
#define TICKR_ALLOCATOR_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ticket/reservation.h"
#include "ticket/space.h"

struct ticket_answer {
	enum ticket_status status;
	struct ticket_range bases;	  /* TICKET_OK: numbers, of which the space makes tickets */
	const struct ticket_space *space; /* TICKET_OK: of the database that answered */
	const char *reason;		  /* else; only until the answer function returns */
};

/* Embedded in the thing that asks. */
struct ticket_request {
	uint32_t count; /* 1 or more */
	void (*answer)(struct ticket_request *request, const struct ticket_answer *answer);
	STAILQ_ENTRY(ticket_request) link; /* the batch's */
};

/* Where a submitted batch is. */
enum batch_place {
	BATCH_SUBMITTED,
	BATCH_BEGUN,	/* it could not be withdrawn: a session works on it */
	BATCH_GIVEN_UP, /* the same, and its requests were answered */
};

struct batch {
	struct reservation reservation; /* the source's while it is submitted */
	STAILQ_HEAD(, ticket_request) requests;
	uint32_t request_count;

	TAILQ_ENTRY(batch) link; /* the allocator's, like the place */
	enum batch_place place;
};

TAILQ_HEAD(batch_list, batch);

/* The caller owns it, and releases it with free() when its requests are answered. */
struct batch *batch_new(uint64_t deadline_ms) MUST_CHECK;

/* Whether REQUEST may join without making the reservation larger than MOST. */
bool batch_has_room(const struct batch *batch, const struct ticket_request *request, uint32_t most);
void batch_add(struct batch *batch, struct ticket_request *request);

/* Answer every request with its part of the reservation's bases, or with the reservation's failure. */
void batch_deal(struct batch *batch);

/* Answer every request with STATUS, which is not TICKET_OK. */
void batch_refuse(struct batch *batch, enum ticket_status status, const char *reason);

#endif
