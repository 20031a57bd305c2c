#include <criterion/criterion.h>
#include <stddef.h>

#include <pthread.h>

#include "base/clock.h"
#include "pool/queue.h"

#define MOST 1000

/* A queue with one reservation for each of COUNTS, of N. */
static void
begin(struct queue *queue, struct reservation *reservations, const uint32_t *counts, size_t n)
{
	queue_init(queue);
	for (size_t i = 0; i < n; i++) {
		reservations[i] =
			(struct reservation){.count = counts[i], .deadline_ms = UINT64_MAX};
		cr_assert(queue_submit(queue, &reservations[i]));
	}
}

/* Take a group, which must be N reservations from EXPECTED on, in that order. */
static void
take(struct queue *queue, struct reservation *expected, size_t n)
{
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	struct queue_taker taker = {false};
	struct mail *mail;

	cr_assert_eq(queue_take(queue, &taker, queue_generation(queue), MOST, &group), QUEUE_TAKEN);
	for (size_t i = 0; i < n; i++) {
		mail = TAILQ_FIRST(&group);
		cr_assert_not_null(mail, "the group is shorter than %zu", n);
		cr_assert_eq(reservation_of(mail), &expected[i]);
		cr_assert_neq(reservation_of(mail)->place, RESERVATION_QUEUED);
		TAILQ_REMOVE(&group, mail, link);
	}
	cr_assert(TAILQ_EMPTY(&group), "the group is longer than %zu", n);
	queue_leave(queue, &taker);
}

Test(queue, all_waiting_reservations_are_one_group_in_order)
{
	static const uint32_t counts[] = {1, 20, 5, 300};
	struct queue queue;
	struct reservation reservations[4];

	begin(&queue, reservations, counts, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(reservations[i].place, RESERVATION_QUEUED);
	take(&queue, reservations, 4);
	queue_destroy(&queue);
}

/* No owner waits for it: in the queue it would stay as long as no session can be opened. */
Test(queue, a_reservation_withdrawn_from_a_session_is_not_put_back)
{
	static const uint32_t counts[] = {1, 2};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	struct queue_taker taker = {false};
	struct reservation reservations[2];
	struct queue queue;

	begin(&queue, reservations, counts, 2);
	cr_assert_eq(queue_take(&queue, &taker, queue_generation(&queue), MOST, &group),
		     QUEUE_TAKEN);
	cr_assert_not(queue_withdraw(&queue, &reservations[0]));
	cr_assert_eq(queue_put_back(&queue, &group), 1);
	cr_assert_eq(reservation_of(TAILQ_FIRST(&group)), &reservations[0]);
	cr_assert_null(TAILQ_NEXT(TAILQ_FIRST(&group), link));
	queue_leave(&queue, &taker);
	take(&queue, &reservations[1], 1);
	queue_destroy(&queue);
}

/* Two threads: A is about to submit it, and B takes it from its errand. */
Test(queue, a_reservation_withdrawn_before_it_is_submitted_is_not_queued)
{
	static const uint32_t counts[] = {1};
	struct reservation late = {.count = 1, .deadline_ms = UINT64_MAX};
	struct reservation reservations[1];
	struct queue queue;

	begin(&queue, reservations, counts, 1);
	cr_assert_not(queue_withdraw(&queue, &late));
	cr_assert_not(queue_submit(&queue, &late));
	cr_assert_neq(late.place, RESERVATION_QUEUED);
	take(&queue, reservations, 1);
	queue_destroy(&queue);
}

/* A thread that opens its session after a drain began must not wait for work with it. */
Test(queue, a_drained_queue_keeps_no_session, .timeout = 10)
{
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	struct reservation reservation = {.count = 1, .deadline_ms = UINT64_MAX};
	struct queue_taker taker = {false};
	struct queue queue;

	queue_init(&queue);
	queue_set_drained(&queue, true);
	cr_assert_eq(queue_take(&queue, &taker, queue_generation(&queue), MOST, &group),
		     QUEUE_STALE);
	queue_set_drained(&queue, false);
	cr_assert(queue_submit(&queue, &reservation));
	take(&queue, &reservation, 1);
	queue_destroy(&queue);
}

Test(queue, a_group_wants_at_most_the_most_unless_it_is_one_reservation)
{
	static const uint32_t counts[] = {600, 400, 1, 999, 1, 1000};
	static const size_t groups[] = {2, 2, 1, 1};
	struct queue queue;
	struct reservation reservations[ARRAY_LENGTH(counts)];
	size_t at = 0;

	begin(&queue, reservations, counts, ARRAY_LENGTH(counts));
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
		take(&queue, &reservations[at], groups[i]);
		at += groups[i];
	}
	cr_assert_eq(at, ARRAY_LENGTH(counts));
	queue_destroy(&queue);
}

