/*
 * member -- decides whether a database is in service, and which one to ask next.
 *
 * No clock of its own. The caller holds the dispatcher's mutex.
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

	bool is_in;	      /* in service: it may be asked */
	bool has_been_in;     /* at some time */
	bool is_drained;      /* by the operator, until the operator resumes it */
	bool is_pool_drained; /* its pool must close the sessions */
	bool is_exhausted;    /* its last answer was TICKET_EXHAUSTED */
	uint64_t in_since_ms;
	uint64_t out_since_ms;
	uint64_t hold_ms; /* the least time that it stays out, longer after a brief service */
	uint64_t
		returned_ms; /* when it last returned to service; 0: it never left since the start */
	uint64_t last_answer_ms;      /* of any attempt */
	unsigned in_flight;	      /* attempts that its pool has */
	struct attempt_list attempts; /* attempts that an errand waits for, oldest first */
	struct pool_view view;	      /* the last one of the pool; the newest base only rises */
	char reason[REASON_SIZE];     /* why it is out of service */
};

/* Take MEMBER out of service, for REASON. */
void member_take_out(struct member *member, const char *reason, uint64_t now_ms);

/*
 * Take MEMBER into service or out of it, because of the VIEW of its pool. IS_LAST: no other member is
 * in service.
 */
void member_note_view(struct member *member, const struct pool_view *view, bool is_last,
		      uint64_t now_ms);

/* Note that MEMBER has answered with BASES. */
void member_note_bases(struct member *member, const struct ticket_range *bases);

/* Fill STATE with the condition of MEMBER, and the reason if it is not up. */
void member_describe(const struct member *member, struct database_state *state);

struct members {
	struct member *all;
	size_t count;
	bool is_failover;
	size_t next; /* the index to ask next, in turn; with failover, the index that was asked last */
};

/* Return the member to ask next, other than EXCEPT. NO_MEMBER: none is in service. */
size_t members_choose(struct members *members, size_t except, uint64_t now_ms) MUST_CHECK;

/* Return true if a member other than EXCEPT is in service. */
bool members_have_other(const struct members *members, size_t except) MUST_CHECK;

/* Return true if the last answer of each member was TICKET_EXHAUSTED. */
bool members_are_exhausted(const struct members *members) MUST_CHECK;

/* Add the reasons of all members to TEXT, as one message. */
void members_explain(const struct members *members, struct text *text);

#endif
