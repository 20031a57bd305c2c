/*
 * DESIGN. One thread checks every pool several times a second, and moves the errands that wait too
 * long:
 *
 *	a database is out of service,	its errands ask another database, even if their attempts may
 *	and another one is in		still be answered
 *	a database is in service, and	the errand asks another database. If the slow one has answered no
 *	an attempt has no answer	attempt since this one began, it is taken out of service
 *	no database is in service	errands wait: parked, or in the pool that has their attempt
 *
 * The last database in service is never taken out for being slow, because no other one can be asked.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatch/errand.h"

#define TICK_MS	     100
#define LATE_MS	     100 /* after the deadline */
#define BUSY_TICK_MS 10	 /* while errands are parked */

/* The log lines to write and the pools to drain, after the mutex is unlocked. */
struct news {
	bool was_in[MOST_DATABASES];
	bool was_drained[MOST_DATABASES];
	char reasons[MOST_DATABASES][REASON_SIZE];
	bool is_in[MOST_DATABASES];
	bool is_taken_out[MOST_DATABASES]; /* by the operator, who has an answer already */
	bool is_drained[MOST_DATABASES];
	bool is_pool_drained[MOST_DATABASES];
	bool was_pool_drained[MOST_DATABASES]; /* the last order of the watcher */
};

/* Let the errand of ATTEMPT, at the member with this INDEX, ask another member. */
static void
watch_move(struct dispatch *d, size_t index, struct attempt *attempt, struct todo *todo)
{
	struct errand *errand = attempt->errand;

	errand_leave_attempt(d, errand, todo);
	errand_ask(d, errand, index, todo);
}

/* Take MEMBER out of service, unless it has answered another attempt since ATTEMPT began. */
static void
watch_judge(struct member *member, const struct attempt *attempt, uint64_t now_ms)
{
	char reason[REASON_SIZE];

	if (!member->is_in || member->last_answer_ms > attempt->began_ms)
		return;
	snprintf(reason, sizeof(reason), "it has not answered for %.3g s",
		 (double)(now_ms - attempt->began_ms) / 1000);
	member_take_out(member, reason, now_ms);
}

/* Move the errands whose patience with this member is over. Another member is in service. */
static void
watch_move_overdue(struct dispatch *d, size_t index, uint64_t now_ms, struct todo *todo)
{
	struct member *member = &d->members.all[index];
	struct attempt *attempt, *following;

	for (attempt = TAILQ_FIRST(&member->attempts); attempt != NULL; attempt = following) {
		following = TAILQ_NEXT(attempt, link);
		if (now_ms < attempt->began_ms + attempt->patience_ms)
			continue;
		watch_judge(member, attempt, now_ms);
		watch_move(d, index, attempt, todo);
	}
}

/* Fail parked errands that have expired. Usually their owners withdraw them before. */
static void
watch_end_late(struct dispatch *d, uint64_t now_ms, struct todo *todo)
{
	struct errand *errand, *following;

	for (errand = TAILQ_FIRST(&d->parked); errand != NULL; errand = following) {
		char memory[REASON_SIZE];
		struct text reason = TEXT_OVER(memory);

		following = TAILQ_NEXT(errand, link);
		if (errand->asked->deadline_ms + LATE_MS > now_ms)
			continue;
		members_explain(&d->members, &reason);
		TAILQ_REMOVE(&d->parked, errand, link);
		errand_fail(errand, TICKET_TIMED_OUT, memory, todo);
	}
}

/* Ask for parked errands again. If all members are exhausted they fail. */
static void
watch_ask_for_parked(struct dispatch *d, struct todo *todo)
{
	struct errand *errand;

	while ((members_have_other(&d->members, NO_MEMBER) || members_are_exhausted(&d->members)) &&
	       (errand = TAILQ_FIRST(&d->parked)) != NULL) {
		TAILQ_REMOVE(&d->parked, errand, link);
		errand_ask(d, errand, NO_MEMBER, todo);
	}
}

