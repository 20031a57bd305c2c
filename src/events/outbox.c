#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "events/outbox.h"

struct outbox {
	size_t most_bytes;
	struct {
		pthread_mutex_t mutex; /* of all fields below */
		pthread_cond_t changed;
		STAILQ_HEAD(, outbox_batch) batches;
		size_t bytes;
		uint64_t rows;
		bool is_closed;
	} shared;
};

struct outbox *
outbox_new(size_t most_bytes)
{
	struct outbox *outbox = xcalloc(1, sizeof(*outbox));

	outbox->most_bytes = most_bytes;
	pthread_mutex_init(&outbox->shared.mutex, NULL);
	clock_cond_init(&outbox->shared.changed);
	STAILQ_INIT(&outbox->shared.batches);
	return outbox;
}

static void
outbox_free_batch(struct outbox_batch *batch)
{
	native_bytes_free(&batch->body);
	free(batch);
}

void
outbox_free(struct outbox *outbox)
{
	struct outbox_batch *batch;

	while ((batch = STAILQ_FIRST(&outbox->shared.batches)) != NULL) {
		STAILQ_REMOVE_HEAD(&outbox->shared.batches, link);
		outbox_free_batch(batch);
	}
	pthread_cond_destroy(&outbox->shared.changed);
	pthread_mutex_destroy(&outbox->shared.mutex);
	free(outbox);
}

bool
outbox_put(struct outbox *outbox, struct outbox_batch *batch)
{
	bool fits;

	pthread_mutex_lock(&outbox->shared.mutex);
	fits = outbox->shared.bytes + batch->body.len <= outbox->most_bytes;
	if (fits) {
		STAILQ_INSERT_TAIL(&outbox->shared.batches, batch, link);
		outbox->shared.bytes += batch->body.len;
		outbox->shared.rows += batch->rows;
		pthread_cond_broadcast(&outbox->shared.changed);
	}
	pthread_mutex_unlock(&outbox->shared.mutex);
	return fits;
}

struct outbox_batch *
outbox_take(struct outbox *outbox)
{
	struct outbox_batch *batch;

	pthread_mutex_lock(&outbox->shared.mutex);
	while ((batch = STAILQ_FIRST(&outbox->shared.batches)) == NULL && !outbox->shared.is_closed)
		pthread_cond_wait(&outbox->shared.changed, &outbox->shared.mutex);
	if (batch != NULL)
		STAILQ_REMOVE_HEAD(&outbox->shared.batches, link);
	pthread_mutex_unlock(&outbox->shared.mutex);
	return batch;
}

void
outbox_done(struct outbox *outbox, struct outbox_batch *batch)
{
	pthread_mutex_lock(&outbox->shared.mutex);
	outbox->shared.bytes -= batch->body.len;
	outbox->shared.rows -= batch->rows;
	pthread_cond_broadcast(&outbox->shared.changed);
	pthread_mutex_unlock(&outbox->shared.mutex);
	outbox_free_batch(batch);
}

bool
outbox_pause(struct outbox *outbox, uint64_t pause_ms)
{
	struct timespec until = clock_moment(clock_ms() + pause_ms);
	bool is_over = false, is_closed;

	pthread_mutex_lock(&outbox->shared.mutex);
	while (!outbox->shared.is_closed && !is_over)
		is_over = pthread_cond_timedwait(&outbox->shared.changed, &outbox->shared.mutex,
						 &until) == ETIMEDOUT;
	is_closed = outbox->shared.is_closed;
	pthread_mutex_unlock(&outbox->shared.mutex);
	return !is_closed;
}

void
outbox_close(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->shared.mutex);
	outbox->shared.is_closed = true;
	pthread_cond_broadcast(&outbox->shared.changed);
	pthread_mutex_unlock(&outbox->shared.mutex);
}

bool
outbox_wait_empty(struct outbox *outbox, uint64_t deadline_ms)
{
	struct timespec until = clock_moment(deadline_ms);
	bool is_over = false, is_empty;

	pthread_mutex_lock(&outbox->shared.mutex);
	while (outbox->shared.bytes > 0 && !is_over)
		is_over = pthread_cond_timedwait(&outbox->shared.changed, &outbox->shared.mutex,
						 &until) == ETIMEDOUT;
	is_empty = outbox->shared.bytes == 0;
	pthread_mutex_unlock(&outbox->shared.mutex);
	return is_empty;
}

uint64_t
outbox_rows(struct outbox *outbox)
{
	uint64_t rows;

	pthread_mutex_lock(&outbox->shared.mutex);
	rows = outbox->shared.rows;
	pthread_mutex_unlock(&outbox->shared.mutex);
	return rows;
}
