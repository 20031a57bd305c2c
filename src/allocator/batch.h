/*
 * batch -- requests that share one reservation.
 *
 * Loop thread only. The requests are the caller's: linked, not copied. Dealing or failing the batch
 * answers each of them exactly once, in the order of their arrival. A batch deals out bases. The
 * handlers make tickets of them.
 */
#ifndef TICKR_ALLOCATOR_BATCH_H
#define TICKR_ALLOCATOR_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ticket/reservation.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

struct ticket_answer {
	enum ticket_status status;
	struct ticket_range bases;	  /* TICKET_OK: numbers, of which the space makes tickets */
	const struct ticket_space *space; /* TICKET_OK: of the database that answered */
	uint32_t revision;  /* TICKET_OK, of a named sequence: of the policy in the row */
	uint64_t taken_us;  /* by clock_us(): a session began to work on it; 0: none did */
	void *result;	    /* TICKET_OK, of another task; until the answer function returns */
	const char *reason; /* otherwise; it ends when the answer function returns */
};

struct source;

/* Part of the struct of its owner. */
struct ticket_request {
	uint32_t count; /* 1 or more; 0 of another task */
	void (*answer)(struct ticket_request *request, const struct ticket_answer *answer);

	/* Zeroed for the Tickr sequence; see struct reservation. */
	enum reservation_task task;
	struct sequence *sequence;
	uint32_t revision;
	enum sequence_order order;
	bool is_group; /* the tickets must be one progression, as those of a database always are */
	bool is_alone; /* no other request may share its reservation */
	bool may_be_held; /* numbers that the server holds ahead will do */
	void *result;	  /* allocated; allocator_request() takes it */
	const struct source
		*source; /* it outlives the allocator; NULL: one of the allocator's own */

	STAILQ_ENTRY(ticket_request) link; /* the batch's */
};

/* The list that a submitted batch is in. */
enum batch_place {
	BATCH_SUBMITTED,
	BATCH_OVERDUE,	/* the source could not return it at its deadline */
	BATCH_GIVEN_UP, /* the same, and its requests were failed */
};

struct batch {
	struct reservation reservation; /* the source has it while the batch is submitted */
	STAILQ_HEAD(, ticket_request) requests;
	uint32_t request_count;

	/* The allocator's: */
	TAILQ_ENTRY(batch) link;
	enum batch_place place;
	const struct source *source; /* it has the reservation, or will have it */
	struct batch *next;	     /* in its chain, while it gathers for a named sequence */
};

TAILQ_HEAD(batch_list, batch);

/* Return an empty batch. The caller frees it after its requests were answered. */
struct batch *batch_new(uint64_t deadline_ms) MUST_CHECK;
void batch_free(struct batch *batch);

/* Return whether the reservation stays within MOST bases when REQUEST joins. The first request always fits. */
bool batch_has_room(const struct batch *batch, const struct ticket_request *request,
		    uint32_t most) MUST_CHECK;

/* Append REQUEST, which must not move until its answer. */
void batch_add(struct batch *batch, struct ticket_request *request);

/* Answer every request: with its part of the reservation's bases, or with the reservation's failure. */
void batch_deal(struct batch *batch);

/* Answer every request with STATUS, which is not TICKET_OK. */
void batch_fail(struct batch *batch, enum ticket_status status, const char *reason);

#endif
