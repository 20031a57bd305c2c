#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "allocator/allocator.h"
#include "asked.h"

#define TIMEOUT_MS 1000
#define OVERDUE_MS 3000
#define MOST_OUT   16

static const struct ticket_space example = {10, 3, 326};

/* --- a source that does nothing by itself ---------------------------------------------------- */

struct fake_pool {
	struct allocator *allocator;
	struct waiting_limit limit;
	struct reservation *out[MOST_OUT]; /* submitted, neither answered nor withdrawn */
	size_t out_count;
	unsigned submitted; /* in all */
	bool has_taken_all; /* a session did: the source can return nothing */
	unsigned wakes;
	uint64_t next_base;
};

static void
remove_out(struct fake_pool *pool, struct reservation *reservation)
{
	size_t at = 0;

	while (at < pool->out_count && pool->out[at] != reservation)
		at++;
	cr_assert_lt(at, pool->out_count, "the pool has the reservation");
	pool->out_count--;
	for (; at < pool->out_count; at++)
		pool->out[at] = pool->out[at + 1];
}

static bool
submit(void *self, struct reservation *reservation)
{
	struct fake_pool *pool = self;

	cr_assert(reservation_queue(reservation));
	cr_assert_lt(pool->out_count, MOST_OUT);
	pool->out[pool->out_count++] = reservation;
	pool->submitted++;
	return true;
}

/* A session takes RESERVATION, if none has yet. */
static void
take_it(struct reservation *reservation)
{
	if (reservation->place == RESERVATION_QUEUED)
		reservation_take(reservation);
}

static bool
withdraw(void *self, struct reservation *reservation)
{
	struct fake_pool *pool = self;

	if (pool->has_taken_all)
		take_it(reservation);
	if (!reservation_withdraw(reservation))
		return false;
	remove_out(pool, reservation);
	snprintf(reservation->reason, REASON_SIZE, "all sessions are busy");
	return true;
}

static void
wake(void *arg)
{
	struct fake_pool *pool = arg;

	pool->wakes++;
}

static void
begin_with(struct fake_pool *pool, struct waiting_limit *limit)
{
	struct allocator_settings settings = {
		.pool_timeout_ms = TIMEOUT_MS,
		.overdue_timeout_ms = OVERDUE_MS,
		.limit = limit,
		.source = {.submit = submit, .withdraw = withdraw, .self = pool},
		.wake = wake,
		.arg = pool,
	};

	*pool = (struct fake_pool){.next_base = 2};
	pool->allocator = allocator_new(&settings);
}

static void
begin(struct fake_pool *pool, uint32_t most_waiting)
{
	begin_with(pool, &pool->limit);
	pool->limit.most = most_waiting;
}

static void
end(struct fake_pool *pool)
{
	allocator_free(pool->allocator);
	cr_assert_eq(pool->limit.waiting, 0, "%u still wait", pool->limit.waiting);
	cr_assert_eq(pool->out_count, 0);
}

/* The oldest reservation comes back with bases. */
static void
answer(struct fake_pool *pool)
{
	struct reservation *reservation = pool->out[0];

	cr_assert_gt(pool->out_count, 0);
	remove_out(pool, reservation);
	take_it(reservation);
	reservation->status = TICKET_OK;
	reservation->space = &example;
	reservation->bases = (struct ticket_range){pool->next_base, 1, reservation->count};
	pool->next_base += reservation->count;
	allocator_deliver(pool->allocator, reservation);
}

static void
fail(struct fake_pool *pool, enum ticket_status status)
{
	struct reservation *reservation = pool->out[0];

	remove_out(pool, reservation);
	take_it(reservation);
	reservation->status = status;
	snprintf(reservation->reason, REASON_SIZE, "it failed");
	allocator_deliver(pool->allocator, reservation);
}

/* --- requests ---------------------------------------------------------------------------------- */

static void
ask(struct fake_pool *pool, struct asked *asked, uint32_t count, uint64_t now_ms)
{
	*asked = asked_for(count);
	allocator_request(pool->allocator, &asked->request, now_ms);
}

/* --- coalescing ----------------------------------------------------------------------------- */

