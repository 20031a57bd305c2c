/*
 * member -- one database among several: whether it is in service, and which of them is asked next.
 *
 * No locks and no clock of its own: all of it is under the dispatcher's mutex.
 */
#ifndef TICKR_DISPATCH_MEMBER_H
#define TICKR_DISPATCH_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/text.h"
#include "pool/pool.h"
#include "ticket/database.h"

#define NO_MEMBER SIZE_MAX

struct attempt;
TAILQ_HEAD(attempt_list, attempt);

struct member {
	struct pool *pool;
	struct source source; /* the pool's */
	const char *name;
	const struct ticket_space *space;

	bool is_in;	   /* in service: it may be asked */
	bool has_been_in;  /* at some time */
	bool is_drained;   /* by the operator, until he resumes it */
	bool is_resting;   /* its pool was told to close the sessions */
	bool is_exhausted; /* its last answer was that it has no more */
	uint64_t in_since_ms;
	uint64_t out_since_ms;
	uint64_t hold_ms; /* how long it stays out at least: longer when it was in only briefly */
	uint64_t well_since_ms;	      /* in service without a break; 0: since the start */
	uint64_t last_answer_ms;      /* when it last answered anything */
	unsigned in_flight;	      /* attempts that its pool has */
	struct attempt_list attempts; /* those somebody still waits for, in the order they began */
	struct pool_look look;	      /* the last look at the pool; the newest base only rises */
	char reason[REASON_SIZE];     /* why it was taken out */
};

/* Out of service from now on, for REASON. */
void member_take_out(struct member *member, const char *reason, uint64_t now_ms);

/* The pool looks like LOOK now: in or out of service. IS_LAST: no other is in service. */
void member_note_look(struct member *member, const struct pool_look *look, bool is_last,
		      uint64_t now_ms);

/* It has issued BASES. */
void member_note_bases(struct member *member, const struct ticket_range *bases);

void member_describe(const struct member *member, struct database_state *state);

struct members {
	struct member *all;
	size_t count;
	bool is_failover;
	size_t next; /* in turn, or which was asked last */
};

/* Who is asked next, if not EXCEPT; NO_MEMBER: nobody is in service. */
size_t members_choose(struct members *members, size_t except, uint64_t now_ms) MUST_CHECK;

/* Whether somebody but EXCEPT is in service. */
bool members_have_other(const struct members *members, size_t except) MUST_CHECK;

/* Whether the last answer of each was that it has no more. */
bool members_are_exhausted(const struct members *members) MUST_CHECK;

/* Why none of them gives tickets, for people. */
void members_explain(const struct members *members, struct text *text);

#endif
