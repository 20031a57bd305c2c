#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "pool/queue.h"

#define LATE_MS 10    /* for a statement: then another session steps in */
#define LOOK_MS 250   /* between two looks that are wanted */
#define IDLE_MS 30000 /* below what firewalls and a wait_timeout of a minute allow */

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

/* Whether it shares its statement with no other reservation. */
static bool
is_large(const struct mail *mail)
{
	const struct reservation *reservation = CONTAINER_OF(mail, const struct reservation, mail);

	if (reservation->sequence != NULL)
		return reservation->task != RESERVATION_RESERVE;
	return reservation->count > RESERVATION_MOST_SHARED ||
	       reservation->task != RESERVATION_RESERVE;
}

/* Whether a group has room for the sequence of RESERVATION. */
static bool
queue_has_room(struct queue_taker *taker, const struct reservation *reservation)
{
	unsigned number;

	return reservation->sequence == NULL ||
	       distinct_add(taker->distinct, reservation->sequence, &number);
}

/* With the mutex held: whether a session that rests should take what is in front. */
static bool
is_work(const struct queue *queue)
{
	const struct mail *first = TAILQ_FIRST(&queue->waiting);
	const struct queue_taker *last = TAILQ_LAST(&queue->at_work, queue_takers);

	if (first == NULL)
		return false;
	return last == NULL || is_large(first) || clock_ms() >= last->late_ms;
}

/* Give the mutex back, and wake somebody who rests when there is work. */
static void
release(struct queue *queue)
{
	bool wakes = queue->idle > 0 && is_work(queue);

	pthread_mutex_unlock(&queue->mutex);
	if (wakes)
		pthread_cond_signal(&queue->work);
}

bool
queue_push(struct queue *queue, struct reservation *reservation)
{
	bool is_wanted;

	pthread_mutex_lock(&queue->mutex);
	is_wanted = !reservation->is_given_up;
	if (is_wanted) {
		reservation->is_queued = true;
		TAILQ_INSERT_TAIL(&queue->waiting, &reservation->mail, link);
	}
	release(queue);
	return is_wanted;
}

unsigned
queue_push_front(struct queue *queue, struct mail_list *group)
{
	struct mail *mail, *before;
	unsigned pushed = 0;
	uint64_t now_ms;

	pthread_mutex_lock(&queue->mutex);
	/* Under the mutex: who failed to withdraw one at its deadline did so before this moment. */
	now_ms = clock_ms();
	for (mail = TAILQ_LAST(group, mail_list); mail != NULL; mail = before) {
		before = TAILQ_PREV(mail, mail_list, link);
		if (reservation_of(mail)->deadline_ms <= now_ms ||
		    reservation_of(mail)->is_given_up)
			continue;
		TAILQ_REMOVE(group, mail, link);
		reservation_of(mail)->is_queued = true;
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
	bool is_mine;

	pthread_mutex_lock(&queue->mutex);
	is_mine = reservation->is_queued;
	if (is_mine) {
		TAILQ_REMOVE(&queue->waiting, &reservation->mail, link);
		reservation->is_queued = false;
	}
	reservation->is_given_up = !is_mine;
	pthread_mutex_unlock(&queue->mutex);
	return is_mine;
}

/* With the mutex held: the front, and what may share a statement with it. */
static void
move_group(struct queue *queue, struct queue_taker *taker, uint32_t most, struct mail_list *group)
{
	uint64_t total = 0;
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&queue->waiting)) != NULL) {
		struct reservation *reservation = reservation_of(mail);

		total += reservation->count;
		if (!TAILQ_EMPTY(group) && (total > most || is_large(mail)))
			break;
		if (!queue_has_room(taker, reservation))
			break;
		TAILQ_REMOVE(&queue->waiting, mail, link);
		reservation->is_queued = false;
		TAILQ_INSERT_TAIL(group, mail, link);
		if (is_large(mail))
			break;
	}
}

