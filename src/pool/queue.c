#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "pool/queue.h"

#define LATE_MS 10    /* after so long a statement is late, and another session steps in */
#define LOOK_MS 250   /* between two checks of the counter that idle sessions must make */
#define IDLE_MS 30000 /* less than firewalls, and a wait_timeout of a minute, allow */

void
queue_init(struct queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	pthread_mutex_init(&queue->mutex, NULL);
	clock_cond_init(&queue->work);
	clock_cond_init(&queue->stop);
	TAILQ_INIT(&queue->waiting);
	TAILQ_INIT(&queue->at_work);
	queue->idle_ms = IDLE_MS;
}

void
queue_destroy(struct queue *queue)
{
	assert(TAILQ_EMPTY(&queue->waiting));
	pthread_cond_destroy(&queue->stop);
	pthread_cond_destroy(&queue->work);
	pthread_mutex_destroy(&queue->mutex);
}

/* Return true if the reservation shares its statement with no other one. */
static bool
queue_is_large(const struct mail *mail)
{
	const struct reservation *reservation = CONTAINER_OF(mail, const struct reservation, mail);

	if (reservation->task != RESERVATION_RESERVE)
		return true;
	return reservation->sequence == NULL && reservation->count > RESERVATION_MOST_SHARED;
}

/* Return true if the group of TAKER has room for the sequence of RESERVATION. */
static bool
queue_has_room(struct queue_taker *taker, const struct reservation *reservation)
{
	unsigned number;

	return reservation->sequence == NULL ||
	       distinct_add(taker->distinct, reservation->sequence, &number);
}

/* Return true if an idle session should take the first reservation. With the mutex held. */
static bool
queue_has_work(const struct queue *queue)
{
	const struct mail *first = TAILQ_FIRST(&queue->waiting);
	const struct queue_taker *last = TAILQ_LAST(&queue->at_work, queue_takers);

	if (first == NULL)
		return false;
	return last == NULL || queue_is_large(first) || clock_ms() >= last->late_ms;
}

/* Release the mutex. If there is work, wake an idle thread, which waits in queue_take(). */
static void
queue_unlock_and_wake(struct queue *queue)
{
	bool wakes = queue->idle > 0 && queue_has_work(queue);

	pthread_mutex_unlock(&queue->mutex);
	if (wakes)
		pthread_cond_signal(&queue->work);
}

bool
queue_submit(struct queue *queue, struct reservation *reservation)
{
	bool is_queued;

	pthread_mutex_lock(&queue->mutex);
	is_queued = reservation_queue(reservation);
	if (is_queued)
		TAILQ_INSERT_TAIL(&queue->waiting, &reservation->mail, link);
	queue_unlock_and_wake(queue);
	return is_queued;
}

unsigned
queue_put_back(struct queue *queue, struct mail_list *group)
{
	struct mail *mail, *before;
	unsigned pushed = 0;
	uint64_t now_ms;

	pthread_mutex_lock(&queue->mutex);
	/*
	 * Read the clock under the mutex. An owner whose reservation has expired may try to withdraw it
	 * before this.
	 */
	now_ms = clock_ms();
	for (mail = TAILQ_LAST(group, mail_list); mail != NULL; mail = before) {
		before = TAILQ_PREV(mail, mail_list, link);
		if (reservation_of(mail)->deadline_ms <= now_ms ||
		    !reservation_queue(reservation_of(mail)))
			continue;
		TAILQ_REMOVE(group, mail, link);
		TAILQ_INSERT_HEAD(&queue->waiting, mail, link);
		pushed++;
	}
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_signal(&queue->work);
	return pushed;
}

bool
queue_withdraw(struct queue *queue, struct reservation *reservation)
{
	bool was_queued;

	pthread_mutex_lock(&queue->mutex);
	was_queued = reservation_withdraw(reservation);
	if (was_queued)
		TAILQ_REMOVE(&queue->waiting, &reservation->mail, link);
	pthread_mutex_unlock(&queue->mutex);
	return was_queued;
}

/* Move the first reservation, and those that may share its statement, into GROUP. With the mutex held. */
static void
queue_move_group(struct queue *queue, struct queue_taker *taker, uint32_t most,
		 struct mail_list *group)
{
	uint64_t total = 0, now_us = clock_us();
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&queue->waiting)) != NULL) {
		struct reservation *reservation = reservation_of(mail);

		total += reservation->count;
		if (!TAILQ_EMPTY(group) && (total > most || queue_is_large(mail)))
			break;
		if (!queue_has_room(taker, reservation))
			break;
		TAILQ_REMOVE(&queue->waiting, mail, link);
		reservation_take(reservation);
		reservation->taken_us = now_us;
		TAILQ_INSERT_TAIL(group, mail, link);
		if (queue_is_large(mail))
			break;
	}
}

/* Note that TAKER has done the work that it took. With the mutex held. */
static void
queue_end_work(struct queue *queue, struct queue_taker *taker)
{
	if (taker->is_at_work)
		TAILQ_REMOVE(&queue->at_work, taker, link);
	taker->is_at_work = false;
}

/* Return true if a session of GENERATION must be closed first. With the mutex held. */
static bool
queue_is_stale(const struct queue *queue, uint64_t generation)
{
	return queue->is_drained || queue->generation != generation;
}

/* Wait until a session of GENERATION has something to do, at most for the idle time. With the mutex held. */
static void
queue_wait_for_work(struct queue *queue, uint64_t generation)
{
	struct timespec until = clock_moment(clock_ms() + queue->idle_ms);
	uint64_t doubts = queue->doubts;
	int result = 0;

	queue->idle++;
	while (!queue->is_stopping && !queue->wants_look && !queue_is_stale(queue, generation) &&
	       !queue_has_work(queue) && queue->doubts == doubts && result == 0)
		result = pthread_cond_timedwait(&queue->work, &queue->mutex, &until);
	queue->idle--;
}

