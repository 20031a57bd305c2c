#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "dispatch/dispatch.h"
#include "dispatch/errand.h"

#define ATTEMPTS_IN_TIME 4    /* that fit into the pool time-out */
#define LONGEST_ATTEMPT	 1000 /* ms */

/* --- reservations -------------------------------------------------------------------------------- */

/* Return true if RESERVATION must go to the database with the lowest node number. */
static bool
dispatch_is_bound(const struct reservation *reservation)
{
	return reservation->task != RESERVATION_RESERVE ||
	       (reservation->sequence != NULL && reservation->order == SEQUENCE_STRONG);
}

/* Submit RESERVATION to the pool of the lowest node, or fail it if the operator has drained that. */
static bool
dispatch_submit_bound(struct dispatch *d, struct reservation *reservation)
{
	struct member *member = &d->members.all[d->lowest];
	bool is_drained;

	pthread_mutex_lock(&d->mutex);
	is_drained = member->is_drained;
	pthread_mutex_unlock(&d->mutex);
	if (!is_drained)
		return source_submit(&member->source, reservation);
	if (!reservation_queue(reservation))
		return false;
	reservation_take(reservation);
	snprintf(reservation->reason, REASON_SIZE,
		 "the operator has taken out the database that serves strong sequences");
	reservation->status = TICKET_DATABASE_FAILED;
	reservation->answer(reservation);
	return true;
}

static bool
dispatch_submit(void *self, struct reservation *reservation)
{
	struct dispatch *d = self;
	struct errand *errand;
	struct todo todo;

	if (dispatch_is_bound(reservation))
		return dispatch_submit_bound(d, reservation);
	errand = xcalloc(1, sizeof(*errand));
	errand->asked = reservation;
	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	if (!reservation_queue(reservation)) {
		pthread_mutex_unlock(&d->mutex);
		free(errand);
		return false;
	}
	reservation->carrier = errand;
	if (d->is_stopping)
		errand_fail(errand, TICKET_DRAINING, STATUS_DRAINING, &todo);
	else
		errand_ask(d, errand, NO_MEMBER, &todo);
	todo_unlock_and_do(d, &todo);
	return true;
}

static bool
dispatch_withdraw(void *self, struct reservation *reservation)
{
	struct dispatch *d = self;
	struct errand *errand = NULL;
	struct text reason;
	struct todo todo;

	if (dispatch_is_bound(reservation))
		return source_withdraw(&d->members.all[d->lowest].source, reservation);
	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	if (reservation_withdraw(reservation)) {
		errand = reservation->carrier;
		reason = TEXT_OVER(reservation->reason);
		members_explain(&d->members, &reason);
		if (errand->attempt != NULL)
			errand_leave_attempt(d, errand, &todo);
		else
			TAILQ_REMOVE(&d->parked, errand, link);
	}
	todo_unlock_and_do(d, &todo);
	free(errand);
	return errand != NULL;
}

static void
dispatch_explain(void *self, struct text *reason)
{
	struct dispatch *d = self;

	pthread_mutex_lock(&d->mutex);
	members_explain(&d->members, reason);
	pthread_mutex_unlock(&d->mutex);
}

struct source
dispatch_source(struct dispatch *d)
{
	if (d->members.count == 1)
		return d->members.all[0].source;
	return (struct source){
		.submit = dispatch_submit,
		.withdraw = dispatch_withdraw,
		.explain = dispatch_explain,
		.self = d,
	};
}

/* --- states -------------------------------------------------------------------------------------- */

size_t
dispatch_states(struct dispatch *d, struct database_state *states)
{
	if (d->members.count == 1) { /* it has no watcher */
		struct member member = d->members.all[0];

		pool_view(member.pool, &member.view);
		member.is_in = true;
		member_describe(&member, &states[0]);
		return 1;
	}
	pthread_mutex_lock(&d->mutex);
	for (size_t i = 0; i < d->members.count; i++)
		member_describe(&d->members.all[i], &states[i]);
	pthread_mutex_unlock(&d->mutex);
	return d->members.count;
}

/* --- the operator -------------------------------------------------------------------------------- */

bool
dispatch_drain(struct dispatch *d, size_t database)
{
	struct member *member = &d->members.all[database];
	bool is_allowed;

	assert(database < d->members.count);
	pthread_mutex_lock(&d->mutex);
	is_allowed = member->is_drained || d->is_of_sequences ||
		     members_have_other(&d->members, database);
	if (is_allowed) {
		member->is_in = false;
		member->is_drained = true;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->mutex);
	return is_allowed;
}

