#include <assert.h>

#include "ticket/reservation.h"

bool
reservation_queue(struct reservation *reservation)
{
	assert(reservation->count > 0 || reservation->task != RESERVATION_RESERVE);
	assert(reservation->place != RESERVATION_QUEUED);
	if (reservation->place == RESERVATION_WITHDRAWN)
		return false;
	reservation->place = RESERVATION_QUEUED;
	return true;
}

void
reservation_take(struct reservation *reservation)
{
	assert(reservation->place == RESERVATION_QUEUED);
	reservation->place = RESERVATION_TAKEN;
}

bool
reservation_withdraw(struct reservation *reservation)
{
	bool was_queued = reservation->place == RESERVATION_QUEUED;

	reservation->place = was_queued ? RESERVATION_OWNER : RESERVATION_WITHDRAWN;
	return was_queued;
}

void
reservation_return(struct reservation *reservation)
{
	assert(reservation->place == RESERVATION_TAKEN ||
	       reservation->place == RESERVATION_WITHDRAWN);
	reservation->place = RESERVATION_OWNER;
}
