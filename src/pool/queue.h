/*
 * queue -- reservations that wait for a session.
 *
 * Any thread; one mutex, held for a few instructions. A session knows the queue's generation from when
 * it was opened. When one session is lost the generation rises. Then each older session must be opened
 * again before it takes anything, so that a second attempt has a fresh connection.
 *
 * A statement costs the database far more than a row does. So while one session works, reservations
 * gather for its next statement, and the other sessions rest. They step in when a statement is late, and
 * for large reservations, so that no other waits for those.
 */
#ifndef TICKR_POOL_QUEUE_H
#define TICKR_POOL_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ticket/reservation.h"

enum queue_take {
	QUEUE_TAKEN,
	QUEUE_IDLE,  /* nothing came for a long time, or the session must check the counter */
	QUEUE_STALE, /* the session is older than the last loss, or the queue rests: close it */
	QUEUE_STOPPING,
};

/* A thread that takes. Zeroed at the start; then under the queue's mutex. */
struct queue_taker {
	bool is_at_work;  /* on small reservations */
	uint64_t late_ms; /* when its statement is late */
	TAILQ_ENTRY(queue_taker) link;
};
TAILQ_HEAD(queue_takers, queue_taker);

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t work; /* something to take, a new generation, or the end */
	pthread_cond_t stop;
	/* Under the mutex: */
	struct mail_list waiting;
	unsigned idle;		     /* threads that wait for work */
	struct queue_takers at_work; /* in the order they began */
	uint64_t idle_ms;	     /* the longest wait for work */
	uint64_t doubts;	     /* how often the database was in doubt */
	bool wants_look;	     /* an idle session must check the counter */
	uint64_t asked_ms;	     /* when that was last wanted */
	uint64_t generation;
	bool is_open;
	bool is_stopping;
	bool is_resting;  /* sessions must be closed, and no reservation is taken */
	unsigned resting; /* threads that have closed theirs */
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);

/*
 * Add RESERVATION at the end. False: its owner has withdrawn it before it came. It stays the
 * caller's.
 */
bool queue_push(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Return GROUP to the head of the queue, in order. Reservations that have expired, or that their owner
 * has already tried to withdraw, stay in GROUP: the caller must answer them. Return how many were put
 * back.
 */
unsigned queue_push_front(struct queue *queue, struct mail_list *group) MUST_CHECK;

/*
 * Take RESERVATION out. False: a session has taken it, or it has not come yet. Then the queue will not
 * take it again.
 */
bool queue_withdraw(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Wait for reservations, and move them into GROUP, from the head: as many as want at most MOST bases
 * together, and at least one. GENERATION is that of the session. TAKER has done the work it took before.
 * After half a minute without work the caller should use the session, so that no firewall drops it.
 */
enum queue_take queue_take(struct queue *queue, struct queue_taker *taker, uint64_t generation,
			   uint32_t most, struct mail_list *group) MUST_CHECK;

/* TAKER has done its work, and will not take again soon. */
void queue_leave(struct queue *queue, struct queue_taker *taker);

/* Wake a thread if a statement is late. Call this several times a second. */
void queue_nudge(struct queue *queue);

uint64_t queue_generation(struct queue *queue);

/* No session could be opened: idle sessions must check whether they still work. */
void queue_note_doubt(struct queue *queue);

/*
 * The session that checks the counter has had no answer for a while: let an idle session check it, at
 * most four times a second.
 */
void queue_want_look(struct queue *queue);

/* Whether a session has worked on small reservations for MS or longer. */
bool queue_is_slow(struct queue *queue, uint64_t ms);

/* A session of GENERATION was lost: sessions as old as it must be opened again. */
void queue_note_loss(struct queue *queue, uint64_t generation);

/*
 * The maintenance thread has tried to open its session: the others may open theirs. It comes first
 * because it checks the counter, and a database may limit the sessions.
 */
void queue_open(struct queue *queue);

/* Wait until the queue is open, or for MS. False: it stops, or is not open yet. */
bool queue_wait_open(struct queue *queue, uint64_t ms) MUST_CHECK;

/* Sleep for MS, or until the queue stops. False: it stops. */
bool queue_pause(struct queue *queue, uint64_t ms);

/* Begin or end a rest: every session must be closed, or may be opened again. */
void queue_set_resting(struct queue *queue, bool is_resting);
bool queue_is_resting(struct queue *queue);

/* Wait until the rest is over. False: the queue stops. */
bool queue_rest(struct queue *queue) MUST_CHECK;
unsigned queue_count_resting(struct queue *queue); /* threads that wait so */

/* Wake all threads for the end, and move the reservations that still wait into GROUP. */
void queue_stop(struct queue *queue, struct mail_list *group);

#endif
