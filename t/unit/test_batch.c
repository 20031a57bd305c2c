#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocator/batch.h"
#include "asked.h"

static const struct ticket_space example = {10, 3, 326};

static void
ask(struct batch *batch, struct asked *asked, uint32_t count)
{
	*asked = asked_for(count);
	batch_add(batch, &asked->request);
}

Test(batch, requests_are_dealt_in_their_order_without_gaps)
{
	static const uint32_t counts[] = {20, 20, 40, 2, 2};
	static const uint64_t firsts[] = {2, 22, 42, 82, 84};
	struct batch *batch = batch_new(1000);
	struct asked asked[ARRAY_LENGTH(counts)];

	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
		ask(batch, &asked[i], counts[i]);
	cr_assert_eq(batch->reservation.count, 84);
	cr_assert_eq(batch->reservation.deadline_ms, 1000);
	cr_assert_eq(batch->request_count, 5);
	batch->reservation.status = TICKET_OK;
	batch->reservation.bases = (struct ticket_range){2, 1, 84};
	batch->reservation.space = &example;
	batch_deal(batch);
	batch_free(batch);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].order, i + 1);
		cr_assert_eq(asked[i].answer.status, TICKET_OK);
		cr_assert_eq(asked[i].answer.bases.first, firsts[i]);
		cr_assert_eq(asked[i].answer.bases.increment, 1);
		cr_assert_eq(asked[i].answer.bases.count, counts[i]);
		cr_assert_eq(asked[i].answer.space, &example);
	}
}

/* A batch does not know the arithmetic of the sequence. */
Test(batch, numbers_of_any_sequence_are_dealt)
{
	struct batch *batch = batch_new(0);
	struct asked asked[2];

	ask(batch, &asked[0], 2);
	ask(batch, &asked[1], 1);
	batch->reservation.bases = (struct ticket_range){1, 2, 3};
	batch->reservation.space = NULL;
	batch_deal(batch);
	batch_free(batch);
	cr_assert_eq(asked[0].answer.status, TICKET_OK);
	cr_assert_eq(asked[0].answer.bases.first, 1);
	cr_assert_eq(asked[0].answer.bases.increment, 2);
	cr_assert_eq(asked[1].answer.bases.first, 5);
	cr_assert_null(asked[1].answer.space);
}

Test(batch, only_requests_beyond_the_space_have_no_tickets)
{
	static const struct ticket_space narrow = {1, 0, INT64_MAX - 2};
	static const bool are_in_space[] = {true, false, false};
	struct batch *batch = batch_new(0);
	struct asked asked[3];

	ask(batch, &asked[0], 2);
	ask(batch, &asked[1], 2); /* only one is left */
	ask(batch, &asked[2], 1);
	batch->reservation.bases = (struct ticket_range){2, 1, 5};
	batch->reservation.space = &narrow;
	batch_deal(batch);
	batch_free(batch);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		const struct ticket_answer *answer = &asked[i].answer;
		struct ticket_range tickets;

		cr_assert_eq(answer->status, TICKET_OK);
		cr_assert_eq(space_tickets(answer->space, &answer->bases, &tickets),
			     are_in_space[i], "request %zu", i);
	}
}

Test(batch, a_reservation_that_failed_refuses_every_request_with_its_reason)
{
	struct batch *batch = batch_new(0);
	struct asked asked[3];

	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
		ask(batch, &asked[i], 1);
	batch->reservation.status = TICKET_DATABASE_FAILED;
	snprintf(batch->reservation.reason, REASON_SIZE, "the disk is full");
	batch_deal(batch);
	batch_free(batch);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].order, i + 1);
		cr_assert_eq(asked[i].answer.status, TICKET_DATABASE_FAILED);
		cr_assert_str_eq(asked[i].reason, "the disk is full");
	}
}

static void
free_when_answered(struct ticket_request *request, const struct ticket_answer *answer)
{
	(void)answer;
	free(request);
}

Test(batch, a_request_may_be_freed_by_its_answer)
{
	struct batch *batch = batch_new(0);

	for (unsigned i = 0; i < 3; i++) {
		struct ticket_request *request = calloc(1, sizeof(*request));

		request->count = 1;
		request->answer = free_when_answered;
		batch_add(batch, request);
	}
	batch_fail(batch, TICKET_TIMED_OUT, batch->reservation.reason);
	batch_free(batch);
}

Test(batch, there_is_room_up_to_the_most_and_always_for_the_first)
{
	struct batch *batch = batch_new(0);
	struct ticket_request huge = {.count = UINT32_MAX}, one = {.count = 1}, fits = {.count = 4};
	struct asked asked;

	cr_assert(batch_has_room(batch, &huge, 10));
	ask(batch, &asked, 6);
	cr_assert(batch_has_room(batch, &fits, 10));
	cr_assert_not(batch_has_room(batch, &fits, 9));
	cr_assert_not(batch_has_room(batch, &huge, UINT32_MAX));
	batch_fail(batch, TICKET_DRAINING, "");
	batch_free(batch);
	batch = batch_new(0);
	ask(batch, &asked, 1000000);
	cr_assert_not(batch_has_room(batch, &one, 10000));
	batch_fail(batch, TICKET_DRAINING, "");
	batch_free(batch);
}
