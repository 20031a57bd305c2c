#include <stddef.h>

#include "base/memory.h"
#include "held/key.h"
#include "held/work.h"
#include "ticket/waiting.h"

struct held_work *
held_work_new(struct held_key *key)
{
	struct held_work *work = xcalloc(1, sizeof(*work));

	work->key = key;
	LIST_INIT(&work->fetches);
	TAILQ_INIT(&work->waiting);
	return work;
}

void
held_work_wait(struct held_work *work, struct reservation *reservation)
{
	reservation->carrier = (void *)(uintptr_t)++work->arrivals;
	TAILQ_INSERT_TAIL(&work->waiting, &reservation->mail, link);
}

static uint64_t
held_work_arrival(const struct reservation *reservation)
{
	return (uintptr_t)reservation->carrier;
}

uint64_t
held_work_waited(const struct held_work *work)
{
	struct mail *first = TAILQ_FIRST(&work->waiting);

	if (first != NULL && work->is_single)
		return reservation_of(first)->count;
	return waiting_count(&work->waiting);
}

unsigned
held_work_out(const struct held_work *work)
{
	const struct held_fetch *fetch;
	unsigned out = 0;

	LIST_FOREACH(fetch, &work->fetches, link)
	out++;
	return out;
}

bool
held_work_is_covered(const struct held_work *work)
{
	struct mail *last = TAILQ_LAST(&work->waiting, mail_list);
	const struct held_fetch *fetch;

	LIST_FOREACH(fetch, &work->fetches, link)
	if (held_work_arrival(reservation_of(last)) <= fetch->serves_until)
		return true;
	return false;
}

void
held_work_pass(struct held_work *work)
{
	struct held_fetch *fetch;

	LIST_FOREACH(fetch, &work->fetches, link)
	if (fetch->serves_until == FETCH_FOR_ALL)
		fetch->serves_until = work->arrivals;
}

struct reservation *
held_work_first(const struct held_work *work, uint64_t until)
{
	struct mail *first = TAILQ_FIRST(&work->waiting);

	if (first == NULL || held_work_arrival(reservation_of(first)) > until)
		return NULL;
	return reservation_of(first);
}

void
held_work_answer(struct held_work *work, struct reservation *reservation,
		 const struct ticket_range *bases, const struct ticket_space *space,
		 struct mail_list *answered)
{
	reservation->status = TICKET_OK;
	reservation->revision = work->key->revision;
	reservation->bases = *bases;
	reservation->space = space;
	reservation_take(reservation);
	TAILQ_REMOVE(&work->waiting, &reservation->mail, link);
	TAILQ_INSERT_TAIL(answered, &reservation->mail, link);
}

void
held_work_shrink(struct held_work *work, const struct reservation *brought,
		 struct mail_list *answered)
{
	struct mail *mail = TAILQ_FIRST(&work->waiting), *following;

	if (mail == NULL)
		return;
	if (brought->count > reservation_of(mail)->count) {
		work->is_single = true;
		return;
	}
	for (; mail != NULL; mail = following) {
		following = TAILQ_NEXT(mail, link);
		if (reservation_of(mail)->count >= brought->count)
			waiting_fail_one(&work->waiting, mail, brought->status, brought->reason,
					 answered);
	}
}
