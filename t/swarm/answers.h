/*
 * answers -- takes apart the bytes that one client receives, and checks each answer against its request.
 *
 * The promises: answers come whole, in the order of the requests, each to its own request; an answer
 * that says Connection: close is the last one; 200 is answered to sound requests only. Tickets are kept
 * to be compared at the end.
 */
#ifndef TICKR_SWARM_ANSWERS_H
#define TICKR_SWARM_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define MOST_ASKED 2048

enum asked_kind {
	ASKED_TICKETS, /* a create: 200, or 503 while the database is away */
	ASKED_PLAIN,   /* any other that is sound */
	ASKED_HEAD,    /* the same, without a body */
	ASKED_NONSENSE /* an error is its answer, and the last one */
};

struct asked {
	enum asked_kind kind;
	uint32_t count; /* of tickets */
	bool is_last;	/* the connection ends with its answer */
};

struct tickets {
	uint64_t *list;
	size_t count, size;
};

struct answers {
	struct asked asked[MOST_ASKED]; /* a ring */
	size_t first, waiting;
	unsigned connection; /* part of each request's id */
	unsigned next_id, next_answer;
	bool is_over; /* the last answer has come */
	char *buffer;
	size_t begin, end, size;
};

void answers_init(struct answers *answers);
void answers_destroy(struct answers *answers);

/* A new connection: nothing is asked. */
void answers_begin(struct answers *answers, unsigned connection);

/* The next request is asked; its X-Request-Id is CONNECTION.ID, and ID is returned. */
unsigned answers_expect(struct answers *answers, const struct asked *asked);

/* Room for bytes to receive, and that LEN of them came. */
char *answers_room(struct answers *answers, size_t *len);
void answers_received(struct answers *answers, size_t len);

/* Check all that came in whole. Return the fault, for people; NULL: there is none. */
const char *answers_check(struct answers *answers, struct tickets *tickets) MUST_CHECK;

/* How many tickets are there more than one time. */
size_t tickets_repeated(struct tickets *tickets);

#endif
