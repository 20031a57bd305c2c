#include <stddef.h>

#include <criterion/criterion.h>

#include "events/ring.h"

#define SIZE 8

static unsigned nudges;
static unsigned wakes;

static void
count(void *arg)
{
	++*(unsigned *)arg;
}

static struct event_ring *
new_ring(void)
{
	return event_ring_new(SIZE, &(struct event_ring_calls){count, &wakes, count, &nudges});
}

static void
put(struct event_ring *ring, uint64_t first, struct event_wait *wait)
{
	struct event_record *record = event_ring_begin(ring);

	cr_assert_not_null(record);
	event_record_begin(record, EVENT_REQUEST, first);
	record->ids.first = first;
	event_ring_commit(ring, wait);
}

struct waiter {
	struct event_wait wait;
	unsigned settled;
	bool is_kept;
};

static void
note_settled(struct event_wait *wait, bool is_kept)
{
	struct waiter *waiter = CONTAINER_OF(wait, struct waiter, wait);

	waiter->settled++;
	waiter->is_kept = is_kept;
}

Test(event_ring, returns_records_in_their_order_over_its_end)
{
	struct event_ring *ring = new_ring();
	const struct event_record *records[SIZE];
	uint64_t next = 0;

	for (uint64_t i = 0; i < 5 * SIZE; i += 3) {
		size_t n;

		for (uint64_t j = 0; j < 3; j++)
			put(ring, i + j, NULL);
		cr_assert_eq(event_ring_count(ring), 3);
		n = event_ring_peek(ring, records, SIZE);
		cr_assert_eq(n, 3);
		for (size_t j = 0; j < n; j++)
			cr_assert_eq(records[j]->ids.first, next++);
		event_ring_release(ring, n, true);
	}
	event_ring_free(ring);
}

Test(event_ring, drops_and_counts_what_does_not_fit)
{
	struct event_ring *ring = new_ring();
	const struct event_record *records[SIZE];

	for (uint64_t i = 0; i < SIZE; i++)
		put(ring, i, NULL);
	cr_assert_null(event_ring_begin(ring));
	cr_assert_null(event_ring_begin(ring));
	cr_assert_eq(event_ring_dropped(ring), 2);
	cr_assert_eq(event_ring_peek(ring, records, 3), 3);
	event_ring_release(ring, 3, true);
	put(ring, 99, NULL);
	cr_assert_eq(event_ring_dropped(ring), 2);
	event_ring_free(ring);
}

Test(event_ring, asks_for_the_reader_when_it_is_half_full)
{
	struct event_ring *ring = new_ring();

	nudges = 0;
	for (uint64_t i = 0; i < SIZE / 2 - 1; i++)
		put(ring, i, NULL);
	cr_assert_eq(nudges, 0);
	put(ring, 3, NULL);
	cr_assert_eq(nudges, 1);
	event_ring_free(ring);
}

Test(event_ring, settles_waits_in_order_and_only_after_their_release)
{
	struct event_ring *ring = new_ring();
	struct waiter waiters[3] = {{.wait = {.settled = note_settled, .is_kept = true}},
				    {.wait = {.settled = note_settled, .is_kept = true}},
				    {.wait = {.settled = note_settled, .is_kept = true}}};
	const struct event_record *records[SIZE];

	nudges = wakes = 0;
	put(ring, 0, &waiters[0].wait);
	put(ring, 1, NULL);
	put(ring, 2, &waiters[1].wait);
	put(ring, 3, &waiters[2].wait);
	cr_assert_eq(nudges, 0, "the reader comes once for all of them");
	event_ring_nudge(ring);
	cr_assert_eq(nudges, 1);
	event_ring_settle(ring);
	cr_assert_eq(waiters[0].settled, 0);
	cr_assert_eq(event_ring_peek(ring, records, SIZE), 4);
	event_ring_release(ring, 2, true);
	event_ring_release(ring, 1, false);
	cr_assert_eq(wakes, 1, "one wake is enough for two releases");
	event_ring_settle(ring);
	cr_assert(waiters[0].settled == 1 && waiters[0].is_kept);
	cr_assert(waiters[1].settled == 1 && !waiters[1].is_kept);
	cr_assert_eq(waiters[2].settled, 0);
	event_ring_release(ring, 1, true);
	cr_assert_eq(wakes, 2);
	event_ring_settle(ring);
	cr_assert(waiters[2].settled == 1 && waiters[2].is_kept);
	cr_assert_eq(waiters[0].settled, 1);
	event_ring_free(ring);
}
