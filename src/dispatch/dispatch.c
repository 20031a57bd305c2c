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

#define ATTEMPTS_IN_TIME 4 /* an attempt may take this part of the pool time-out */
#define LONGEST_ATTEMPT	 1000

static bool
is_alone(const struct dispatch *d)
{
	return d->members.count == 1;
}

/* The pool that RESERVATION goes to without a choice; NULL: it may go to any. */
static struct pool *
dispatch_pool_for(const struct dispatch *d, const struct reservation *reservation)
{
	bool is_bound = reservation->task != RESERVATION_RESERVE ||
			(reservation->sequence != NULL && reservation->order == SEQUENCE_STRONG);

	return is_alone(d) || is_bound ? d->members.all[d->lowest].pool : NULL;
}

/* Submit RESERVATION to POOL, or answer it if the operator has taken the database out. */
static void
dispatch_submit_to(struct dispatch *d, struct pool *pool, struct reservation *reservation)
{
	bool is_drained = false, is_taken;

	if (!is_alone(d)) {
		pthread_mutex_lock(&d->mutex);
		is_drained = d->members.all[d->lowest].is_drained;
		pthread_mutex_unlock(&d->mutex);
	}
	if (is_drained) {
		snprintf(reservation->reason, REASON_SIZE,
			 "the operator has taken out the database that serves strong sequences");
		reservation->status = TICKET_DATABASE_FAILED;
		reservation->answer(reservation);
		return;
	}
	is_taken = pool_submit(pool, reservation);
	assert(is_taken); /* nobody has it who could have wanted it back */
}

/* --- reservations -------------------------------------------------------------------------------- */

void
dispatch_submit(struct dispatch *d, struct reservation *reservation)
{
	struct pool *pool = dispatch_pool_for(d, reservation);
	struct errand *errand;
	struct todo todo;

	if (pool != NULL) {
		dispatch_submit_to(d, pool, reservation);
		return;
	}
	errand = xcalloc(1, sizeof(*errand));
	errand->asked = reservation;
	reservation->carrier = errand;
	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	if (d->is_stopping)
		errand_fail(errand, TICKET_DRAINING, STATUS_DRAINING, &todo);
	else
		errand_ask(d, errand, NO_MEMBER, &todo);
	todo_unlock_and_do(d, &todo);
}

bool
dispatch_withdraw(struct dispatch *d, struct reservation *reservation)
{
	struct pool *pool = dispatch_pool_for(d, reservation);
	struct text reason;
	struct errand *errand;
	struct todo todo;

	if (pool != NULL)
		return pool_withdraw(pool, reservation);
	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	errand = reservation->carrier;
	if (errand != NULL) {
		reservation->carrier = NULL;
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

void
dispatch_explain(struct dispatch *d, struct text *reason)
{
	if (is_alone(d)) {
		pool_explain(d->members.all[0].pool, reason);
		return;
	}
	pthread_mutex_lock(&d->mutex);
	members_explain(&d->members, reason);
	pthread_mutex_unlock(&d->mutex);
}

/* --- what is known ------------------------------------------------------------------------------- */

/* The only one is asked at once: nobody else looks at it. */
static void
describe_alone(struct dispatch *d, struct database_state *state)
{
	struct member member = d->members.all[0];

	pool_look(member.pool, &member.look);
	member.is_in = true;
	member_describe(&member, state);
}

size_t
dispatch_states(struct dispatch *d, struct database_state *states)
{
	if (is_alone(d)) {
		describe_alone(d, &states[0]);
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
		member_take_out(member, "the operator has just given it back", clock_ms());
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
}

/* --- birth and death ----------------------------------------------------------------------------- */

static void
init_member(struct member *member, const struct pool_settings *settings)
{
	member->pool = pool_new(settings);
	member->name = settings->name;
	member->space = pool_space(member->pool);
	pool_look(member->pool, &member->look);
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
	d->members.count = settings->count;
	d->is_of_sequences = settings->is_of_sequences;
	d->members.is_failover = settings->is_failover;
	d->members.all = xcalloc(settings->count, sizeof(*d->members.all));
	for (size_t i = 0; i < settings->count; i++)
		init_member(&d->members.all[i], &settings->pools[i]);
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
	if (is_alone(d))
		return true;
	errno = pthread_create(&d->watcher, NULL, watch_main, d);
	d->has_watcher = errno == 0;
	return d->has_watcher;
}

void
dispatch_wait_looked(struct dispatch *d, uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	for (size_t i = 0; i < d->members.count; i++) {
		uint64_t now_ms = clock_ms();

		pool_wait_looked(d->members.all[i].pool, now_ms < until_ms ? until_ms - now_ms : 0);
	}
}

/* Afterwards nothing is asked of any pool any more. */
static void
stop_asking(struct dispatch *d)
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

/* All are closed before one is waited for, which may take all the time there is. */
bool
dispatch_stop(struct dispatch *d, uint64_t deadline_ms)
{
	bool have_ended = true;

	stop_asking(d);
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
	for (size_t i = 0; i < d->members.count; i++)
		pool_free(d->members.all[i].pool);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->mutex);
	free(d->members.all);
	free(d);
}