Test(queue, a_large_reservation_is_a_group_of_its_own)
{
	static const uint32_t counts[] = {1, 1001, 1, 50000, 1001, 1, 1};
	static const size_t groups[] = {1, 1, 1, 1, 1, 2};
	struct queue queue;
	struct reservation reservations[ARRAY_LENGTH(counts)];
	size_t at = 0;

	begin(&queue, reservations, counts, ARRAY_LENGTH(counts));
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
		take(&queue, &reservations[at], groups[i]);
		at += groups[i];
	}
	cr_assert_eq(at, ARRAY_LENGTH(counts));
	queue_destroy(&queue);
}

struct other_taker {
	struct queue *queue;
	enum queue_take expected;
	struct mail_list group;
};

static void *
take_in_a_thread(void *arg)
{
	struct other_taker *other = arg;
	struct queue_taker taker = {false};

	cr_assert_eq(queue_take(other->queue, &taker, 0, MOST, &other->group), other->expected);
	return NULL;
}

Test(queue, while_one_session_works_the_others_take_only_large_reservations, .timeout = 20)
{
	static const uint32_t counts[] = {1};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation first, small = {.count = 1}, large = {.count = 1001};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	struct other_taker other = {&queue, QUEUE_TAKEN, TAILQ_HEAD_INITIALIZER(other.group)};
	pthread_t thread;

	begin(&queue, &first, counts, 1);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	taker.late_ms = UINT64_MAX;
	cr_assert_eq(pthread_create(&thread, NULL, take_in_a_thread, &other), 0);
	cr_assert(queue_submit(&queue, &small));
	cr_assert(queue_submit(&queue, &large));
	TAILQ_INIT(&group);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	cr_assert_eq(reservation_of(TAILQ_FIRST(&group)), &small);
	pthread_join(thread, NULL);
	cr_assert_eq(reservation_of(TAILQ_FIRST(&other.group)), &large);
	queue_destroy(&queue);
}

Test(queue, other_sessions_step_in_if_a_statement_is_late, .timeout = 20)
{
	static const uint32_t counts[] = {1};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation first, second = {.count = 1};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, &first, counts, 1);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	cr_assert(queue_submit(&queue, &second));
	taker.late_ms = clock_ms();
	take(&queue, &second, 1);
	queue_destroy(&queue);
}

/* Otherwise one session that hangs delays each statement of the others. */
Test(queue, a_session_that_steps_in_takes_again_immediately, .timeout = 20)
{
	static const uint32_t counts[] = {1};
	struct queue queue;
	struct queue_taker hung = {false}, other = {false};
	struct reservation first, second = {.count = 1}, third = {.count = 1};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, &first, counts, 1);
	queue.idle_ms = 1;
	cr_assert_eq(queue_take(&queue, &hung, 0, MOST, &group), QUEUE_TAKEN);
	TAILQ_INIT(&group);
	cr_assert(queue_submit(&queue, &second));
	while (queue_take(&queue, &other, 0, MOST, &group) != QUEUE_TAKEN)
		continue;
	TAILQ_INIT(&group);
	cr_assert(queue_submit(&queue, &third));
	cr_assert_eq(queue_take(&queue, &other, 0, MOST, &group), QUEUE_TAKEN);
	cr_assert_eq(reservation_of(TAILQ_FIRST(&group)), &third);
	queue_destroy(&queue);
}