static void
watch_move_waiting(struct dispatch *d, uint64_t now_ms, struct todo *todo)
{
	for (size_t i = 0; i < d->members.count; i++) {
		struct member *member = &d->members.all[i];
		struct attempt *attempt;

		if (!members_have_other(&d->members, i))
			continue;
		watch_move_overdue(d, i, now_ms, todo);
		if (member->is_in || member->is_drained)
			continue;
		while ((attempt = TAILQ_FIRST(&member->attempts)) != NULL)
			watch_move(d, i, attempt, todo);
	}
	watch_ask_for_parked(d, todo);
	watch_end_late(d, now_ms, todo);
}

static void
watch_collect_news(struct dispatch *d, struct news *news)
{
	for (size_t i = 0; i < d->members.count; i++) {
		struct member *member = &d->members.all[i];

		member->is_pool_drained = member->is_drained && member->in_flight == 0;
		news->is_pool_drained[i] = member->is_pool_drained;
		news->is_in[i] = member->is_in;
		news->is_taken_out[i] = member->is_drained;
		news->is_drained[i] = member->is_pool_drained && member->view.is_disconnected;
		snprintf(news->reasons[i], REASON_SIZE, "%s", member->reason);
	}
}

static void
watch_tell(struct dispatch *d, struct news *news)
{
	for (size_t i = 0; i < d->members.count; i++) {
		const struct member *member = &d->members.all[i];

		if (news->was_pool_drained[i] != news->is_pool_drained[i])
			pool_set_drained(member->pool, news->is_pool_drained[i]);
		news->was_pool_drained[i] = news->is_pool_drained[i];
		if (news->was_in[i] && !news->is_in[i] && !news->is_taken_out[i])
			log_warn("a database is out of service",
				 LOG_TEXT("reason", news->reasons[i]), LOG_DATABASE(member->name));
		if (!news->was_in[i] && news->is_in[i])
			log_info("a database is in service", LOG_DATABASE(member->name));
		if (!news->was_drained[i] && news->is_drained[i])
			log_info("a database is drained: nothing is connected to it",
				 LOG_DATABASE(member->name));
		news->was_in[i] = news->is_in[i];
		news->was_drained[i] = news->is_drained[i];
	}
}

/*
 * Return the time until the next check: at most half of the patience, so that no errand moves much too
 * late.
 */
static uint64_t
watch_tick_ms(const struct dispatch *d)
{
	uint64_t ms = TAILQ_EMPTY(&d->parked) ? TICK_MS : BUSY_TICK_MS;

	if (ms > d->attempt_ms / 2)
		ms = d->attempt_ms / 2;
	return ms > 0 ? ms : 1;
}

/* Wait until the next check is due. Return false if the dispatcher stops. */
static bool
watch_wait_for_tick(struct dispatch *d)
{
	struct timespec until;
	bool goes_on;

	pthread_mutex_lock(&d->mutex);
	until = clock_moment(clock_ms() + watch_tick_ms(d));
	if (!d->is_stopping)
		pthread_cond_timedwait(&d->changed, &d->mutex, &until);
	goes_on = !d->is_stopping;
	pthread_mutex_unlock(&d->mutex);
	return goes_on;
}

void *
watch_main(void *dispatch)
{
	struct dispatch *d = dispatch;
	struct news news = {0};

	do {
		struct pool_view views[MOST_DATABASES];
		uint64_t now_ms;
		struct todo todo;

		todo_init(&todo);
		for (size_t i = 0; i < d->members.count; i++)
			pool_view(d->members.all[i].pool, &views[i]);
		now_ms = clock_ms();
		pthread_mutex_lock(&d->mutex);
		for (size_t i = 0; i < d->members.count; i++)
			member_note_view(&d->members.all[i], &views[i],
					 !members_have_other(&d->members, i), now_ms);
		watch_move_waiting(d, now_ms, &todo);
		watch_collect_news(d, &news);
		todo_unlock_and_do(d, &todo);
		watch_tell(d, &news);
	} while (watch_wait_for_tick(d));
	return NULL;
}
