/*
 * queue -- reservations that wait for a session.
 *
 * Any thread; one mutex, held for a few instructions. Sessions know the queue's
 * generation from when they were opened: when one session is lost the generation
 * rises, and every older session must be opened anew before it takes anything, so
 * that a second attempt is always made on a fresh connection.
 *
 * A statement costs the database far more than a row does. So while one session is at work,
 * what comes gathers for its next statement, and the other sessions rest; they step in when
 * that statement takes unusually long, and for large reservations, for which nobody shall wait.
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
	QUEUE_IDLE,  /* nothing came for a long time, or the counter is to be looked at */
	QUEUE_STALE, /* the session is older than the last loss, or the queue rests */
	QUEUE_STOPPING,
};

/* Who takes: one for each thread. Zeroed at the start; then under the queue's mutex. */
struct queue_taker {
	bool is_at_work;	   /* on small reservations */
	uint64_t late_ms;	   /* when that has taken too long */
	struct distinct *distinct; /* the keeper's: the sequences of the group; NULL: of tickets */
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
	uint64_t idle_ms;  /* how long one waits for work before it is told that there is none */
	uint64_t doubts;   /* how often the database was in doubt */
	bool wants_look;   /* one idle session is to look at the counter */
	uint64_t asked_ms; /* when that was wanted last */
	uint64_t generation;
	bool is_open;
	bool is_stopping;
	bool is_resting;  /* sessions are to be closed, and nothing is to be taken */
	unsigned resting; /* threads that have closed theirs */
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);

/* False: it was wanted back before it came, and stays the caller's. */
bool queue_push(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Put GROUP back in front of all others, in its order. What is past its deadline, or could not be
 * withdrawn, stays in GROUP: who wanted it back waits for its answer. Returns how many were put back.
 */
unsigned queue_push_front(struct queue *queue, struct mail_list *group) MUST_CHECK;

/* False when a session has taken it, or it has not come yet; then it is not put back, or not taken at all. */
bool queue_withdraw(struct queue *queue, struct reservation *reservation) MUST_CHECK;

/*
 * Wait for work and move into GROUP what has gathered, from the front: as many as together want no
 * more than MOST bases, and at least one. The taker's DISTINCT has their sequences afterwards, if they
 * reserve. GENERATION is the session's. What TAKER took before is done with. After half a minute without work the session is to be used for something else, lest
 * a firewall forget it.
 */
enum queue_take queue_take(struct queue *queue, struct queue_taker *taker, uint64_t generation,
			   uint32_t most, struct mail_list *group) MUST_CHECK;

/* TAKER is done, and will not soon take again. */
void queue_leave(struct queue *queue, struct queue_taker *taker);

/* To be called now and then: wakes somebody for what has waited unusually long. */
void queue_nudge(struct queue *queue);

uint64_t queue_generation(struct queue *queue);

/* No session could be opened: those that are idle are to look whether they are still good. */
void queue_note_doubt(struct queue *queue);

/*
 * The session that looks at the counter has had no answer for a while: one that is idle is to look in its
 * place. Not more often than four times a second.
 */
void queue_want_look(struct queue *queue);

/* Whether some session has been at work on small reservations for MS or longer. */
bool queue_is_slow(struct queue *queue, uint64_t ms);

/* A session of GENERATION was lost: what is as old as it must be opened anew. */
void queue_note_loss(struct queue *queue, uint64_t generation);

/*
 * The maintenance session has tried to open: the others may open theirs. It comes first because it
 * looks at the counter, and a database may have a limit of sessions.
 */
void queue_open(struct queue *queue);

/* Wait until the queue is open, or for MS. False when it stops, or is not open yet. */
bool queue_wait_open(struct queue *queue, uint64_t ms) MUST_CHECK;

/* Sleep for MS, or until the queue stops. False when it has. */
bool queue_pause(struct queue *queue, uint64_t ms);

/* Begin or end a rest: every session must be closed, or may be opened again. */
void queue_set_resting(struct queue *queue, bool is_resting);
bool queue_is_resting(struct queue *queue);

/* Wait until the rest is over; false when the queue stops. */
bool queue_rest(struct queue *queue) MUST_CHECK;
unsigned queue_count_resting(struct queue *queue); /* threads that do */

/* Wake everybody for the end; what still waited moves into GROUP. */
void queue_stop(struct queue *queue, struct mail_list *group);

#endif
