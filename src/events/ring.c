#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "events/ring.h"
#include "metrics/metrics.h"

#define RING_LINE \
	64 /* bytes of a cache line: the writer's and the reader's fields do not share one */

/*
 * HEAD counts the records that were committed, TAIL those that were released. Record N is in place N modulo the
 * size. The writer alone changes HEAD, and the reader alone changes TAIL.
 */
struct event_ring {
	size_t size;
	struct event_ring_calls calls;
	struct event_record *records;
	atomic_bool is_woken; /* wake() was called, and event_ring_settle() not since */

	struct {
		_Alignas(RING_LINE) _Atomic uint64_t head;
		uint64_t tail_seen; /* TAIL was at least this */
		_Atomic uint64_t dropped;
		STAILQ_HEAD(, event_wait) waits;
	} writer;
	struct {
		_Alignas(RING_LINE) _Atomic uint64_t tail;
	} reader;
};

struct event_ring *
event_ring_new(size_t size, const struct event_ring_calls *calls)
{
	struct event_ring *ring = aligned_alloc(RING_LINE, sizeof(*ring));

	assert(size > 0 && (size & (size - 1)) == 0);
	if (ring == NULL)
		abort();
	*ring = (struct event_ring){.size = size, .calls = *calls};
	ring->records = xcalloc(size, sizeof(*ring->records));
	STAILQ_INIT(&ring->writer.waits);
	return ring;
}

void
event_ring_free(struct event_ring *ring)
{
	if (ring == NULL)
		return;
	assert(STAILQ_EMPTY(&ring->writer.waits));
	free(ring->records);
	free(ring);
}

static struct event_record *
ring_place(const struct event_ring *ring, uint64_t number)
{
	return &ring->records[number & (ring->size - 1)];
}

/* --- the writer ---------------------------------------------------------------------------------- */

bool
event_ring_has_room(struct event_ring *ring, uint64_t count)
{
	uint64_t head = atomic_load_explicit(&ring->writer.head, memory_order_relaxed);

	if (head + count - ring->writer.tail_seen > ring->size)
		ring->writer.tail_seen =
			atomic_load_explicit(&ring->reader.tail, memory_order_acquire);
	if (head + count - ring->writer.tail_seen <= ring->size)
		return true;
	atomic_fetch_add_explicit(&ring->writer.dropped, count, memory_order_relaxed);
	metrics_add(METRIC_EVENTS_DROPPED, count);
	return false;
}

struct event_record *
event_ring_begin(struct event_ring *ring)
{
	return event_ring_has_room(ring, 1)
		       ? ring_place(ring,
				    atomic_load_explicit(&ring->writer.head, memory_order_relaxed))
		       : NULL;
}

void
event_ring_commit_part(struct event_ring *ring, struct event_wait *wait)
{
	uint64_t head = atomic_load_explicit(&ring->writer.head, memory_order_relaxed);

	ring_place(ring, head)->wait = wait;
	atomic_store_explicit(&ring->writer.head, head + 1, memory_order_release);
}

static bool
ring_is_half_full(struct event_ring *ring, uint64_t head)
{
	if (head - ring->writer.tail_seen < ring->size / 2)
		return false;
	ring->writer.tail_seen = atomic_load_explicit(&ring->reader.tail, memory_order_acquire);
	return head - ring->writer.tail_seen >= ring->size / 2;
}

void
event_ring_commit(struct event_ring *ring, struct event_wait *wait)
{
	uint64_t head = atomic_load_explicit(&ring->writer.head, memory_order_relaxed);

	ring_place(ring, head)->wait = wait;
	if (wait == NULL) {
		atomic_store_explicit(&ring->writer.head, head + 1, memory_order_release);
		if (ring_is_half_full(ring, head + 1))
			ring->calls.nudge(ring->calls.nudge_arg);
		return;
	}
	wait->number = head;
	STAILQ_INSERT_TAIL(&ring->writer.waits, wait, link);
	/* Not in another order with the nudge: a reader that falls asleep must see one of the two. */
	atomic_store(&ring->writer.head, head + 1);
}

void
event_ring_nudge(struct event_ring *ring)
{
	ring->calls.nudge(ring->calls.nudge_arg);
}

uint64_t
event_ring_count(const struct event_ring *ring)
{
	uint64_t tail = atomic_load_explicit(&ring->reader.tail, memory_order_acquire);

	return atomic_load_explicit(&ring->writer.head, memory_order_relaxed) - tail;
}

/* The flag is cleared before the tail is read, so a record that is released later wakes the writer again. */
void
event_ring_settle(struct event_ring *ring)
{
	uint64_t tail;
	struct event_wait *wait;

	atomic_store(&ring->is_woken, false);
	tail = atomic_load(&ring->reader.tail);
	while ((wait = STAILQ_FIRST(&ring->writer.waits)) != NULL && wait->number < tail) {
		STAILQ_REMOVE_HEAD(&ring->writer.waits, link);
		wait->settled(wait, wait->is_kept);
	}
}

/* --- the reader ---------------------------------------------------------------------------------- */

size_t
event_ring_peek(struct event_ring *ring, const struct event_record **records, size_t most)
{
	uint64_t tail = atomic_load_explicit(&ring->reader.tail, memory_order_relaxed);
	uint64_t head = atomic_load(&ring->writer.head);
	size_t count = head - tail < most ? (size_t)(head - tail) : most;

	for (size_t i = 0; i < count; i++)
		records[i] = ring_place(ring, tail + i);
	return count;
}

void
event_ring_release(struct event_ring *ring, size_t count, bool is_kept)
{
	uint64_t tail = atomic_load_explicit(&ring->reader.tail, memory_order_relaxed);
	bool is_waited_for = false;

	for (size_t i = 0; i < count; i++) {
		struct event_wait *wait = ring_place(ring, tail + i)->wait;

		if (wait != NULL) {
			wait->is_kept = wait->is_kept && is_kept;
			is_waited_for = true;
		}
	}
	atomic_store(&ring->reader.tail, tail + count);
	if (is_waited_for && !atomic_exchange(&ring->is_woken, true))
		ring->calls.wake(ring->calls.wake_arg);
}

uint64_t
event_ring_dropped(const struct event_ring *ring)
{
	return atomic_load_explicit(&ring->writer.dropped, memory_order_relaxed);
}
