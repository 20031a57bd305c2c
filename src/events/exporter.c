#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "events/exporter.h"
#include "metrics/metrics.h"

#define PAUSE_MS     50
#define MOST_RECORDS 8192 /* of one write */
#define NOTES_SIZE   1024 /* records of the ring for rare events */

struct event_exporter {
	struct event_sink sinks[EVENT_SINKS_MOST];
	size_t sink_count;
	bool is_required;
	struct event_ring **rings; /* the first is that of the notes */
	size_t ring_count;

	pthread_t thread;
	bool is_started;
	int eventfd; /* wakes the thread */
	atomic_bool is_asleep;
	_Atomic uint64_t stop_ms; /* the deadline of the stop; 0: none was ordered */

	/* The thread's: */
	const struct event_record *records[MOST_RECORDS];
	size_t *counts; /* of RECORDS, for each ring */
	size_t next;	/* the ring to begin with, so that a busy one does not starve the others */

	struct {
		pthread_mutex_t mutex; /* makes all writers of notes one */
	} notes;
};

/* Wake the thread, unless it is awake. Any thread. */
static void
exporter_nudge(void *arg)
{
	static const uint64_t one = 1;
	struct event_exporter *exporter = arg;
	ssize_t written;

	if (!atomic_load(&exporter->is_asleep) || !atomic_exchange(&exporter->is_asleep, false))
		return;
	written = write(exporter->eventfd, &one, sizeof(one));
	assert(written == sizeof(one));
}

/* --- the thread ---------------------------------------------------------------------------------- */

/* Find records in all rings. Return how many. */
static size_t
exporter_collect(struct event_exporter *exporter)
{
	size_t total = 0;

	for (size_t i = 0; i < exporter->ring_count; i++) {
		size_t ring = (exporter->next + i) % exporter->ring_count;

		exporter->counts[ring] = event_ring_peek(
			exporter->rings[ring], exporter->records + total, MOST_RECORDS - total);
		total += exporter->counts[ring];
	}
	exporter->next = (exporter->next + 1) % exporter->ring_count;
	return total;
}

/* Return whether all required sinks kept the records. */
static bool
exporter_write(struct event_exporter *exporter, size_t count)
{
	bool is_kept = true;

	for (size_t i = 0; i < exporter->sink_count; i++) {
		const struct event_sink *sink = &exporter->sinks[i];

		if (!sink->type->write(sink->self, exporter->records, count) && sink->is_required)
			is_kept = false;
	}
	return is_kept;
}

/* Move the records of the rings to the sinks. Return how many. */
static size_t
exporter_empty(struct event_exporter *exporter)
{
	size_t count = exporter_collect(exporter);
	bool is_kept;

	if (count == 0)
		return 0;
	is_kept = exporter_write(exporter, count);
	metrics_add(METRIC_EVENTS_RECORDED, count);
	for (size_t i = 0; i < exporter->ring_count; i++)
		event_ring_release(exporter->rings[i], exporter->counts[i], is_kept);
	return count;
}

static void
exporter_tick(struct event_exporter *exporter)
{
	uint64_t now_ms = clock_ms();

	for (size_t i = 0; i < exporter->sink_count; i++)
		if (exporter->sinks[i].type->tick != NULL)
			exporter->sinks[i].type->tick(exporter->sinks[i].self, now_ms);
}

/*
 * The flag is set before the rings are checked again. A writer commits before it reads the flag, so either this
 * thread finds the record, or the writer finds the flag.
 */
static void
exporter_sleep(struct event_exporter *exporter)
{
	struct pollfd wake = {.fd = exporter->eventfd, .events = POLLIN};
	uint64_t ignored;
	ssize_t got;

	atomic_store(&exporter->is_asleep, true);
	if (exporter->is_required && exporter_empty(exporter) > 0) {
		atomic_store(&exporter->is_asleep, false);
		return;
	}
	if (atomic_load(&exporter->stop_ms) == 0)
		(void)poll(&wake, 1, PAUSE_MS);
	atomic_store(&exporter->is_asleep, false);
	got = read(exporter->eventfd, &ignored, sizeof(ignored));
	(void)got; /* may be nothing: the pause was over */
}

static void *
exporter_thread_main(void *arg)
{
	struct event_exporter *exporter = arg;
	uint64_t stop_ms;

	for (size_t i = 0; i < exporter->sink_count; i++)
		if (exporter->sinks[i].type->begin != NULL)
			exporter->sinks[i].type->begin(exporter->sinks[i].self);
	do {
		stop_ms = atomic_load(&exporter->stop_ms); /* before the last look at the rings */
		while (exporter_empty(exporter) == MOST_RECORDS)
			exporter_tick(exporter);
		exporter_tick(exporter);
		if (stop_ms == 0)
			exporter_sleep(exporter);
	} while (stop_ms == 0);
	while (exporter_empty(exporter) > 0)
		;
	for (size_t i = 0; i < exporter->sink_count; i++)
		if (exporter->sinks[i].type->end != NULL)
			exporter->sinks[i].type->end(exporter->sinks[i].self, stop_ms);
	return NULL;
}

