#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "dispatch/errand.h"

#define MOST_DOUBLINGS 2   /* of the patience */
#define ROWS_IN_MS     100 /* what even a busy database inserts, so that large batches have time */
#define MOST_ATTEMPTS  100 /* a database that fails and is well again in turns ends somewhere */

/* --- what is done without the mutex -------------------------------------------------------------- */

void
todo_init(struct todo *todo)
{
	TAILQ_INIT(&todo->recalls);
	TAILQ_INIT(&todo->submits);
	TAILQ_INIT(&todo->answers);
}

/* With the mutex: the pool has given ATTEMPT back. */
static void
note_back(struct dispatch *d, struct attempt *attempt)
{
	attempt->is_back = true;
	d->members.all[attempt->member].in_flight--;
}

/* Nobody waits for them: where no session has begun with one it ends here, else when it comes back. */
static void
recall_all(struct dispatch *d, struct attempt_list *recalls)
{
	struct attempt *attempt;

	while ((attempt = TAILQ_FIRST(recalls)) != NULL) {
		struct member *member = &d->members.all[attempt->member];
		bool is_ours = pool_withdraw(member->pool, &attempt->reservation);
		bool is_back;

		TAILQ_REMOVE(recalls, attempt, recall_link);
		pthread_mutex_lock(&d->mutex);
		attempt->is_recalled = false;
		if (is_ours)
			note_back(d, attempt);
		is_back = attempt->is_back;
		pthread_mutex_unlock(&d->mutex);
		if (is_back)
			free(attempt);
	}
}

/* ATTEMPT was wanted back before its pool had it: who recalls it may be at that yet. */
static void
end_unsubmitted(struct dispatch *d, struct attempt *attempt)
{
	bool is_free;

	pthread_mutex_lock(&d->mutex);
	note_back(d, attempt);
	is_free = !attempt->is_recalled;
	pthread_mutex_unlock(&d->mutex);
	if (is_free)
		free(attempt);
}

static void
submit_all(struct dispatch *d, struct attempt_list *submits)
{
	struct attempt *attempt;

	if (TAILQ_EMPTY(submits))
		return;
	while ((attempt = TAILQ_FIRST(submits)) != NULL) {
		/* Before the pool has it: then it may be gone. */
		TAILQ_REMOVE(submits, attempt, submit_link);
		if (!pool_submit(d->members.all[attempt->member].pool, &attempt->reservation))
			end_unsubmitted(d, attempt);
	}
	pthread_mutex_lock(&d->mutex);
	if (--d->acting == 0)
		pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
}

/* Without the mutex. */
static void
do_all(struct dispatch *d, struct todo *todo)
{
	struct errand *errand;

	recall_all(d, &todo->recalls);
	submit_all(d, &todo->submits);
	while ((errand = TAILQ_FIRST(&todo->answers)) != NULL) {
		struct reservation *asked = errand->asked;

		TAILQ_REMOVE(&todo->answers, errand, link);
		free(errand);
		asked->answer(asked);
	}
}

void
todo_unlock_and_do(struct dispatch *d, struct todo *todo)
{
	if (!TAILQ_EMPTY(&todo->submits))
		d->acting++;
	pthread_mutex_unlock(&d->mutex);
	do_all(d, todo);
}

/* --- the ends of an errand ------------------------------------------------------------------------ */

/* From here on it cannot be withdrawn. */
static void
finish(struct errand *errand, enum ticket_status status, struct todo *todo)
{
	errand->asked->carrier = NULL;
	errand->asked->status = status;
	TAILQ_INSERT_TAIL(&todo->answers, errand, link);
}

void
errand_fail(struct errand *errand, enum ticket_status status, const char *reason, struct todo *todo)
{
	snprintf(errand->asked->reason, REASON_SIZE, "%s", reason);
	finish(errand, status, todo);
}

/* Whether every base of what came back is a ticket: if not, this database has no more of them. */
static bool
is_in_space(const struct reservation *answered)
{
	struct ticket_range ignored;

	return space_tickets(answered->space, &answered->bases, &ignored);
}

