/*
 * answers -- counts the reservations that were answered, for tests that reserve from a source with threads.
 */
#ifndef TICKR_UNIT_ANSWERS_H
#define TICKR_UNIT_ANSWERS_H

#include <pthread.h>

#include "ticket/reservation.h"

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned count; /* under the mutex */
} answers = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

/* An answer function. Any thread. */
static inline void
note_answer(struct reservation *reservation)
{
	(void)reservation;
	pthread_mutex_lock(&answers.mutex);
	answers.count++;
	pthread_mutex_unlock(&answers.mutex);
	pthread_cond_signal(&answers.changed);
}

static inline unsigned
count_answers(void)
{
	unsigned count;

	pthread_mutex_lock(&answers.mutex);
	count = answers.count;
	pthread_mutex_unlock(&answers.mutex);
	return count;
}

/* Wait until COUNT reservations were answered in all. */
static inline void
wait_for_answers(unsigned count)
{
	pthread_mutex_lock(&answers.mutex);
	while (answers.count < count)
		pthread_cond_wait(&answers.changed, &answers.mutex);
	pthread_mutex_unlock(&answers.mutex);
}

/* Begin again at 0, while no reservation is out. */
static inline void
forget_answers(void)
{
	answers.count = 0;
}

#endif
