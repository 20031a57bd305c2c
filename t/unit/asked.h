/*
 * asked -- a request for tickets and its answer, for the tests of the allocator.
 */
#ifndef TICKR_UNIT_ASKED_H
#define TICKR_UNIT_ASKED_H

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "allocator/batch.h"

struct asked {
	struct ticket_request request;
	unsigned answers;
	unsigned order; /* of its answer among all, from 1 */
	struct ticket_answer answer;
	char reason[REASON_SIZE];
};

static inline void
note_answer(struct ticket_request *request, const struct ticket_answer *answer)
{
	static unsigned answered; /* in this test's process */
	struct asked *asked = CONTAINER_OF(request, struct asked, request);

	asked->answers++;
	asked->order = ++answered;
	asked->answer = *answer;
	if (answer->reason != NULL)
		snprintf(asked->reason, sizeof(asked->reason), "%s", answer->reason);
}

/* The tickets of ASKED, which was answered with bases. */
static inline struct ticket_range
tickets_of(const struct asked *asked)
{
	struct ticket_range tickets;
	bool are_in_space = space_tickets(asked->answer.space, &asked->answer.bases, &tickets);

	assert(are_in_space);
	return tickets;
}

/* Nothing is answered yet. */
static inline struct asked
asked_for(uint32_t count)
{
	return (struct asked){.request = {.count = count, .answer = note_answer}};
}

#endif