/* --- birth and death ----------------------------------------------------------------------------- */

struct event_exporter *
event_exporter_new(const struct event_sink *sinks, size_t count)
{
	struct event_exporter *exporter = xcalloc(1, sizeof(*exporter));

	assert(count > 0 && count <= EVENT_SINKS_MOST);
	for (size_t i = 0; i < count; i++) {
		exporter->sinks[i] = sinks[i];
		exporter->is_required |= sinks[i].is_required;
	}
	exporter->sink_count = count;
	exporter->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (exporter->eventfd < 0)
		abort();
	pthread_mutex_init(&exporter->notes.mutex, NULL);
	(void)event_exporter_add_ring(exporter, NULL, NULL);
	return exporter;
}

struct event_ring *
event_exporter_add_ring(struct event_exporter *exporter, void (*wake)(void *arg), void *arg)
{
	const struct event_ring_calls calls = {wake, arg, exporter_nudge, exporter};
	size_t count = exporter->ring_count++;

	assert(!exporter->is_started);
	exporter->rings = xrealloc(exporter->rings, (count + 1) * sizeof(struct event_ring *));
	exporter->counts = xrealloc(exporter->counts, (count + 1) * sizeof(*exporter->counts));
	exporter->rings[count] = event_ring_new(count == 0 ? NOTES_SIZE : EVENT_RING_SIZE, &calls);
	return exporter->rings[count];
}

bool
event_exporter_start(struct event_exporter *exporter)
{
	errno = pthread_create(&exporter->thread, NULL, exporter_thread_main, exporter);
	exporter->is_started = errno == 0;
	return exporter->is_started;
}

void
event_exporter_stop(struct event_exporter *exporter, uint64_t deadline_ms)
{
	if (!exporter->is_started)
		return;
	atomic_store(&exporter->stop_ms, deadline_ms > 0 ? deadline_ms : 1);
	exporter_nudge(exporter);
	pthread_join(exporter->thread, NULL);
	exporter->is_started = false;
}

void
event_exporter_free(struct event_exporter *exporter)
{
	if (exporter == NULL)
		return;
	assert(!exporter->is_started);
	for (size_t i = 0; i < exporter->sink_count; i++)
		exporter->sinks[i].type->free(exporter->sinks[i].self);
	for (size_t i = 0; i < exporter->ring_count; i++)
		event_ring_free(exporter->rings[i]);
	free(exporter->rings);
	free(exporter->counts);
	close(exporter->eventfd);
	pthread_mutex_destroy(&exporter->notes.mutex);
	free(exporter);
}

/* --- any thread ---------------------------------------------------------------------------------- */

void
event_exporter_note(struct event_exporter *exporter, const struct event_record *record)
{
	struct event_record *place;

	pthread_mutex_lock(&exporter->notes.mutex);
	place = event_ring_begin(exporter->rings[0]);
	if (place != NULL) {
		*place = *record;
		event_ring_commit(exporter->rings[0], NULL);
	}
	pthread_mutex_unlock(&exporter->notes.mutex);
}

bool
event_exporter_is_required(const struct event_exporter *exporter)
{
	return exporter->is_required;
}

bool
event_exporter_may_issue(struct event_exporter *exporter, struct text *problem)
{
	for (size_t i = 0; i < exporter->sink_count; i++) {
		const struct event_sink *sink = &exporter->sinks[i];

		if (sink->is_required && sink->type->status != NULL &&
		    !sink->type->status(sink->self, problem))
			return false;
	}
	return true;
}

size_t
event_exporter_sinks(const struct event_exporter *exporter)
{
	return exporter->sink_count;
}

bool
event_exporter_sink_works(struct event_exporter *exporter, size_t index, const char **name,
			  struct text *problem)
{
	const struct event_sink *sink = &exporter->sinks[index];

	*name = sink->type->name;
	return sink->type->status == NULL || sink->type->status(sink->self, problem);
}

bool
event_exporter_sink_tally(struct event_exporter *exporter, size_t index, struct event_tally *tally)
{
	const struct event_sink *sink = &exporter->sinks[index];

	if (sink->type->tally == NULL)
		return false;
	sink->type->tally(sink->self, tally);
	return true;
}
