/*
 * errand -- shared by the files of the dispatcher: reservations under way, and the lists of actions to
 * take after the mutex was given back.
 *
 *	errand	  one for each submitted reservation, until it is answered or withdrawn
 *	attempt	  one for each database that is asked for it; its pool has it, until it comes back
 *
 * A pool may keep an attempt for as long as its session hangs. The errand then continues without that
 * attempt, whose bases become a gap.
 */
#ifndef TICKR_DISPATCH_ERRAND_H
#define TICKR_DISPATCH_ERRAND_H

#include <pthread.h>

#include "dispatch/dispatch.h"
#include "dispatch/member.h"

struct errand {
	struct reservation *asked;
	struct attempt *attempt; /* NULL: the errand is parked, because no database is in service */
	unsigned attempts;	 /* so far */
	TAILQ_ENTRY(errand) link; /* parked, or finished and to be answered */
};
TAILQ_HEAD(errand_list, errand);

struct attempt {
	struct reservation reservation; /* the pool's */
	struct dispatch *dispatch;
	size_t member;
	struct errand *errand; /* NULL: no errand waits for it */
	uint64_t began_ms;
	uint64_t patience_ms; /* after so long without an answer, another database is asked */
	bool is_back;	      /* the pool has returned it */
	bool is_recalled;     /* a thread withdraws it from the pool, and frees it if it is back */
	TAILQ_ENTRY(attempt) link;	  /* the member's, while an errand waits for it */
	TAILQ_ENTRY(attempt) submit_link; /* before the pool has it */
	TAILQ_ENTRY(attempt) recall_link;
};

/* Actions that a thread takes after it has given the mutex back, in this order. */
struct todo {
	struct attempt_list recalls;
	struct attempt_list submits;
	struct errand_list answers; /* the asked reservation holds its answer */
};

struct dispatch {
	uint64_t attempt_ms; /* the patience with a first attempt */
	pthread_t watcher;
	bool has_watcher;

	pthread_mutex_t mutex;
	pthread_cond_t changed; /* for the watcher and for dispatch_stop() */
	/* Under the mutex: */
	struct members members;
	struct errand_list parked;
	unsigned acting; /* threads that have attempts to submit */
	bool is_stopping;
};

void todo_init(struct todo *todo);

/* With the mutex held: give it back, and take the actions of TODO. */
void todo_unlock_and_do(struct dispatch *d, struct todo *todo);

/*
 * With the mutex held. Ask another member than EXCEPT (NO_MEMBER: any) for ERRAND, which has no attempt
 * and is in no list. If no other member is in service, park the errand. If every member is exhausted,
 * fail it.
 */
void errand_ask(struct dispatch *d, struct errand *errand, size_t except, struct todo *todo);

/* With the mutex held: part ERRAND from its attempt, and withdraw the attempt later. */
void errand_leave_attempt(struct dispatch *d, struct errand *errand, struct todo *todo);

/* With the mutex held: end ERRAND, which is in no list, without bases. */
void errand_fail(struct errand *errand, enum ticket_status status, const char *reason,
		 struct todo *todo);

/* The watcher's thread: checks the pools and the time, until the dispatcher stops. */
void *watch_main(void *dispatch);

#endif