/* With the mutex held. */
static void
begin_work(struct queue *queue, struct queue_taker *taker, const struct mail_list *group)
{
	if (is_large(TAILQ_FIRST(group)))
		return;
	taker->is_at_work = true;
	taker->late_ms = clock_ms() + LATE_MS;
	TAILQ_INSERT_TAIL(&queue->at_work, taker, link);
}

/* With the mutex held. */
static void
end_work(struct queue *queue, struct queue_taker *taker)
{
	if (taker->is_at_work)
		TAILQ_REMOVE(&queue->at_work, taker, link);
	taker->is_at_work = false;
}

/* With the mutex held: whether a session of GENERATION must be closed before anything else. */
static bool
is_stale(const struct queue *queue, uint64_t generation)
{
	return queue->is_resting || queue->generation != generation;
}

/* With the mutex held: whether a session of GENERATION has anything to wake for. */
static bool
is_call(const struct queue *queue, uint64_t generation)
{
	return queue->is_stopping || is_stale(queue, generation) || is_work(queue) ||
	       queue->wants_look;
}

/* With the mutex held: wait for one, but not for ever. */
static void
wait_for_call(struct queue *queue, uint64_t generation)
{
	struct timespec until = clock_moment(clock_ms() + queue->idle_ms);
	uint64_t doubts = queue->doubts;
	int result = 0;

	queue->idle++;
	while (!is_call(queue, generation) && queue->doubts == doubts && result == 0)
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
	end_work(queue, taker);
	wait_for_call(queue, generation);
	if (queue->is_stopping) {
		taken = QUEUE_STOPPING;
	} else if (is_stale(queue, generation)) {
		taken = QUEUE_STALE;
	} else if (!is_work(queue)) {
		taken = QUEUE_IDLE;
		queue->wants_look = false;
	} else {
		move_group(queue, taker, most, group);
		begin_work(queue, taker, group);
	}
	release(queue);
	return taken;
}

void
queue_leave(struct queue *queue, struct queue_taker *taker)
{
	pthread_mutex_lock(&queue->mutex);
	end_work(queue, taker);
	release(queue);
}

void
queue_nudge(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	release(queue);
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
	if (queue->idle > 0 && now_ms >= queue->asked_ms + LOOK_MS) {
		queue->asked_ms = now_ms;
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
queue_set_resting(struct queue *queue, bool is_resting)
{
	pthread_mutex_lock(&queue->mutex);
	queue->is_resting = is_resting;
	queue->generation++;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
	pthread_cond_broadcast(&queue->stop);
}

bool
queue_is_resting(struct queue *queue)
{
	bool is_resting;

	pthread_mutex_lock(&queue->mutex);
	is_resting = queue->is_resting;
	pthread_mutex_unlock(&queue->mutex);
	return is_resting;
}

bool
queue_rest(struct queue *queue)
{
	bool goes_on;

	pthread_mutex_lock(&queue->mutex);
	queue->resting++;
	while (queue->is_resting && !queue->is_stopping)
		pthread_cond_wait(&queue->stop, &queue->mutex);
	queue->resting--;
	goes_on = !queue->is_stopping;
	pthread_mutex_unlock(&queue->mutex);
	return goes_on;
}

unsigned
queue_count_resting(struct queue *queue)
{
	unsigned resting;

	pthread_mutex_lock(&queue->mutex);
	resting = queue->resting;
	pthread_mutex_unlock(&queue->mutex);
	return resting;
}

void
queue_stop(struct queue *queue, struct mail_list *group)
{
	struct mail *mail;

	pthread_mutex_lock(&queue->mutex);
	queue->is_stopping = true;
	while ((mail = TAILQ_FIRST(&queue->waiting)) != NULL) {
		TAILQ_REMOVE(&queue->waiting, mail, link);
		reservation_of(mail)->is_queued = false;
		TAILQ_INSERT_TAIL(group, mail, link);
	}
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->work);
	pthread_cond_broadcast(&queue->stop);
}
