/* The allocator with named sequences: each has a reservation of its own in each round. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/allocator.h"
#include "asked.h"
#include "base/memory.h"

#define TIMEOUT_MS 1000
#define OVERDUE_MS 3000
#define SEQUENCES  5000 /* more than there are chains */

static const struct ticket_space space = {1, 0, 1};

/* A source that does nothing by itself. */
struct counting {
	struct reservation *first; /* linked by their carriers, the latest first */
	unsigned submitted;
	uint32_t holds; /* numbers that take() has */
};

struct named {
	struct waiting_limit limit;
	struct counting tickets, strong, weak;
	struct allocator *allocator;
};

static bool
count_submit(void *self, struct reservation *reservation)
{
	struct counting *counting = self;

	reservation->carrier = counting->first;
	counting->first = reservation;
	counting->submitted++;
	return reservation_queue(reservation);
}

static bool
count_withdraw(void *self, struct reservation *reservation)
{
	struct counting *counting = self;
	bool is_back = reservation_withdraw(reservation);

	if (is_back && counting->first == reservation)
		counting->first = reservation->carrier;
	return is_back;
}

static bool
count_take(void *self, struct sequence *sequence, uint32_t count, uint64_t now_ms,
	   struct ticket_piece *taken)
{
	struct counting *counting = self;

	(void)now_ms;
	cr_assert_not_null(sequence);
	if (count > counting->holds)
		return false;
	*taken = (struct ticket_piece){.bases = {100, 1, count}, .space = &space};
	counting->holds -= count;
	return true;
}

static void
ignore_wake(void *arg)
{
	(void)arg;
}

static void
begin(struct named *named)
{
	struct allocator_settings settings = {
		.pool_timeout_ms = TIMEOUT_MS,
		.overdue_timeout_ms = OVERDUE_MS,
		.limit = &named->limit,
		.source = {.submit = count_submit,
			   .withdraw = count_withdraw,
			   .self = &named->tickets},
		.strong = {.submit = count_submit,
			   .withdraw = count_withdraw,
			   .self = &named->strong},
		.weak = {.submit = count_submit,
			 .withdraw = count_withdraw,
			 .take = count_take,
			 .self = &named->weak},
		.wake = ignore_wake,
	};

	*named = (struct named){.limit.most = 10 * SEQUENCES};
	named->allocator = allocator_new(&settings);
}

static void
end(struct named *named)
{
	allocator_free(named->allocator);
	cr_assert_eq(named->limit.waiting, 0);
}

static void
ask(struct named *named, struct asked *asked, struct sequence *sequence, uint32_t count,
    bool may_be_held)
{
	*asked = asked_for(count);
	asked->request.sequence = sequence;
	asked->request.may_be_held = may_be_held;
	allocator_request(named->allocator, &asked->request, 0);
}

/* Answer all reservations of COUNTING, the latest first. The numbers of each begin at 1. */
static void
answer(struct named *named, struct counting *counting)
{
	while (counting->first != NULL) {
		struct reservation *reservation = counting->first;

		counting->first = reservation->carrier;
		reservation_take(reservation);
		reservation->status = TICKET_OK;
		reservation->space = &space;
		reservation->revision = 7;
		reservation->bases = (struct ticket_range){1, 1, reservation->count};
		allocator_deliver(named->allocator, reservation);
	}
}

Test(allocator_named, each_sequence_has_one_reservation_in_a_round)
{
	static struct sequence sequences[SEQUENCES];
	static struct asked asked[3][SEQUENCES];
	struct named named;

	begin(&named);
	for (unsigned round = 1; round < 3; round++) {
		for (unsigned pass = 0; pass < 3; pass++)
			for (unsigned i = 0; i < SEQUENCES; i++)
				ask(&named, &asked[pass][i], &sequences[i], 1 + pass, false);
		allocator_flush(named.allocator);
		cr_assert_eq(named.strong.submitted, round * SEQUENCES);
		answer(&named, &named.strong);
		for (unsigned i = 0; i < SEQUENCES; i++) {
			cr_assert_eq(asked[0][i].answer.bases.first, 1);
			cr_assert_eq(asked[1][i].answer.bases.first, 2);
			cr_assert_eq(asked[2][i].answer.bases.first, 4);
			cr_assert_eq(asked[2][i].answer.bases.count, 3);
			cr_assert_eq(asked[2][i].answer.revision, 7);
		}
	}
	cr_assert_eq(named.tickets.submitted, 0);
	end(&named);
}

