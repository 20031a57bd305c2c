/*
 * allocator -- makes few large reservations out of many small ticket requests.
 *
 * Loop thread only; no I/O, no locks, no clock of its own. Requests for one sequence that arrive in one
 * round of the loop share a reservation. The allocators of all loops submit to the same sources, such as a
 * pool. Each request is answered exactly once, through its callback.
 */
#ifndef TICKR_ALLOCATOR_ALLOCATOR_H
#define TICKR_ALLOCATOR_ALLOCATOR_H

#include <stdatomic.h>
#include <stdint.h>

#include "allocator/batch.h"
#include "ticket/source.h"

/* How many requests may wait, over all allocators of the process. */
struct waiting_limit {
	_Atomic uint32_t waiting;
	uint32_t most;
};

struct allocator_settings {
	uint64_t pool_timeout_ms;    /* the longest wait until a session takes the reservation */
	uint64_t overdue_timeout_ms; /* how much longer to wait for the answer of that session */
	struct waiting_limit *limit; /* shared; outlives the allocators */
	struct source source;	     /* a pool, the dispatcher or the segment, see ahead_source() */
	struct source groups; /* the same for requests with IS_GROUP; unset: SOURCE serves them */
	struct source strong, weak; /* for named sequences; unset: no request names one */

	/*
	 * Called in any thread when a reservation, whose owner is ARG, was answered. It must lead to a
	 * call of allocator_deliver() in the loop thread.
	 */
	void (*answer)(struct reservation *reservation);
	/* Called with the first request of a round. It must lead to a call of allocator_flush() at the end of the round. */
	void (*wake)(void *arg);
	void *arg;
};

struct allocator;

struct allocator *allocator_new(const struct allocator_settings *settings) MUST_CHECK;

/*
 * Ask for REQUEST, which stays the caller's, and must not move until its answer. That may come
 * immediately.
 */
void allocator_request(struct allocator *a, struct ticket_request *request, uint64_t now_ms);

/* Submit the requests that have gathered. */
void allocator_flush(struct allocator *a);

/* Answer the requests of RESERVATION, which this allocator submitted and which was answered. */
void allocator_deliver(struct allocator *a, struct reservation *reservation);

/*
 * Fail the requests that have expired: those that no session has taken, and those that a session has
 * had for too long.
 */
void allocator_expire(struct allocator *a, uint64_t now_ms);

/* Return when allocator_expire() is due next; UINT64_MAX: no request waits. */
uint64_t allocator_next_deadline(const struct allocator *a);

/* Fail the requests that still wait, and free A. No session may have a reservation of A. */
void allocator_free(struct allocator *a);

#endif
