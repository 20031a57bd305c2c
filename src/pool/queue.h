/*
 * queue -- reservations that wait for a session.
 *
 * Any thread; one mutex, held for a few instructions.
 *
 * A session notes the queue's generation when it opens. When a session is lost, the generation rises.
 * Then each older session must open again before it takes a reservation. So a second attempt has a
 * fresh connection.
 *
 * A statement costs the database far more than a row does. So while one session works, reservations
 * gather for its next statement, and the other sessions are idle. An idle session takes reservations if
 * a statement is late. It also takes a large reservation, so that no other one waits for that.
 *
 * A pool of named sequences takes reservations of at most STORE_MOST_MOVES different sequences together. A large
 * one shares the statement there, because its numbers cost no more. A reservation that only reads goes alone.
 */
#ifndef TICKR_POOL_QUEUE_H
#define TICKR_POOL_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/distinct.h"
#include "ticket/reservation.h"

enum queue_take {
	QUEUE_TAKEN,
	QUEUE_IDLE, /* no reservation arrived for a long time, or the session must look at the counter */
	QUEUE_STALE, /* the session is older than the last loss, or the queue is drained: close it */
	QUEUE_STOPPING,
};

/* A thread that takes reservations. Zeroed at the start, then under the mutex of the queue. */
struct queue_taker {
	bool is_at_work;	   /* on small reservations */
	uint64_t late_ms;	   /* from then on its statement is late */
	struct distinct *distinct; /* the keeper's: the sequences of the group; NULL: of tickets */
	TAILQ_ENTRY(queue_taker) link;
};
TAILQ_HEAD(queue_takers, queue_taker);

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t work; /* signalled: a reservation to take, a new generation, the end */
	pthread_cond_t stop;
	/* Under the mutex: */
	struct mail_list waiting;
	unsigned idle;		     /* threads that wait for work */
	struct queue_takers at_work; /* in the order they began */
	uint64_t idle_ms;	     /* the longest wait for work */
	uint64_t doubts;	     /* how often queue_note_doubt() was called */
	bool wants_look;	     /* an idle session must look at the counter */
	uint64_t wanted_ms;	     /* when that was last wanted */
	uint64_t generation;
	bool is_open;
	bool is_stopping;
	bool is_drained;       /* sessions must be closed, and no reservation is taken */
	unsigned disconnected; /* threads that have closed theirs */
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);

/*
 * Add RESERVATION at the end. Return false if its owner withdrew it before. Then it stays the caller's.
 */
bool queue_submit(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Return GROUP to the head of the queue, in order. Reservations that have expired, or that their owner
 * has tried to withdraw, stay in GROUP. The caller must answer them. Return how many were put back.
 */
unsigned queue_put_back(struct queue *queue, struct mail_list *group) MUST_CHECK;

/*
 * Take RESERVATION out. Return false if a session has taken it, or it has not arrived yet. In both
 * cases the queue will not accept it again.
 */
bool queue_withdraw(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Wait for reservations, and move them from the head into GROUP: at least one, and as many as want at
 * most MOST bases together. GENERATION is that of the session. TAKER has done the work that it took
 * before. If the group reserves numbers of sequences, the DISTINCT of TAKER has these afterwards. After
 * half a minute without work the caller should use the session, so that no firewall drops it.
 */
enum queue_take queue_take(struct queue *queue, struct queue_taker *taker, uint64_t generation,
			   uint32_t most, struct mail_list *group) MUST_CHECK;

/* Note that TAKER has done its work, and will not take reservations soon. */
void queue_leave(struct queue *queue, struct queue_taker *taker);

/* Wake a thread if a statement is late. Call this several times a second. */
void queue_nudge(struct queue *queue);

uint64_t queue_generation(struct queue *queue);

/* Note that a session could not open: each idle session must check whether it still works. */
void queue_note_doubt(struct queue *queue);

/*
 * Let an idle session look at the counter, at most four times a second. Call it if the session that
 * usually does so has had no answer for a while.
 */
void queue_want_look(struct queue *queue);

/* Return true if a session has worked on small reservations for MS or longer. */
bool queue_is_slow(struct queue *queue, uint64_t ms);

/* Note that a session of GENERATION was lost: sessions of the same age must open again. */
void queue_note_loss(struct queue *queue, uint64_t generation);

/*
 * Let the other threads open their sessions. The maintenance thread calls it after it has tried to open
 * its own. That one is first because it checks the counter, and a database may limit the sessions.
 */
void queue_open(struct queue *queue);

/* Wait until the queue is open, or for MS. Return false if it stops, or is not open yet. */
bool queue_wait_open(struct queue *queue, uint64_t ms) MUST_CHECK;

/* Sleep for MS, or until the queue stops. Return false if it stops. */
bool queue_pause(struct queue *queue, uint64_t ms);

/* Drain the queue, so that every session must be closed, or resume it. */
void queue_set_drained(struct queue *queue, bool is_drained);
bool queue_is_drained(struct queue *queue);

/* Wait until the queue is resumed. Return false if it stops. */
bool queue_wait_for_resume(struct queue *queue) MUST_CHECK;

/* Return how many threads have no session, and wait for the resume. */
unsigned queue_count_disconnected(struct queue *queue);

/* Wake all threads for the end, and move the reservations that still wait into GROUP. */
void queue_stop(struct queue *queue, struct mail_list *group);

#endif
