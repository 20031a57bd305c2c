/*
 * hammer_events -- several loops write events as fast as they can, and one thread exports them. Speaks TAP.
 *
 * Run it under the thread sanitizer too.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "events/exporter.h"
#include "events/sink_discard.h"
#include "events/sink_memory.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "tap.h"

#define WRITERS	     4
#define RECORDS	     30000 /* of a writer: more than a ring has */
#define WAITS	     2000
#define NOTERS	     3
#define NOTES	     200
#define STOP_MS	     10000
#define MOST_SECONDS 120 /* then the kernel ends the program */

struct writer {
	struct event_exporter *exporter;
	struct event_ring *ring;
	pthread_t thread;
	uint32_t number;
	uint64_t committed;
};

static bool
put(struct event_ring *ring, uint32_t writer, uint64_t number, struct event_wait *wait)
{
	struct event_record *record = event_ring_begin(ring);

	if (record == NULL)
		return false;
	event_record_begin(record, EVENT_REQUEST, number);
	record->node = writer;
	record->ids.first = number;
	event_record_set(record, EVENT_AGENT, "hammer", 6);
	event_ring_commit(ring, wait);
	if (wait != NULL)
		event_ring_nudge(ring);
	return true;
}

static void *
write_all(void *arg)
{
	struct writer *writer = arg;

	for (uint64_t i = 0; i < RECORDS; i++)
		writer->committed += put(writer->ring, writer->number, i, NULL);
	return NULL;
}

static void *
note_all(void *arg)
{
	struct writer *noter = arg;

	for (uint64_t i = 0; i < NOTES; i++) {
		struct event_record record;

		event_record_begin(&record, EVENT_BREAKER, i);
		event_exporter_note(noter->exporter, &record);
	}
	return NULL;
}

static void
start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	if (pthread_create(thread, NULL, run, arg) != 0)
		abort();
}

/* --- nothing is lost but what is counted --------------------------------------------------------- */

static void
check_records(struct sink_memory *memory, const struct writer *writers)
{
	uint64_t next[WRITERS] = {0}, seen[WRITERS] = {0}, committed = 0, dropped = 0;
	unsigned out_of_order = 0, of_writers = 0;

	for (size_t i = 0; i < sink_memory_tally(memory).sent; i++) {
		struct event_record record;

		if (!sink_memory_get(memory, i, &record))
			abort();
		if (record.kind != EVENT_REQUEST)
			continue;
		of_writers++;
		seen[record.node]++;
		out_of_order += record.ids.first < next[record.node];
		next[record.node] = record.ids.first + 1;
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		committed += writers[i].committed;
		dropped += event_ring_dropped(writers[i].ring);
		if (seen[i] != writers[i].committed)
			tap_complain("writer %u: %lu of %lu", i, (unsigned long)seen[i],
				     (unsigned long)writers[i].committed);
	}
	tap_report(of_writers == committed && tap_complaints() == 0,
		   "each record that was committed is exported once");
	tap_report(committed + dropped == WRITERS * RECORDS, "each other record is counted");
	tap_report(out_of_order == 0, "the records of each writer keep their order");
}

static void
nothing_is_lost_but_what_is_counted(void)
{
	struct sink_memory *memory = sink_memory_new(WRITERS * RECORDS + NOTERS * NOTES);
	struct event_sink sinks[2] = {sink_discard_sink(false), sink_memory_sink(memory, false)};
	struct event_exporter *exporter = event_exporter_new(sinks, 2);
	struct writer writers[WRITERS] = {0}, noters[NOTERS] = {0};

	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i].number = i;
		writers[i].ring = event_exporter_add_ring(exporter, NULL, NULL);
	}
	if (!event_exporter_start(exporter))
		abort();
	for (unsigned i = 0; i < WRITERS; i++)
		start(&writers[i].thread, write_all, &writers[i]);
	for (unsigned i = 0; i < NOTERS; i++) {
		noters[i].exporter = exporter;
		start(&noters[i].thread, note_all, &noters[i]);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	for (unsigned i = 0; i < NOTERS; i++)
		pthread_join(noters[i].thread, NULL);
	event_exporter_stop(exporter, clock_ms() + STOP_MS);
	check_records(memory, writers);
	event_exporter_free(exporter);
}

/* --- answers that wait --------------------------------------------------------------------------- */

struct answer {
	struct event_wait wait;
	struct asker *asker;
	unsigned settled;
};

struct asker {
	struct event_base *base;
	struct mailbox *mailbox;
	struct mail mail;
	struct event_ring *ring;
	struct sink_memory *memory;
	pthread_t thread;
	struct answer answers[WAITS];
	unsigned asked, settled, not_kept;
};

static void ask(struct asker *asker);

static void
on_settled(struct event_wait *wait, bool is_kept)
{
	struct answer *answer = CONTAINER_OF(wait, struct answer, wait);

	answer->settled++;
	answer->asker->settled++;
	answer->asker->not_kept += !is_kept;
	ask(answer->asker);
}

static void
ask(struct asker *asker)
{
	if (asker->asked < WAITS) {
		struct answer *answer = &asker->answers[asker->asked++];

		answer->asker = asker;
		answer->wait.settled = on_settled;
		answer->wait.is_kept = true;
		if (!put(asker->ring, 0, asker->asked, &answer->wait))
			abort();
	} else if (asker->settled == WAITS) {
		event_base_loopbreak(asker->base);
	}
}

static void
open_wake(struct mail *mail)
{
	event_ring_settle(CONTAINER_OF(mail, struct asker, mail)->ring);
}

static void
post_wake(void *arg)
{
	struct asker *asker = arg;

	asker->mail.open = open_wake;
	mailbox_post(asker->mailbox, &asker->mail);
}

static void *
ask_all(void *arg)
{
	struct asker *asker = arg;

	for (unsigned i = 0; i < 3; i++)
		ask(asker);
	event_base_dispatch(asker->base);
	return NULL;
}

static void
every_answer_that_waits_is_settled_once(void)
{
	struct sink_memory *memory = sink_memory_new(2 * WAITS);
	struct event_sink sink = sink_memory_sink(memory, true);
	struct event_exporter *exporter = event_exporter_new(&sink, 1);
	static struct asker askers[2];
	unsigned not_once = 0, not_kept = 0;

	for (unsigned i = 0; i < 2; i++) {
		askers[i].base = loop_base_new();
		askers[i].mailbox = mailbox_new(askers[i].base);
		askers[i].ring = event_exporter_add_ring(exporter, post_wake, &askers[i]);
	}
	if (!event_exporter_start(exporter))
		abort();
	for (unsigned i = 0; i < 2; i++)
		start(&askers[i].thread, ask_all, &askers[i]);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(askers[i].thread, NULL);
		for (unsigned n = 0; n < WAITS; n++)
			not_once += askers[i].answers[n].settled != 1;
		not_kept += askers[i].not_kept;
	}
	event_exporter_stop(exporter, clock_ms() + STOP_MS);
	tap_report(not_once == 0, "each answer that waits is settled once");
	tap_report(not_kept == 0 && sink_memory_tally(memory).sent == 2 * WAITS,
		   "its record is kept before");
	for (unsigned i = 0; i < 2; i++) {
		mailbox_open_all(askers[i].mailbox);
		mailbox_free(askers[i].mailbox);
		event_base_free(askers[i].base);
	}
	event_exporter_free(exporter);
}

int
main(void)
{
	alarm(MOST_SECONDS);
	loop_library_begin();
	nothing_is_lost_but_what_is_counted();
	every_answer_that_waits_is_settled_once();
	loop_library_end();
	return tap_end();
}
