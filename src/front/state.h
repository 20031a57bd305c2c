/* The inside of a front, for front.c and rows.c. */
#ifndef TICKR_FRONT_STATE_H
#define TICKR_FRONT_STATE_H

#include "front/budget.h"
#include "front/front.h"

struct front {
	struct front_settings settings;
	struct front_budget scrambling;
};

/* Return a request that reads the row NAME. The allocator frees its result. */
struct ticket_request front_ask_for_row(const struct front *front, const char *name,
					size_t len) MUST_CHECK;

#endif