enum queue_take
queue_take(struct queue *queue, struct queue_taker *taker, uint64_t generation, uint32_t most,
	   struct mail_list *group)
{
	enum queue_take taken = QUEUE_TAKEN;

	if (taker->distinct != NULL)
		distinct_clear(taker->distinct);
	pthread_mutex_lock(&queue->mutex);
	queue_end_work(queue, taker);
	queue_wait_for_work(queue, generation);
	if (queue->is_stopping) {
		taken = QUEUE_STOPPING;
	} else if (queue_is_stale(queue, generation)) {
		taken = QUEUE_STALE;
	} else if (!queue_has_work(queue)) {
		taken = QUEUE_IDLE;
		queue->wants_look = false;
	} else {
		queue_move_group(queue, taker, most, group);
		if (!queue_is_large(TAILQ_FIRST(group))) {
			taker->is_at_work = true;
			taker->late_ms = clock_ms() + LATE_MS;
			TAILQ_INSERT_TAIL(&queue->at_work, taker, link);
		}
	}
	queue_unlock_and_wake(queue);
	return taken;
}

void
queue_leave(struct queue *queue, struct queue_taker *taker)
{
	pthread_mutex_lock(&queue->mutex);
	queue_end_work(queue, taker);
	queue_unlock_and_wake(queue);
}

void
queue_nudge(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue_unlock_and_wake(queue);
}

uint64_t
queue_generation(struct queue *queue)
{
	uint64_t generation;

	pthread_mutex_lock(&queue->mutex);
	generation = queue->generation;
	pthread_mutex_unlock(&queue->mutex);
	return generation;
}

void
queue_note_doubt(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->doubts++;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
}

void
queue_want_look(struct queue *queue)
{
	uint64_t now_ms = clock_ms();

	pthread_mutex_lock(&queue->mutex);
	if (queue->idle > 0 && now_ms >= queue->wanted_ms + LOOK_MS) {
		queue->wanted_ms = now_ms;
		queue->wants_look = true;
	}
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_signal(&queue->work);
}

bool
queue_is_slow(struct queue *queue, uint64_t ms)
{
	const struct queue_taker *first;
	bool is_slow;

	pthread_mutex_lock(&queue->mutex);
	first = TAILQ_FIRST(&queue->at_work);
	is_slow = first != NULL && clock_ms() >= first->late_ms - LATE_MS + ms;
	pthread_mutex_unlock(&queue->mutex);
	return is_slow;
}

void
queue_note_loss(struct queue *queue, uint64_t generation)
{
	pthread_mutex_lock(&queue->mutex);
	if (queue->generation == generation)
		queue->generation++;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
}

void
queue_open(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->is_open = true;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->stop);
}

bool
queue_wait_open(struct queue *queue, uint64_t ms)
{
	struct timespec until = clock_moment(clock_ms() + ms);
	bool is_open;
	int result = 0;

	pthread_mutex_lock(&queue->mutex);
	while (!queue->is_open && !queue->is_stopping && result == 0)
		result = pthread_cond_timedwait(&queue->stop, &queue->mutex, &until);
	is_open = queue->is_open && !queue->is_stopping;
	pthread_mutex_unlock(&queue->mutex);
	return is_open;
}

bool
queue_pause(struct queue *queue, uint64_t ms)
{
	struct timespec until = clock_moment(clock_ms() + ms);
	bool goes_on;
	int result = 0;

	pthread_mutex_lock(&queue->mutex);
	while (!queue->is_stopping && result == 0)
		result = pthread_cond_timedwait(&queue->stop, &queue->mutex, &until);
	goes_on = !queue->is_stopping;
	pthread_mutex_unlock(&queue->mutex);
	return goes_on;
}

/* The new generation wakes the threads that wait for work. */
void
queue_set_drained(struct queue *queue, bool is_drained)
{
	pthread_mutex_lock(&queue->mutex);
	queue->is_drained = is_drained;
	queue->generation++;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
	pthread_cond_broadcast(&queue->stop);
}

bool
queue_is_drained(struct queue *queue)
{
	bool is_drained;

	pthread_mutex_lock(&queue->mutex);
	is_drained = queue->is_drained;
	pthread_mutex_unlock(&queue->mutex);
	return is_drained;
}

bool
queue_wait_for_resume(struct queue *queue)
{
	bool goes_on;

	pthread_mutex_lock(&queue->mutex);
	queue->disconnected++;
	while (queue->is_drained && !queue->is_stopping)
		pthread_cond_wait(&queue->stop, &queue->mutex);
	queue->disconnected--;
	goes_on = !queue->is_stopping;
	pthread_mutex_unlock(&queue->mutex);
	return goes_on;
}

unsigned
queue_count_disconnected(struct queue *queue)
{
	unsigned disconnected;

	pthread_mutex_lock(&queue->mutex);
	disconnected = queue->disconnected;
	pthread_mutex_unlock(&queue->mutex);
	return disconnected;
}

void
queue_stop(struct queue *queue, struct mail_list *group)
{
	struct mail *mail;

	pthread_mutex_lock(&queue->mutex);
	queue->is_stopping = true;
	while ((mail = TAILQ_FIRST(&queue->waiting)) != NULL) {
		TAILQ_REMOVE(&queue->waiting, mail, link);
		reservation_take(reservation_of(mail));
		TAILQ_INSERT_TAIL(group, mail, link);
	}
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
	pthread_cond_broadcast(&queue->stop);
}
