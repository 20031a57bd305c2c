/*
 * errand -- what the dispatcher's own files share: reservations on their way, and the lists of
 * what is to be done when the mutex is free again.
 *
 *	errand	  one for each reservation that was submitted, until it is answered or withdrawn
 *	attempt	  one for each database that is asked for it; the pool's, until it comes back
 *
 * A pool may keep an attempt for as long as its session hangs. Then the errand goes on without
 * it: what it brings at last is a gap.
 */
#ifndef TICKR_DISPATCH_ERRAND_H
#define TICKR_DISPATCH_ERRAND_H

#include <pthread.h>

#include "dispatch/dispatch.h"
#include "dispatch/member.h"

struct errand {
	struct reservation *asked;
	struct attempt *attempt;  /* NULL: it is parked, since nobody is in service */
	unsigned attempts;	  /* so far */
	TAILQ_ENTRY(errand) link; /* parked, or finished and to be answered */
};
TAILQ_HEAD(errand_list, errand);

struct attempt {
	struct reservation reservation; /* the pool's */
	struct dispatch *dispatch;
	size_t member;
	struct errand *errand; /* NULL: nobody waits for it */
	uint64_t began_ms;
	uint64_t patience_ms; /* without an answer for so long, another is asked */
	bool is_back;	      /* the pool has given it back */
	bool is_recalled;     /* some thread asks the pool for it, and frees it if it is back */
	TAILQ_ENTRY(attempt) link;	  /* the member's, while an errand waits for it */
	TAILQ_ENTRY(attempt) submit_link; /* before the pool has it */
	TAILQ_ENTRY(attempt) recall_link;
};

/* What a thread does when it has let go of the mutex, in this order. */
struct todo {
	struct attempt_list recalls;
	struct attempt_list submits;
	struct errand_list answers; /* asked holds what is to be told */
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

/* With the mutex: unlock it, and do what is to be done. */
void todo_unlock_and_do(struct dispatch *d, struct todo *todo);

/*
 * With the mutex. Ask another member than EXCEPT (NO_MEMBER: any) for ERRAND, which is parked
 * and in no list; where none is in service it stays parked; it fails where all of them have nothing left.
 */
void errand_ask(struct dispatch *d, struct errand *errand, size_t except, struct todo *todo);

/* With the mutex: take ERRAND from its attempt, which may come back when it will. */
void errand_leave_attempt(struct dispatch *d, struct errand *errand, struct todo *todo);

/* With the mutex: the end of ERRAND, which is in no list, without tickets. */
void errand_fail(struct errand *errand, enum ticket_status status, const char *reason,
		 struct todo *todo);

/* The watcher's thread: looks at the pools and at the time, until the dispatcher stops. */
void *watch_main(void *dispatch);

#endif
