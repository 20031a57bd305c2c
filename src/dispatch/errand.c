#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "dispatch/errand.h"

#define MOST_DOUBLINGS 2   /* of the patience */
#define ROWS_IN_MS     100 /* that even a busy database inserts, so that large batches have time */
#define MOST_ATTEMPTS  100 /* so that an errand ends although databases fail and recover in turns */

/* --- actions without the mutex ------------------------------------------------------------------- */

void
todo_init(struct todo *todo)
{
	TAILQ_INIT(&todo->withdrawals);
	TAILQ_INIT(&todo->submits);
	TAILQ_INIT(&todo->answers);
}

/* Note that the pool has returned ATTEMPT. With the mutex held. */
static void
errand_note_back(struct dispatch *d, struct attempt *attempt)
{
	attempt->is_back = true;
	d->members.all[attempt->member].in_flight--;
}

/*
 * Withdraw the attempts that no errand waits for. If a session works on one, the attempt ends when the
 * pool returns it.
 */
static void
errand_withdraw_all(struct dispatch *d, struct attempt_list *withdrawals)
{
	struct attempt *attempt;

	while ((attempt = TAILQ_FIRST(withdrawals)) != NULL) {
		struct member *member = &d->members.all[attempt->member];
		bool is_ours = source_withdraw(&member->source, &attempt->reservation);
		bool is_back;

		TAILQ_REMOVE(withdrawals, attempt, withdraw_link);
		pthread_mutex_lock(&d->mutex);
		attempt->is_withdrawn = false;
		if (is_ours)
			errand_note_back(d, attempt);
		is_back = attempt->is_back;
		pthread_mutex_unlock(&d->mutex);
		if (is_back)
			free(attempt);
	}
}

/*
 * End ATTEMPT, which another thread has withdrawn before this thread could submit it. If the other
 * thread still uses ATTEMPT, that thread frees it.
 */
static void
errand_end_unsubmitted(struct dispatch *d, struct attempt *attempt)
{
	bool is_free;

	pthread_mutex_lock(&d->mutex);
	errand_note_back(d, attempt);
	is_free = !attempt->is_withdrawn;
	pthread_mutex_unlock(&d->mutex);
	if (is_free)
		free(attempt);
}

/* Submit the attempts. Each may be gone as soon as its pool has it. */
static void
errand_submit_all(struct dispatch *d, struct attempt_list *submits)
{
	struct attempt *attempt;

	if (TAILQ_EMPTY(submits))
		return;
	while ((attempt = TAILQ_FIRST(submits)) != NULL) {
		TAILQ_REMOVE(submits, attempt, submit_link);
		if (!source_submit(&d->members.all[attempt->member].source, &attempt->reservation))
			errand_end_unsubmitted(d, attempt);
	}
	pthread_mutex_lock(&d->mutex);
	if (--d->acting == 0)
		pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
}

void
todo_unlock_and_do(struct dispatch *d, struct todo *todo)
{
	struct errand *errand;

	if (!TAILQ_EMPTY(&todo->submits))
		d->acting++;
	pthread_mutex_unlock(&d->mutex);
	errand_withdraw_all(d, &todo->withdrawals);
	errand_submit_all(d, &todo->submits);
	while ((errand = TAILQ_FIRST(&todo->answers)) != NULL) {
		struct reservation *asked = errand->asked;

		TAILQ_REMOVE(&todo->answers, errand, link);
		free(errand);
		asked->answer(asked);
	}
}

/* --- the ends of an errand ------------------------------------------------------------------------ */

/* End ERRAND. From here on its reservation cannot be withdrawn. With the mutex held. */
static void
errand_finish(struct errand *errand, enum ticket_status status, struct todo *todo)
{
	reservation_take(errand->asked);
	errand->asked->status = status;
	TAILQ_INSERT_TAIL(&todo->answers, errand, link);
}

void
errand_fail(struct errand *errand, enum ticket_status status, const char *reason, struct todo *todo)
{
	snprintf(errand->asked->reason, REASON_SIZE, "%s", reason);
	errand_finish(errand, status, todo);
}

/*
 * Return true if every base of ANSWERED has a ticket. If not, the database is at the end of the space. The pool has
 * compared numbers of a named sequence with its last number.
 */
static bool
errand_is_in_space(const struct reservation *answered)
{
	return answered->sequence != NULL ||
	       space_count(answered->space, &answered->bases) == answered->bases.count;
}

/* Return true if ANSWERED failed because of its sequence, while the database is sound. */
static bool
errand_is_of_sequence(const struct reservation *answered)
{
	return answered->sequence != NULL &&
	       (answered->status == TICKET_EXHAUSTED || answered->status == TICKET_NO_SEQUENCE);
}

/*
 * Ask another member: one database takes fewer bases in a statement, another one may take as many. The
 * member stays in service. With the mutex held.
 */
static void
errand_note_too_large(struct dispatch *d, struct errand *errand, const struct attempt *attempt,
		      struct todo *todo)
{
	if (errand == NULL)
		return;
	if (d->is_stopping || errand->attempts >= d->members.count ||
	    !members_have_other(&d->members, attempt->member))
		errand_fail(errand, TICKET_TOO_LARGE, attempt->reservation.reason, todo);
	else
		errand_ask(d, errand, attempt->member, todo);
}

/*
 * Note that ATTEMPT has failed. If an errand still waits for it, ask another member. With the mutex
 * held.
 */