void
dispatch_resume(struct dispatch *d, size_t database)
{
	struct member *member = &d->members.all[database];
	bool was_drained;

	assert(database < d->members.count);
	pthread_mutex_lock(&d->mutex);
	was_drained = member->is_drained;
	member->is_drained = false;
	if (was_drained)
		member_take_out(member,
				"the operator has just resumed it, and it has not answered yet",
				clock_ms());
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
}

/* --- birth and death ----------------------------------------------------------------------------- */

static void
dispatch_init_member(struct member *member, const struct pool_settings *settings)
{
	member->pool = pool_new(settings);
	member->source = pool_source(member->pool);
	member->name = settings->name;
	member->space = pool_space(member->pool);
	pool_view(member->pool, &member->view);
	TAILQ_INIT(&member->attempts);
}

struct dispatch *
dispatch_new(const struct dispatch_settings *settings)
{
	struct dispatch *d = xcalloc(1, sizeof(*d));

	assert(settings->count >= 1 && settings->count <= MOST_DATABASES);
	d->attempt_ms = settings->pool_timeout_ms / ATTEMPTS_IN_TIME;
	if (d->attempt_ms > LONGEST_ATTEMPT)
		d->attempt_ms = LONGEST_ATTEMPT;
	pthread_mutex_init(&d->mutex, NULL);
	clock_cond_init(&d->changed);
	TAILQ_INIT(&d->parked);
	d->is_of_sequences = settings->is_of_sequences;
	d->members.count = settings->count;
	d->members.is_failover = settings->is_failover;
	d->members.all = xcalloc(settings->count, sizeof(*d->members.all));
	for (size_t i = 0; i < settings->count; i++)
		dispatch_init_member(&d->members.all[i], &settings->pools[i]);
	for (size_t i = 1; i < settings->count; i++)
		if (d->members.all[i].space->node_number <
		    d->members.all[d->lowest].space->node_number)
			d->lowest = i;
	return d;
}

bool
dispatch_start(struct dispatch *d)
{
	for (size_t i = 0; i < d->members.count; i++)
		if (!pool_start(d->members.all[i].pool))
			return false;
	if (d->members.count == 1)
		return true;
	errno = pthread_create(&d->watcher, NULL, watch_main, d);
	d->has_watcher = errno == 0;
	return d->has_watcher;
}

void
dispatch_wait_known(struct dispatch *d, uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	for (size_t i = 0; i < d->members.count; i++) {
		uint64_t now_ms = clock_ms();

		pool_wait_known(d->members.all[i].pool, now_ms < until_ms ? until_ms - now_ms : 0);
	}
}

/*
 * Stop the watcher, and fail the parked errands. After this the dispatcher submits nothing to any pool.
 */
static void
dispatch_stop_asking(struct dispatch *d)
{
	struct errand *errand;
	struct todo todo;

	pthread_mutex_lock(&d->mutex);
	d->is_stopping = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
	if (d->has_watcher)
		pthread_join(d->watcher, NULL);
	d->has_watcher = false;

	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	while (d->acting > 0)
		pthread_cond_wait(&d->changed, &d->mutex);
	while ((errand = TAILQ_FIRST(&d->parked)) != NULL) {
		TAILQ_REMOVE(&d->parked, errand, link);
		errand_fail(errand, TICKET_DRAINING, STATUS_DRAINING, &todo);
	}
	todo_unlock_and_do(d, &todo);
}

/* Close all pools before the wait for the first one, which may last until the deadline. */
bool
dispatch_stop(struct dispatch *d, uint64_t deadline_ms)
{
	bool have_ended = true;

	dispatch_stop_asking(d);
	for (size_t i = 0; i < d->members.count; i++)
		pool_close(d->members.all[i].pool);
	for (size_t i = 0; i < d->members.count; i++)
		have_ended = pool_stop(d->members.all[i].pool, deadline_ms) && have_ended;
	return have_ended;
}

bool
dispatch_give_back(struct dispatch *d, const struct ticket_space *space,
		   const struct ticket_range *bases)
{
	for (size_t i = 0; i < d->members.count; i++)
		if (d->members.all[i].space == space)
			return pool_give_back(d->members.all[i].pool, bases);
	return false;
}

void
dispatch_free(struct dispatch *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->members.count; i++)
		pool_free(d->members.all[i].pool);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->mutex);
	free(d->members.all);
	free(d);
}