Test(allocator_named, a_large_count_shares_the_reservation_of_its_sequence)
{
	struct sequence sequence = {0};
	struct asked asked[4];
	struct named named;

	begin(&named);
	ask(&named, &asked[0], &sequence, 1, false);
	ask(&named, &asked[1], &sequence, 900000, false);
	ask(&named, &asked[2], &sequence, 1000, false);
	allocator_flush(named.allocator);
	cr_assert_eq(named.strong.submitted, 1);
	answer(&named, &named.strong);
	cr_assert_eq(asked[2].answer.bases.first, 900002);
	ask(&named, &asked[0], &sequence, 1000000, false);
	ask(&named, &asked[1], &sequence, 1000000, false);
	ask(&named, &asked[2], &sequence, 1, false);
	ask(&named, &asked[3], &sequence, 1, false);
	allocator_flush(named.allocator);
	cr_assert_eq(named.strong.submitted, 4, "a statement may need several of such sums");
	answer(&named, &named.strong);
	cr_assert_eq(asked[3].answers, 1);
	end(&named);
}

Test(allocator_named, tickets_and_sequences_do_not_share)
{
	struct sequence sequence = {0};
	struct asked tickets[3], strong[3], weak[3];
	struct named named;

	begin(&named);
	for (unsigned i = 0; i < 3; i++) {
		ask(&named, &tickets[i], NULL, 1, false);
		ask(&named, &strong[i], &sequence, 1, false);
		ask(&named, &weak[i], &sequence, 1, true);
	}
	allocator_flush(named.allocator);
	cr_assert_eq(named.tickets.submitted, 1);
	cr_assert_eq(named.strong.submitted, 1);
	cr_assert_eq(named.weak.submitted, 1);
	cr_assert_null(named.tickets.first->sequence);
	cr_assert_eq(named.strong.first->sequence, &sequence);
	answer(&named, &named.tickets);
	answer(&named, &named.strong);
	answer(&named, &named.weak);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(tickets[i].answers + strong[i].answers + weak[i].answers, 3);
	end(&named);
}

Test(allocator_named, only_requests_that_may_take_held_numbers_do)
{
	struct sequence sequence = {0};
	struct asked asked;
	struct named named;

	begin(&named);
	named.weak.holds = 5;
	ask(&named, &asked, &sequence, 5, true);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.answer.bases.first, 100);
	named.weak.holds = 5;
	ask(&named, &asked, &sequence, 5, false);
	cr_assert_eq(asked.answers, 0);
	allocator_flush(named.allocator);
	cr_assert_eq(named.strong.submitted, 1);
	answer(&named, &named.strong);
	end(&named);
}

Test(allocator_named, requests_that_expire_return_to_the_source_they_came_from)
{
	struct sequence sequence = {0};
	struct asked asked[3];
	struct named named;

	begin(&named);
	ask(&named, &asked[0], NULL, 1, false);
	ask(&named, &asked[1], &sequence, 1, false);
	ask(&named, &asked[2], &sequence, 1, true);
	allocator_flush(named.allocator);
	allocator_expire(named.allocator, TIMEOUT_MS);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(asked[i].answer.status, TICKET_TIMED_OUT);
	cr_assert_null(named.tickets.first);
	cr_assert_null(named.strong.first);
	cr_assert_null(named.weak.first);
	end(&named);
}

/* --- looks --------------------------------------------------------------------------------------- */

static void
look(struct named *named, struct asked *asked, enum reservation_task task)
{
	*asked = asked_for(0);
	asked->request.task = task;
	asked->request.result = xcalloc(1, 64);
	allocator_request(named->allocator, &asked->request, 0);
}

Test(allocator_named, looks_share_nothing_and_bring_their_results)
{
	struct asked asked[3];
	struct named named;

	begin(&named);
	look(&named, &asked[0], RESERVATION_SHOW);
	look(&named, &asked[1], RESERVATION_SHOW);
	look(&named, &asked[2], RESERVATION_LIST);
	allocator_flush(named.allocator);
	cr_assert_eq(named.strong.submitted, 3);
	answer(&named, &named.strong);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_not_null(asked[i].answer.result);
	}
	end(&named);
}

/* Under the address sanitizer this finds a result that is freed too early, or never. */
Test(allocator_named, the_result_of_a_late_look_lives_until_the_session_returns)
{
	struct asked asked;
	struct named named;
	struct reservation *late;

	begin(&named);
	look(&named, &asked, RESERVATION_LIST);
	allocator_flush(named.allocator);
	late = named.strong.first;
	reservation_take(late); /* by a session that hangs */
	allocator_expire(named.allocator, TIMEOUT_MS);
	allocator_expire(named.allocator, TIMEOUT_MS + OVERDUE_MS);
	cr_assert_eq(asked.answer.status, TICKET_TIMED_OUT);
	memset(late->result, 1, 64);
	late->status = TICKET_OK;
	allocator_deliver(named.allocator, late);
	cr_assert_eq(asked.answers, 1);
	end(&named);
}

Test(allocator_named, a_look_counts_as_a_waiting_request)
{
	struct asked asked[2];
	struct named named;

	begin(&named);
	named.limit.most = 1;
	look(&named, &asked[0], RESERVATION_SHOW);
	look(&named, &asked[1], RESERVATION_SHOW);
	cr_assert_eq(asked[1].answer.status, TICKET_TOO_MANY_WAITING);
	allocator_flush(named.allocator);
	answer(&named, &named.strong);
	end(&named);
}
