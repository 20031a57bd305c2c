#include "ticket/status.h"

const char *
ticket_status_name(enum ticket_status status)
{
	static const char *const names[TICKET_STATUSES] = {
		[TICKET_OK] = "ok",
		[TICKET_TIMED_OUT] = "timed_out",
		[TICKET_TOO_MANY_WAITING] = "too_many_waiting",
		[TICKET_DATABASE_FAILED] = "database_failed",
		[TICKET_DATABASE_REFUSED] = "database_refused",
		[TICKET_EXHAUSTED] = "exhausted",
		[TICKET_TOO_MANY] = "too_many",
		[TICKET_TOO_LARGE] = "too_large",
		[TICKET_DRAINING] = "draining",
		[TICKET_NO_SEQUENCE] = "no_sequence",
	};

	return names[status];
}
