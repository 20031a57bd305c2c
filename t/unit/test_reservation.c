#include <criterion/criterion.h>
#include <signal.h>

#include "ticket/reservation.h"

enum step { QUEUE, TAKE, RECALL, RETURN };

/* A step, the place it leads to, and its result. A step that is not here is a bug, and ends the process. */
struct passage {
	enum reservation_place from;
	enum step step;
	enum reservation_place to;
	bool is_granted;
};

static const struct passage passages[] = {
	{RESERVATION_OWNER, QUEUE, RESERVATION_QUEUED, true},
	{RESERVATION_OWNER, RECALL, RESERVATION_RECALLED, false},
	{RESERVATION_QUEUED, TAKE, RESERVATION_TAKEN, true},
	{RESERVATION_QUEUED, RECALL, RESERVATION_OWNER, true},
	{RESERVATION_TAKEN, QUEUE, RESERVATION_QUEUED, true},
	{RESERVATION_TAKEN, RECALL, RESERVATION_RECALLED, false},
	{RESERVATION_TAKEN, RETURN, RESERVATION_OWNER, true},
	{RESERVATION_RECALLED, QUEUE, RESERVATION_RECALLED, false},
	{RESERVATION_RECALLED, RECALL, RESERVATION_RECALLED, false},
	{RESERVATION_RECALLED, RETURN, RESERVATION_OWNER, true},
};

static bool
go(struct reservation *reservation, enum step step)
{
	switch (step) {
	case QUEUE: return reservation_queue(reservation);
	case RECALL: return reservation_recall(reservation);
	case TAKE: reservation_take(reservation); break;
	case RETURN: reservation_return(reservation); break;
	}
	return true;
}

Test(reservation, each_legal_step_leads_to_its_place)
{
	for (size_t i = 0; i < ARRAY_LENGTH(passages); i++) {
		const struct passage *passage = &passages[i];
		struct reservation reservation = {.count = 1, .place = passage->from};

		cr_assert_eq(go(&reservation, passage->step), passage->is_granted, "passage %zu",
			     i);
		cr_assert_eq(reservation.place, passage->to, "passage %zu", i);
	}
}

Test(reservation, a_session_takes_only_a_queued_reservation, .signal = SIGABRT)
{
	struct reservation reservation = {.count = 1};

	reservation_take(&reservation);
}

Test(reservation, two_queues_cannot_have_one_reservation, .signal = SIGABRT)
{
	struct reservation reservation = {.count = 1, .place = RESERVATION_QUEUED};

	(void)!reservation_queue(&reservation);
}

Test(reservation, a_waiting_reservation_cannot_be_returned, .signal = SIGABRT)
{
	struct reservation reservation = {.count = 1, .place = RESERVATION_QUEUED};

	reservation_return(&reservation);
}

Test(reservation, a_reservation_of_nothing_enters_no_queue, .signal = SIGABRT)
{
	struct reservation reservation = {.count = 0};

	(void)!reservation_queue(&reservation);
}
