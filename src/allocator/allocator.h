/*
 * allocator -- makes few large reservations out of many small ticket requests.
 *
 * Loop thread only; no I/O, no locks, no clock of its own. Requests that arrive in
 * one round of the loop share a reservation; the reservations of all loops meet in
 * the pool's queue, where the next free session takes all of them at once. Each
 * request is answered exactly once, through its callback.
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
	uint64_t pool_timeout_ms;
	uint64_t begun_timeout_ms;   /* how much longer to wait for a reservation that was begun */
	struct waiting_limit *limit; /* shared; outlives the allocators */

	struct source source; /* of reservations */

	/* A reservation was answered, in any thread: call allocator_deliver() in the loop's. Its owner is ARG. */
	void (*answer)(struct reservation *reservation);
	/* The first request of a round has come: call allocator_flush() at the end of the round. */
	void (*wake)(void *arg);
	void *arg;
};

struct allocator;

struct allocator *allocator_new(const struct allocator_settings *settings) MUST_CHECK;

/* REQUEST is the caller's, and stays where it is until it was answered; that may be at once. */
void allocator_request(struct allocator *a, struct ticket_request *request, uint64_t now_ms);

/* Submit what has gathered. */
void allocator_flush(struct allocator *a);

/* RESERVATION, which this allocator submitted, has come back. */
void allocator_deliver(struct allocator *a, struct reservation *reservation);

/*
 * Refuse the requests whose time is up and that no session has begun with; and those that a session
 * has had for too long.
 */
void allocator_expire(struct allocator *a, uint64_t now_ms);

/* When allocator_expire() has something to do next; UINT64_MAX: nothing waits. */
uint64_t allocator_next_deadline(const struct allocator *a);

/* Answers whatever still waits. Every reservation must be back, or be withdrawable. */
void allocator_free(struct allocator *a);

#endif