static void
succeed(struct errand *errand, const struct reservation *answered, struct todo *todo)
{
	errand->asked->bases = answered->bases;
	errand->asked->space = answered->space;
	errand->asked->revision = answered->revision;
	finish(errand, TICKET_OK, todo);
}

/* Whether the answer is about the named sequence, and the database is good. */
static bool
errand_is_of_sequence(const struct reservation *answered)
{
	return answered->sequence != NULL &&
	       (answered->status == TICKET_EXHAUSTED || answered->status == TICKET_NO_SEQUENCE);
}

/* With the mutex. The database is good, and takes fewer at a time: another may take as many. */
static void
note_too_large(struct dispatch *d, struct errand *errand, const struct attempt *attempt,
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

/* With the mutex. ATTEMPT has failed its errand, if anybody still waits for it. */
static void
note_failure(struct dispatch *d, struct attempt *attempt, struct todo *todo)
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
		/* Others may wait for it: the watcher moves them. */
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
on_answer(struct reservation *reservation)
{
	struct attempt *attempt = CONTAINER_OF(reservation, struct attempt, reservation);
	struct dispatch *d = attempt->dispatch;
	struct member *member = &d->members.all[attempt->member];
	struct errand *errand;
	struct todo todo;
	bool is_free;

	todo_init(&todo);
	pthread_mutex_lock(&d->mutex);
	note_back(d, attempt);
	member->last_answer_ms = clock_ms();
	errand = attempt->errand;
	if (errand != NULL) {
		TAILQ_REMOVE(&member->attempts, attempt, link);
		errand->attempt = NULL;
	}
	if (reservation->sequence != NULL && reservation->status == TICKET_OK) {
		if (errand != NULL)
			succeed(errand, reservation, &todo);
	} else if (errand_is_of_sequence(reservation)) {
		if (errand != NULL)
			errand_fail(errand, reservation->status, reservation->reason, &todo);
	} else if (reservation->status == TICKET_OK && is_in_space(reservation)) {
		member->is_exhausted = false;
		member_note_bases(member, &reservation->bases);
		if (errand != NULL)
			succeed(errand, reservation, &todo);
	} else if (reservation->status == TICKET_TOO_LARGE) {
		note_too_large(d, errand, attempt, &todo);
	} else {
		note_failure(d, attempt, &todo);
	}
	is_free = !attempt->is_recalled;
	todo_unlock_and_do(d, &todo);
	if (is_free)
		free(attempt);
}

/* --- the way of an errand ------------------------------------------------------------------------- */

/*
 * Where every database is slow, rather than one of them hung, to ask the next after the same time
 * would waste what each is at, again and again: so the patience grows. Many rows take their time.
 */
static uint64_t
patience_ms(const struct dispatch *d, const struct errand *errand)
{
	unsigned doublings = errand->attempts < MOST_DOUBLINGS ? errand->attempts : MOST_DOUBLINGS;

	return (d->attempt_ms << doublings) + errand->asked->count / ROWS_IN_MS;
}

/*
 * The one attempt that a pool makes of its own accord when a session is lost is counted as made:
 * a second one is better asked of another database.
 */
static struct attempt *
attempt_new(struct dispatch *d, size_t member, struct errand *errand, uint64_t now_ms)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->reservation.count = errand->asked->count;
	attempt->reservation.sequence = errand->asked->sequence;
	attempt->reservation.revision = errand->asked->revision;
	attempt->reservation.order = errand->asked->order;
	attempt->reservation.deadline_ms = errand->asked->deadline_ms;
	attempt->reservation.attempts = 1;
	attempt->reservation.answer = on_answer;
	attempt->dispatch = d;
	attempt->member = member;
	attempt->errand = errand;
	attempt->began_ms = now_ms;
	attempt->patience_ms = patience_ms(d, errand);
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
	errand->attempt = attempt_new(d, chosen, errand, now_ms);
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
	attempt->is_recalled = true;
	TAILQ_REMOVE(&d->members.all[attempt->member].attempts, attempt, link);
	TAILQ_INSERT_TAIL(&todo->recalls, attempt, recall_link);
}
