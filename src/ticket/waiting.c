#include <stdio.h>

#include "ticket/reservation.h"
#include "ticket/waiting.h"

#define MOST_WAITED \
	50000 /* of the bases in one fetch for waiting reservations, unless one wants more */

uint64_t
waiting_count(const struct mail_list *waiting)
{
	uint64_t total = 0;
	struct mail *mail;

	TAILQ_FOREACH (mail, waiting, link) {
		uint32_t count = reservation_of(mail)->count;

		if (total > 0 && total + count > MOST_WAITED)
			break;
		total += count;
	}
	return total;
}

void
waiting_fail_one(struct mail_list *waiting, struct mail *mail, enum ticket_status status,
		 const char *reason, struct mail_list *answered)
{
	struct reservation *reservation = reservation_of(mail);

	reservation->status = status;
	snprintf(reservation->reason, sizeof(reservation->reason), "%s", reason);
	reservation_take(reservation);
	TAILQ_REMOVE(waiting, mail, link);
	TAILQ_INSERT_TAIL(answered, mail, link);
}

void
waiting_fail(struct mail_list *waiting, uint64_t until_ms, enum ticket_status status,
	     const char *reason, struct mail_list *answered)
{
	struct mail *mail, *following;

	for (mail = TAILQ_FIRST(waiting); mail != NULL; mail = following) {
		following = TAILQ_NEXT(mail, link);
		if (reservation_of(mail)->deadline_ms <= until_ms)
			waiting_fail_one(waiting, mail, status, reason, answered);
	}
}

void
waiting_answer(struct mail_list *answered)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(answered)) != NULL) {
		TAILQ_REMOVE(answered, mail, link);
		reservation_of(mail)->answer(reservation_of(mail));
	}
}
