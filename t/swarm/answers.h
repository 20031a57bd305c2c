/*
 * answers -- parses the bytes that one client receives, and checks each answer against its request.
 *
 * The promises: answers are complete, in the order of the requests, each to its own request. An answer
 * with Connection: close is the last one. Only sound requests get 200. The tickets are kept for a
 * comparison at the end.
 */
#ifndef TICKR_SWARM_ANSWERS_H
#define TICKR_SWARM_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define MOST_ASKED 2048

enum asked_kind {
	ASKED_TICKETS, /* a create: 200, or 503 while the database is down */
	ASKED_PLAIN,   /* any other sound request */
	ASKED_HEAD,    /* the same, without a body */
	ASKED_NONSENSE /* its answer is an error, and the last answer */
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
	bool is_over; /* the last answer has arrived */
	char *buffer;
	size_t begin, end, size;
};

void answers_init(struct answers *answers);
void answers_destroy(struct answers *answers);

/* Begin a new connection, without requests. */
void answers_begin(struct answers *answers, unsigned connection);

/* Note the next request. Its X-Request-Id is CONNECTION.ID; return ID. */
unsigned answers_expect(struct answers *answers, const struct asked *asked);

/* Return room for bytes, and its size in *LEN. After LEN bytes were received, note that. */
char *answers_room(struct answers *answers, size_t *len);
void answers_received(struct answers *answers, size_t len);

/* Check all complete answers. Return a description of the fault, or NULL. */
const char *answers_check(struct answers *answers, struct tickets *tickets) MUST_CHECK;

/* Return the number of tickets that occur more than once. */
size_t tickets_repeated(struct tickets *tickets);

#endif
