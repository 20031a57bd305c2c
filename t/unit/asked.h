/*
 * asked -- a request for tickets, and what was answered to it: for the tests of the allocator.
 */
#ifndef TICKR_UNIT_ASKED_H
#define TICKR_UNIT_ASKED_H

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

/* Nothing is answered yet. */
static inline struct asked
asked_for(uint32_t count)
{
	return (struct asked){.request = {.count = count, .answer = note_answer}};
}

#endif