Test(allocator, requests_of_a_round_share_one_reservation)
{
	struct fake_pool pool;
	struct asked asked[50];

	begin(&pool, 100);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
		ask(&pool, &asked[i], 1 + i % 3, 0);
	cr_assert_eq(pool.submitted, 0, "nothing goes out before the round ends");
	cr_assert_eq(pool.wakes, 1, "the loop is woken once");
	allocator_flush(pool.allocator);
	cr_assert_eq(pool.submitted, 1);
	cr_assert_eq(pool.out[0]->count, 99);
	cr_assert_eq(pool.out[0]->deadline_ms, TIMEOUT_MS);
	answer(&pool);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].order, i + 1);
		cr_assert_eq(asked[i].answer.status, TICKET_OK);
		cr_assert_eq(asked[i].answer.bases.count, 1 + i % 3);
	}
	for (size_t i = 1; i < ARRAY_LENGTH(asked); i++) {
		const struct ticket_range *before = &asked[i - 1].answer.bases;

		cr_assert_eq(asked[i].answer.bases.first,
			     before->first + before->increment * before->count);
	}
	end(&pool);
}

Test(allocator, tickets_follow_the_published_vectors)
{
	static const uint32_t counts[] = {20, 20, 40, 2, 2};
	static const uint64_t firsts[] = {329, 529, 729, 1129, 1149};
	struct fake_pool pool;
	struct asked asked;

	begin(&pool, 10);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		ask(&pool, &asked, counts[i], 0);
		allocator_flush(pool.allocator);
		answer(&pool);
		cr_assert_eq(tickets_of(&asked).first, firsts[i]);
		cr_assert_eq(tickets_of(&asked).increment, 10);
	}
	end(&pool);
}

Test(allocator, each_round_is_submitted_before_the_last_is_answered)
{
	struct fake_pool pool;
	struct asked asked[3];

	begin(&pool, 10);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		ask(&pool, &asked[i], 1, i);
		allocator_flush(pool.allocator);
	}
	cr_assert_eq(pool.out_count, 3);
	cr_assert_eq(pool.wakes, 3);
	while (pool.out_count > 0)
		answer(&pool);
	cr_assert_eq(asked[2].answer.bases.first, 4);
	end(&pool);
}

Test(allocator, flushing_nothing_submits_nothing)
{
	struct fake_pool pool;

	begin(&pool, 10);
	allocator_flush(pool.allocator);
	cr_assert_eq(pool.submitted, 0);
	cr_assert_eq(allocator_next_deadline(pool.allocator), UINT64_MAX);
	end(&pool);
}

Test(allocator, a_reservation_is_large_only_for_a_single_request)
{
	static const uint32_t counts[] = {999, 1, 1, 999, 1000, 1001, 1, 100000, 5, 5};
	static const uint32_t reservations[] = {1000, 1000, 1000, 1001, 1, 100000, 10};
	struct fake_pool pool;
	struct asked asked[ARRAY_LENGTH(counts)];

	begin(&pool, 100);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
		ask(&pool, &asked[i], counts[i], 0);
	cr_assert_eq(pool.wakes, 1);
	allocator_flush(pool.allocator);
	cr_assert_eq(pool.out_count, ARRAY_LENGTH(reservations));
	for (size_t i = 0; i < ARRAY_LENGTH(reservations); i++)
		cr_assert_eq(pool.out[i]->count, reservations[i], "reservation %zu: %u", i,
			     pool.out[i]->count);
	while (pool.out_count > 0)
		answer(&pool);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].order, i + 1);
	}
	end(&pool);
}

Test(allocator, answers_may_come_back_in_any_order)
{
	struct fake_pool pool;
	struct asked asked[3];
	struct reservation *first;

	begin(&pool, 10);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		ask(&pool, &asked[i], 2, 0);
		allocator_flush(pool.allocator);
	}
	first = pool.out[0];
	pool.out[0] = pool.out[2];
	pool.out[2] = first;
	while (pool.out_count > 0)
		answer(&pool);
	cr_assert_eq(asked[2].order, 1);
	cr_assert_eq(asked[2].answer.bases.first, 2);
	cr_assert_eq(asked[0].order, 3);
	end(&pool);
}