static void
errand_note_failure(struct dispatch *d, struct attempt *attempt, struct todo *todo)
{
	struct errand *errand = attempt->errand;
	struct member *member = &d->members.all[attempt->member];
	enum ticket_status status = attempt->reservation.status;
	const char *reason = attempt->reservation.reason;

	if (status == TICKET_OK) {
		status = TICKET_EXHAUSTED;
		reason = SPACE_EXHAUSTED;
	}
	member->is_exhausted = status == TICKET_EXHAUSTED;
	if (status != TICKET_DRAINING) {
		member_take_out(member, reason, clock_ms());
		/* Other errands may wait for this database: the watcher moves them. */
		pthread_cond_broadcast(&d->changed);
	}
	if (errand == NULL)
		return;
	if (d->is_stopping || errand->attempts >= MOST_ATTEMPTS)
		errand_fail(errand, status, reason, todo);
	else
		errand_ask(d, errand, attempt->member, todo);
}

/* Runs in a pool thread. */
static void
errand_on_answer(struct reservation *reservation)
{
	struct attempt *attempt = CONTAINER_OF(reservation, struct attempt, reservation);
	struct dispatch *d = attempt->dispatch;
	struct member *member = &d->members.all[attempt->member];
	struct errand *errand;
	struct todo todo;
	bool is_free;

	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	errand_note_back(d, attempt);
	member->last_answer_ms = clock_ms();
	errand = attempt->errand;
	if (errand != NULL) {
		TAILQ_REMOVE(&member->attempts, attempt, link);
		errand->attempt = NULL;
	}
	if (reservation->status == TICKET_OK && errand_is_in_space(reservation)) {
		member->is_exhausted = false;
		if (reservation->sequence == NULL)
			member_note_bases(member, &reservation->bases);
		if (errand != NULL) {
			errand->asked->bases = reservation->bases;
			errand->asked->space = reservation->space;
			errand->asked->taken_us = reservation->taken_us;
			errand->asked->revision = reservation->revision;
			errand_finish(errand, TICKET_OK, &todo);
		}
	} else if (errand_is_of_sequence(reservation)) {
		if (errand != NULL)
			errand_fail(errand, reservation->status, reservation->reason, &todo);
	} else if (reservation->status == TICKET_TOO_LARGE) {
		errand_note_too_large(d, errand, attempt, &todo);
	} else {
		errand_note_failure(d, attempt, &todo);
	}
	is_free = !attempt->is_withdrawn;
	todo_unlock_and_do(d, &todo);
	if (is_free)
		free(attempt);
}

/* --- the way of an errand ------------------------------------------------------------------------- */

/*
 * How long to wait for the next attempt of ERRAND. The patience grows with each attempt: if every
 * database is slow, a constant one would abandon the work of each, again and again. Many rows take more
 * time.
 */
static uint64_t
errand_patience_ms(const struct dispatch *d, const struct errand *errand)
{
	unsigned doublings = errand->attempts < MOST_DOUBLINGS ? errand->attempts : MOST_DOUBLINGS;

	return (d->attempt_ms << doublings) + errand->asked->count / ROWS_IN_MS;
}

/*
 * Return an attempt at MEMBER. The pool must not retry it when a session is lost, so it begins
 * with one loss: another database is a better choice.
 */
static struct attempt *
errand_new_attempt(struct dispatch *d, size_t member, struct errand *errand, uint64_t now_ms)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->reservation.count = errand->asked->count;
	attempt->reservation.sequence = errand->asked->sequence;
	attempt->reservation.revision = errand->asked->revision;
	attempt->reservation.order = errand->asked->order;
	attempt->reservation.deadline_ms = errand->asked->deadline_ms;
	attempt->reservation.losses = 1;
	attempt->reservation.answer = errand_on_answer;
	attempt->dispatch = d;
	attempt->member = member;
	attempt->errand = errand;
	attempt->began_ms = now_ms;
	attempt->patience_ms = errand_patience_ms(d, errand);
	return attempt;
}

void
errand_ask(struct dispatch *d, struct errand *errand, size_t except, struct todo *todo)
{
	uint64_t now_ms = clock_ms();
	size_t chosen = members_choose(&d->members, except, now_ms);
	struct member *member;

	if (chosen == NO_MEMBER && members_are_exhausted(&d->members)) {
		errand_fail(errand, TICKET_EXHAUSTED, d->members.all[0].reason, todo);
		return;
	}
	if (chosen == NO_MEMBER) {
		TAILQ_INSERT_TAIL(&d->parked, errand, link);
		return;
	}
	member = &d->members.all[chosen];
	errand->attempt = errand_new_attempt(d, chosen, errand, now_ms);
	errand->attempts++;
	member->in_flight++;
	TAILQ_INSERT_TAIL(&member->attempts, errand->attempt, link);
	TAILQ_INSERT_TAIL(&todo->submits, errand->attempt, submit_link);
}

void
errand_leave_attempt(struct dispatch *d, struct errand *errand, struct todo *todo)
{
	struct attempt *attempt = errand->attempt;

	errand->attempt = NULL;
	attempt->errand = NULL;
	attempt->is_withdrawn = true;
	TAILQ_REMOVE(&d->members.all[attempt->member].attempts, attempt, link);
	TAILQ_INSERT_TAIL(&todo->withdrawals, attempt, withdraw_link);
}
