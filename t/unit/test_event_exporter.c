#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "events/exporter.h"
#include "events/sink_discard.h"
#include "events/sink_memory.h"

#define STOP_MS 10000

static void
settle(void *arg)
{
	(void)arg;
}

Test(event_exporter, hands_over_what_is_left_when_it_stops)
{
	struct sink_memory *memory = sink_memory_new(10);
	struct event_sink sink = sink_memory_sink(memory, false);
	struct event_exporter *exporter = event_exporter_new(&sink, 1);
	struct event_ring *ring = event_exporter_add_ring(exporter, NULL, NULL);
	struct event_record *place, record;

	cr_assert(!event_exporter_is_required(exporter));
	cr_assert(event_exporter_start(exporter));
	place = event_ring_begin(ring);
	event_record_begin(place, EVENT_REQUEST, 5);
	event_ring_commit(ring, NULL);
	event_record_begin(&record, EVENT_DRIFT, 6);
	record.drift.drift_ms = -3;
	event_exporter_note(exporter, &record);
	event_exporter_stop(exporter, clock_ms() + STOP_MS);
	cr_assert_eq(sink_memory_tally(memory).sent, 2);
	event_exporter_free(exporter);
}

static bool was_settled, was_kept;

static void
note_settled(struct event_wait *wait, bool is_kept)
{
	(void)wait;
	was_settled = true;
	was_kept = is_kept;
}

/* Whether a record is kept while the first sink is required, or not, and works, or not. */
static bool
is_kept_by(bool is_required, bool works)
{
	struct sink_memory *memory = sink_memory_new(10);
	struct event_sink sinks[2] = {sink_memory_sink(memory, is_required),
				      sink_discard_sink(true)};
	struct event_exporter *exporter = event_exporter_new(sinks, 2);
	struct event_ring *ring = event_exporter_add_ring(exporter, settle, NULL);
	struct event_wait wait = {.settled = note_settled, .is_kept = true};
	char memory_of_problem[100];
	struct text problem = TEXT_OVER(memory_of_problem);

	sink_memory_set_works(memory, works);
	cr_assert(event_exporter_start(exporter));
	cr_assert_eq(event_exporter_may_issue(exporter, &problem), works || !is_required);
	event_record_begin(event_ring_begin(ring), EVENT_REQUEST, 5);
	event_ring_commit(ring, &wait);
	event_ring_nudge(ring);
	event_exporter_stop(exporter, clock_ms() + STOP_MS);
	event_ring_settle(ring);
	event_exporter_free(exporter);
	cr_assert(was_settled);
	return was_kept;
}

Test(event_exporter, tells_who_waits_whether_the_required_sinks_kept_the_record)
{
	cr_assert(is_kept_by(true, true));
	cr_assert(!is_kept_by(true, false));
	cr_assert(is_kept_by(false, false));
}

Test(event_exporter, says_what_each_sink_has_sent_and_dropped)
{
	struct sink_memory *memory = sink_memory_new(1);
	struct event_sink sinks[2] = {sink_discard_sink(false), sink_memory_sink(memory, false)};
	struct event_exporter *exporter = event_exporter_new(sinks, 2);
	struct event_tally tally = {0};
	struct event_record record;

	event_record_begin(&record, EVENT_BREAKER, 1);
	for (int i = 0; i < 3; i++)
		event_exporter_note(exporter, &record);
	cr_assert(event_exporter_start(exporter));
	event_exporter_stop(exporter, clock_ms() + 10000);
	cr_assert(!event_exporter_sink_tally(exporter, 0, &tally));
	cr_assert(event_exporter_sink_tally(exporter, 1, &tally));
	cr_assert_eq(tally.sent, 1);
	cr_assert_eq(tally.dropped, 2);
	event_exporter_free(exporter);
}

Test(event_exporter, says_which_sink_does_not_work)
{
	struct sink_memory *memory = sink_memory_new(1);
	struct event_sink sinks[2] = {sink_discard_sink(false), sink_memory_sink(memory, false)};
	struct event_exporter *exporter = event_exporter_new(sinks, 2);
	char memory_of_problem[100];
	struct text problem = TEXT_OVER(memory_of_problem);
	const char *name;

	sink_memory_set_works(memory, false);
	cr_assert_eq(event_exporter_sinks(exporter), 2);
	cr_assert(event_exporter_sink_works(exporter, 0, &name, &problem));
	cr_assert_str_eq(name, "discard");
	cr_assert(!event_exporter_sink_works(exporter, 1, &name, &problem));
	cr_assert_str_eq(name, "memory");
	cr_assert_gt(strlen(memory_of_problem), 0);
	event_exporter_free(exporter);
}