Test(allocator, a_failed_reservation_fails_its_requests_and_no_others)
{
	struct fake_pool pool;
	struct asked asked[3];

	begin(&pool, 10);
	ask(&pool, &asked[0], 1, 0);
	ask(&pool, &asked[1], 1, 0);
	allocator_flush(pool.allocator);
	ask(&pool, &asked[2], 1, 0);
	allocator_flush(pool.allocator);
	fail(&pool, TICKET_DATABASE_REFUSED);
	cr_assert_eq(asked[0].answer.status, TICKET_DATABASE_REFUSED);
	cr_assert_eq(asked[1].answer.status, TICKET_DATABASE_REFUSED);
	cr_assert_str_eq(asked[1].reason, "it failed");
	cr_assert_eq(asked[2].answers, 0);
	answer(&pool);
	cr_assert_eq(asked[2].answer.status, TICKET_OK);
	end(&pool);
}

/* An answer may ask again immediately, as a pipelined connection does. */
struct chain {
	struct asked asked;
	struct fake_pool *pool;
	unsigned left;
};

static void
ask_again(struct ticket_request *request, const struct ticket_answer *given)
{
	struct chain *chain = CONTAINER_OF(request, struct chain, asked.request);

	cr_assert_eq(given->status, TICKET_OK);
	if (chain->left-- > 0)
		allocator_request(chain->pool->allocator, request, 0);
}

Test(allocator, an_answer_may_ask_again)
{
	struct fake_pool pool;
	struct chain chain = {.pool = &pool, .left = 5};

	begin(&pool, 1);
	chain.asked.request = (struct ticket_request){.count = 1, .answer = ask_again};
	allocator_request(pool.allocator, &chain.asked.request, 0);
	for (unsigned i = 0; i < 6; i++) {
		allocator_flush(pool.allocator);
		answer(&pool);
	}
	cr_assert_eq(pool.submitted, 6);
	cr_assert_eq(pool.wakes, 6);
	end(&pool);
}

/* --- deadlines ------------------------------------------------------------------------------- */

Test(allocator, a_request_times_out_if_no_session_begins_with_it)
{
	struct fake_pool pool;
	struct asked asked[2];

	begin(&pool, 10);
	ask(&pool, &asked[0], 1, 100);
	allocator_flush(pool.allocator);
	ask(&pool, &asked[1], 1, 500);
	allocator_flush(pool.allocator);
	cr_assert_eq(allocator_next_deadline(pool.allocator), 100 + TIMEOUT_MS);
	allocator_expire(pool.allocator, 99 + TIMEOUT_MS);
	cr_assert_eq(asked[0].answers, 0);
	allocator_expire(pool.allocator, 100 + TIMEOUT_MS);
	cr_assert_eq(asked[0].answers, 1);
	cr_assert_eq(asked[0].answer.status, TICKET_TIMED_OUT);
	cr_assert_str_eq(asked[0].reason, "all sessions are busy");
	cr_assert_eq(asked[1].answers, 0);
	cr_assert_eq(pool.limit.waiting, 1);
	cr_assert_eq(allocator_next_deadline(pool.allocator), 500 + TIMEOUT_MS);
	answer(&pool);
	cr_assert_eq(asked[1].answer.status, TICKET_OK);
	cr_assert_eq(asked[0].answers, 1);
	end(&pool);
}

Test(allocator, an_overdue_request_is_answered_when_its_session_returns)
{
	struct fake_pool pool;
	struct asked asked;

	begin(&pool, 10);
	ask(&pool, &asked, 1, 0);
	allocator_flush(pool.allocator);
	pool.has_taken_all = true;
	allocator_expire(pool.allocator, TIMEOUT_MS);
	allocator_expire(pool.allocator, TIMEOUT_MS + OVERDUE_MS - 1);
	cr_assert_eq(asked.answers, 0);
	cr_assert_eq(allocator_next_deadline(pool.allocator), TIMEOUT_MS + OVERDUE_MS);
	answer(&pool);
	cr_assert_eq(asked.answers, 1);
	cr_assert_eq(asked.answer.status, TICKET_OK);
	end(&pool);
}