Test(queue, a_session_without_work_for_long_is_idle, .timeout = 20)
{
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservation = {.count = 1};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	queue_init(&queue);
	cr_assert_gt(queue.idle_ms, 1000);
	queue.idle_ms = 1;
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_IDLE);
	cr_assert(TAILQ_EMPTY(&group));
	cr_assert(queue_submit(&queue, &reservation));
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	queue_destroy(&queue);
}

static bool
is_anybody_idle(struct queue *queue)
{
	bool is_idle;

	pthread_mutex_lock(&queue->mutex);
	is_idle = queue->idle > 0;
	pthread_mutex_unlock(&queue->mutex);
	return is_idle;
}

/* Otherwise a session whose database has died counts as good until a request needs it. */
Test(queue, if_the_database_is_in_doubt_idle_sessions_must_check, .timeout = 20)
{
	struct queue queue;
	struct other_taker other = {&queue, QUEUE_IDLE, TAILQ_HEAD_INITIALIZER(other.group)};
	pthread_t thread;

	queue_init(&queue);
	cr_assert_eq(pthread_create(&thread, NULL, take_in_a_thread, &other), 0);
	while (!is_anybody_idle(&queue))
		continue;
	queue_note_doubt(&queue);
	pthread_join(thread, NULL);
	queue_destroy(&queue);
}

Test(queue, a_thread_that_leaves_is_not_at_work)
{
	static const uint32_t counts[] = {1};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation first, second = {.count = 1};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, &first, counts, 1);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	queue_leave(&queue, &taker);
	queue_leave(&queue, &taker);
	cr_assert(queue_submit(&queue, &second));
	take(&queue, &second, 1);
	queue_destroy(&queue);
}

Test(queue, a_waiting_reservation_can_be_withdrawn_once)
{
	static const uint32_t counts[] = {1, 2, 3};
	struct queue queue;
	struct reservation reservations[3];

	begin(&queue, reservations, counts, 3);
	cr_assert(queue_withdraw(&queue, &reservations[0]));
	cr_assert_not(queue_withdraw(&queue, &reservations[0]));
	take(&queue, &reservations[1], 2);
	cr_assert_not(queue_withdraw(&queue, &reservations[1]));
	queue_destroy(&queue);
}

Test(queue, reservations_put_back_come_first_in_order)
{
	static const uint32_t counts[] = {1, 2, 3, 4};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservations[4];
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, reservations, counts, 3);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	queue_leave(&queue, &taker);
	reservations[3] = (struct reservation){.count = 4, .deadline_ms = UINT64_MAX};
	cr_assert(queue_submit(&queue, &reservations[3]));
	cr_assert_eq(queue_put_back(&queue, &group), 3);
	cr_assert(TAILQ_EMPTY(&group));
	cr_assert_eq(reservations[0].place, RESERVATION_QUEUED);
	take(&queue, reservations, 4);
	queue_destroy(&queue);
}

Test(queue, a_reservation_put_back_can_be_withdrawn)
{
	static const uint32_t counts[] = {1, 2};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservations[2];
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, reservations, counts, 2);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	queue_leave(&queue, &taker);
	cr_assert_eq(queue_put_back(&queue, &group), 2);
	cr_assert(queue_withdraw(&queue, &reservations[0]));
	take(&queue, &reservations[1], 1);
	queue_destroy(&queue);
}

