#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "events/sink_memory.h"

struct sink_memory {
	pthread_mutex_t mutex; /* of all fields */
	struct event_record *records;
	size_t count;
	size_t most;
	size_t lost;
	bool works;
};

struct sink_memory *
sink_memory_new(size_t most)
{
	struct sink_memory *memory = xcalloc(1, sizeof(*memory));

	pthread_mutex_init(&memory->mutex, NULL);
	memory->records = xcalloc(most, sizeof(*memory->records));
	memory->most = most;
	memory->works = true;
	return memory;
}

static bool
sink_memory_write(void *self, const struct event_record *const *records, size_t count)
{
	struct sink_memory *memory = self;
	size_t i = 0;

	pthread_mutex_lock(&memory->mutex);
	while (i < count && memory->works && memory->count < memory->most)
		memory->records[memory->count++] = *records[i++];
	memory->lost += count - i;
	pthread_mutex_unlock(&memory->mutex);
	return i == count;
}

static bool
sink_memory_status(void *self, struct text *problem)
{
	struct sink_memory *memory = self;
	bool works;

	pthread_mutex_lock(&memory->mutex);
	works = memory->works && memory->count < memory->most;
	pthread_mutex_unlock(&memory->mutex);
	if (!works)
		text_add(problem, "the memory for events is full");
	return works;
}

struct event_tally
sink_memory_tally(struct sink_memory *memory)
{
	struct event_tally tally = {0};

	pthread_mutex_lock(&memory->mutex);
	tally.sent = memory->count;
	tally.dropped = memory->lost;
	pthread_mutex_unlock(&memory->mutex);
	return tally;
}

/* It has no errors. */
static void
sink_memory_fill_tally(void *self, struct event_tally *tally)
{
	struct event_tally now = sink_memory_tally(self);

	tally->sent = now.sent;
	tally->dropped = now.dropped;
}

static void
sink_memory_free(void *self)
{
	struct sink_memory *memory = self;

	pthread_mutex_destroy(&memory->mutex);
	free(memory->records);
	free(memory);
}

static const struct event_sink_type sink_memory_type = {
	.name = "memory",
	.write = sink_memory_write,
	.status = sink_memory_status,
	.tally = sink_memory_fill_tally,
	.free = sink_memory_free,
};

struct event_sink
sink_memory_sink(struct sink_memory *memory, bool is_required)
{
	return (struct event_sink){&sink_memory_type, memory, is_required};
}

bool
sink_memory_get(struct sink_memory *memory, size_t number, struct event_record *record)
{
	bool exists;

	pthread_mutex_lock(&memory->mutex);
	exists = number < memory->count;
	if (exists)
		*record = memory->records[number];
	pthread_mutex_unlock(&memory->mutex);
	return exists;
}

void
sink_memory_set_works(struct sink_memory *memory, bool works)
{
	pthread_mutex_lock(&memory->mutex);
	memory->works = works;
	pthread_mutex_unlock(&memory->mutex);
}