Test(allocator, a_session_that_hangs_is_given_up_and_its_late_range_is_a_gap)
{
	struct fake_pool pool;
	struct asked asked[2], next;

	begin(&pool, 2);
	ask(&pool, &asked[0], 1, 0);
	ask(&pool, &asked[1], 5, 0);
	allocator_flush(pool.allocator);
	pool.has_taken_all = true;
	allocator_expire(pool.allocator, TIMEOUT_MS);
	allocator_expire(pool.allocator, TIMEOUT_MS + OVERDUE_MS);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].answer.status, TICKET_TIMED_OUT);
		cr_assert_str_not_empty(asked[i].reason);
	}
	cr_assert_eq(allocator_next_deadline(pool.allocator), UINT64_MAX);
	ask(&pool, &next, 1, 2 * TIMEOUT_MS);
	cr_assert_eq(next.answers, 0, "their places are free again");
	allocator_flush(pool.allocator);
	answer(&pool);
	cr_assert_eq(asked[0].answers, 1, "nobody is answered twice");
	answer(&pool);
	cr_assert_eq(next.answer.bases.first, 8, "the late range went to nobody");
	end(&pool);
}

Test(allocator, requests_that_joined_later_wait_no_longer_than_the_first)
{
	struct fake_pool pool;
	struct asked asked[2];

	begin(&pool, 10);
	ask(&pool, &asked[0], 1, 0);
	ask(&pool, &asked[1], 1, 3);
	allocator_flush(pool.allocator);
	allocator_expire(pool.allocator, TIMEOUT_MS);
	cr_assert_eq(asked[0].answer.status, TICKET_TIMED_OUT);
	cr_assert_eq(asked[1].answer.status, TICKET_TIMED_OUT);
	end(&pool);
}

/* --- the limit --------------------------------------------------------------------------------- */

Test(allocator, one_request_more_than_the_limit_is_refused_immediately)
{
	struct fake_pool pool;
	struct asked asked[5];

	begin(&pool, 3);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
		ask(&pool, &asked[i], 1, 0);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(asked[i].answers, 0);
	for (size_t i = 3; i < 5; i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].answer.status, TICKET_TOO_MANY_WAITING);
		cr_assert_not_null(strstr(asked[i].reason, "TICKR_MAX_WAITING"));
	}
	cr_assert_eq(pool.limit.waiting, 3);
	end(&pool);
}

Test(allocator, room_comes_back_with_answers_failures_and_time_outs)
{
	struct fake_pool pool;
	struct asked asked[2], more;

	begin(&pool, 2);
	for (unsigned round = 0; round < 3; round++) {
		ask(&pool, &asked[0], 1, 0);
		ask(&pool, &asked[1], 1, 0);
		ask(&pool, &more, 1, 0);
		cr_assert_eq(more.answer.status, TICKET_TOO_MANY_WAITING);
		allocator_flush(pool.allocator);
		if (round == 0)
			answer(&pool);
		else if (round == 1)
			fail(&pool, TICKET_DATABASE_FAILED);
		else
			allocator_expire(pool.allocator, TIMEOUT_MS);
		cr_assert_eq(pool.limit.waiting, 0);
	}
	end(&pool);
}

Test(allocator, the_limit_is_shared_by_all_allocators)
{
	struct fake_pool pool, other;
	struct asked asked[3];

	begin(&pool, 2);
	begin_with(&other, &pool.limit);
	ask(&pool, &asked[0], 1, 0);
	ask(&other, &asked[1], 1, 0);
	ask(&other, &asked[2], 1, 0);
	cr_assert_eq(asked[2].answer.status, TICKET_TOO_MANY_WAITING);
	end(&other);
	end(&pool);
}

/* --- the end ------------------------------------------------------------------------------------ */

Test(allocator, freeing_answers_the_requests_that_wait)
{
	struct fake_pool pool;
	struct asked asked[6];

	begin(&pool, 100);
	ask(&pool, &asked[0], 1, 0);
	ask(&pool, &asked[1], 2, 0);
	allocator_flush(pool.allocator); /* both are out */
	ask(&pool, &asked[2], 1, 0);
	allocator_flush(pool.allocator);
	ask(&pool, &asked[3], 1, 0);
	ask(&pool, &asked[4], 10000, 0);
	ask(&pool, &asked[5], 1, 0);
	end(&pool);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		cr_assert_eq(asked[i].answers, 1);
		cr_assert_eq(asked[i].answer.status, TICKET_DRAINING);
		cr_assert_str_not_empty(asked[i].reason);
	}
}
