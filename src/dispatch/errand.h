/*
 * errand -- the reservations that the dispatcher has, and its struct, which its files share.
 *
 *	errand	  one for each submitted reservation, until it is answered or withdrawn
 *	attempt	  one for each database that an errand asks; its pool has it until the answer
 *	todo	  actions to take after the mutex is unlocked
 *
 * A pool may keep an attempt for as long as its session hangs. Then the errand continues without that
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
	uint64_t
		patience_ms; /* after so long without an answer, the errand asks another database */
	bool is_back;	     /* the pool has returned it */
	bool is_withdrawn; /* a thread withdraws it from the pool; if it is back, that thread frees it */
	TAILQ_ENTRY(attempt) link;	  /* the member's, while an errand waits for it */
	TAILQ_ENTRY(attempt) submit_link; /* before the pool has it */
	TAILQ_ENTRY(attempt) withdraw_link;
};

/* Actions without the mutex, in this order. */
struct todo {
	struct attempt_list withdrawals;
	struct attempt_list submits;
	struct errand_list answers; /* the asked reservation holds its answer */
};

struct dispatch {
	uint64_t attempt_ms; /* the patience with a first attempt */
	pthread_t watcher;
	bool has_watcher;

	pthread_mutex_t mutex;
	pthread_cond_t changed; /* for the watcher and for dispatch_stop() */
	bool is_of_sequences;
	size_t lowest; /* the member with the lowest node number */
	/* Under the mutex: */
	struct members members;
	struct errand_list parked;
	unsigned acting; /* threads that have attempts to submit */
	bool is_stopping;
};

void todo_init(struct todo *todo);

/* Unlock the mutex, and take the actions of TODO. */
void todo_unlock_and_do(struct dispatch *d, struct todo *todo);

/*
 * Ask a member other than EXCEPT (NO_MEMBER: any) for ERRAND, which has no attempt and is in no list.
 * If no such member is in service, park the errand. If every member is exhausted, fail it. With the
 * mutex held.
 */
void errand_ask(struct dispatch *d, struct errand *errand, size_t except, struct todo *todo);

/* Part ERRAND from its attempt, and add that to TODO to be withdrawn. With the mutex held. */
void errand_leave_attempt(struct dispatch *d, struct errand *errand, struct todo *todo);

/* End ERRAND, which is in no list, without bases. With the mutex held. */
void errand_fail(struct errand *errand, enum ticket_status status, const char *reason,
		 struct todo *todo);

/* Check the pools and the deadlines until the dispatcher stops. The watcher's thread runs this. */
void *watch_main(void *dispatch);

#endif
