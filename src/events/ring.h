/*
 * ring -- carries records from one writer to the exporter's thread, without a lock.
 *
 *	writer (a loop):  begin -> fill the record in its place -> commit
 *	reader (exporter): peek -> hand the records to the sinks -> release
 *
 * The ring has a fixed size. If it is full, the record is dropped and counted: the writer never waits.
 *
 * A writer whose answer must not leave before its record is kept commits with a wait. After the reader has
 * released that record, it calls the ring's wake function, and the writer calls event_ring_settle() in its own
 * thread. That function calls each wait whose record was released, in the order of the commits.
 */
#ifndef TICKR_EVENTS_RING_H
#define TICKR_EVENTS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/attributes.h"
#include "events/record.h"

#define EVENT_RING_SIZE 16384 /* records of a ring: a power of two */

/* Part of the struct of its owner, and stays where it is until it is settled. */
struct event_wait {
	/* In the writer's thread. IS_KEPT: all sinks that are required have the record. */
	void (*settled)(struct event_wait *wait, bool is_kept);

	bool is_kept; /* its owner sets it to true; the reader clears it if a record is lost */

	/* The ring's own: */
	STAILQ_ENTRY(event_wait) link;
	uint64_t number; /* of the last record, from 0 */
};

/* How the two threads call each other. */
struct event_ring_calls {
	/*
	 * In the reader's thread: records with waits were released. It leads to event_ring_settle() in the writer's
	 * thread. NULL: the writer never waits.
	 */
	void (*wake)(void *arg);
	void *wake_arg;
	/* In the writer's thread: the reader should come now, by event_ring_nudge() or because the ring is half full. */
	void (*nudge)(void *arg);
	void *nudge_arg;
};

struct event_ring;

/* Return an empty ring of SIZE records, a power of two. CALLS is copied. */
struct event_ring *event_ring_new(size_t size, const struct event_ring_calls *calls) MUST_CHECK;
void event_ring_free(struct event_ring *ring); /* no wait may be in it; NULL is allowed */

/* --- the writer's thread ------------------------------------------------------------------------- */

/* Return the place of the next record, to be filled; NULL: the ring is full, and the record is counted as dropped. */
struct event_record *event_ring_begin(struct event_ring *ring) MUST_CHECK;

/* Whether COUNT records fit. False: they are counted as dropped. */
bool event_ring_has_room(struct event_ring *ring, uint64_t count) MUST_CHECK;

/* Hand over the record that was begun, which is not the last one of WAIT. */
void event_ring_commit_part(struct event_ring *ring, struct event_wait *wait);

/*
 * Hand over the record that was begun. WAIT is called when the record was kept or lost; NULL: nobody waits. Call
 * event_ring_nudge() after the last record with a wait.
 */
void event_ring_commit(struct event_ring *ring, struct event_wait *wait);

/* Let the reader come now. If it comes after many records, it keeps all of them together. */
void event_ring_nudge(struct event_ring *ring);

/* Return how many records the ring holds. Any thread: the number may be old. */
uint64_t event_ring_count(const struct event_ring *ring);

/* Call the waits whose records were released. */
void event_ring_settle(struct event_ring *ring);

/* --- the reader's thread ------------------------------------------------------------------------- */

/* Write at most MOST records, from the oldest on, to RECORDS. They stay until they are released. Return how many. */
size_t event_ring_peek(struct event_ring *ring, const struct event_record **records,
		       size_t most) MUST_CHECK;

/* Release the COUNT oldest records. IS_KEPT goes to those who wait for them. */
void event_ring_release(struct event_ring *ring, size_t count, bool is_kept);

/* Return how many records were dropped since the ring was made. Any thread. */
uint64_t event_ring_dropped(const struct event_ring *ring);

#endif