/* An owner that could not withdraw it at its deadline expects an answer. */
Test(queue, an_expired_reservation_is_not_put_back)
{
	static const uint32_t counts[] = {1, 2, 3, 4};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservations[4];
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	begin(&queue, reservations, counts, 4);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_TAKEN);
	queue_leave(&queue, &taker);
	reservations[0].deadline_ms = clock_ms();
	reservations[2].deadline_ms = 0;
	cr_assert_eq(queue_put_back(&queue, &group), 2);
	cr_assert_eq(reservation_of(TAILQ_FIRST(&group)), &reservations[0]);
	cr_assert_eq(reservation_of(TAILQ_LAST(&group, mail_list)), &reservations[2]);
	cr_assert_neq(reservations[0].place, RESERVATION_QUEUED);
	cr_assert_eq(reservations[1].place, RESERVATION_QUEUED);
	cr_assert_eq(reservations[3].place, RESERVATION_QUEUED);
	queue_stop(&queue, &group);
	queue_destroy(&queue);
}

Test(queue, a_session_older_than_the_last_loss_takes_nothing)
{
	static const uint32_t counts[] = {1};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservation;
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	uint64_t old;

	begin(&queue, &reservation, counts, 1);
	old = queue_generation(&queue);
	queue_note_loss(&queue, old);
	cr_assert_eq(queue_generation(&queue), old + 1);
	cr_assert_eq(queue_take(&queue, &taker, old, MOST, &group), QUEUE_STALE);
	cr_assert(TAILQ_EMPTY(&group));
	cr_assert_eq(reservation.place, RESERVATION_QUEUED);
	take(&queue, &reservation, 1);
	queue_destroy(&queue);
}

Test(queue, the_loss_of_an_old_session_costs_the_others_nothing)
{
	struct queue queue;

	queue_init(&queue);
	queue_note_loss(&queue, 0);
	queue_note_loss(&queue, 0);
	queue_note_loss(&queue, 0);
	cr_assert_eq(queue_generation(&queue), 1);
	queue_destroy(&queue);
}

Test(queue, a_stop_hands_over_the_waiting_reservations_and_ends_the_taking)
{
	/* Together more than 2^32-1. */
	static const uint32_t counts[] = {UINT32_MAX, 7, UINT32_MAX, 1};
	struct queue queue;
	struct queue_taker taker = {false};
	struct reservation reservations[4];
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	struct mail *mail;
	size_t n = 0;

	begin(&queue, reservations, counts, 4);
	queue_stop(&queue, &group);
	TAILQ_FOREACH (mail, &group, link)
		cr_assert_eq(reservation_of(mail), &reservations[n++]);
	cr_assert_eq(n, 4);
	cr_assert_neq(reservations[0].place, RESERVATION_QUEUED);
	TAILQ_INIT(&group);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_STOPPING);
	cr_assert(TAILQ_EMPTY(&group));
	queue_destroy(&queue);
}

Test(queue, a_stop_comes_before_a_new_generation)
{
	struct queue queue;
	struct queue_taker taker = {false};
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);

	queue_init(&queue);
	queue_note_loss(&queue, 0);
	queue_stop(&queue, &group);
	cr_assert_eq(queue_take(&queue, &taker, 0, MOST, &group), QUEUE_STOPPING);
	queue_destroy(&queue);
}

Test(queue, a_pause_lasts_its_time_and_ends_with_the_queue)
{
	struct queue queue;
	struct mail_list group = TAILQ_HEAD_INITIALIZER(group);
	uint64_t began_ms = clock_ms();

	queue_init(&queue);
	cr_assert(queue_pause(&queue, 20));
	cr_assert_geq(clock_ms() - began_ms, 19);
	cr_assert(queue_pause(&queue, 0));
	queue_stop(&queue, &group);
	began_ms = clock_ms();
	cr_assert_not(queue_pause(&queue, 3600000));
	cr_assert_lt(clock_ms() - began_ms, 60000);
	queue_destroy(&queue);
}
