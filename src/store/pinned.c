#include <inttypes.h>

#include "store/pinned.h"

void
pinned_describe(const struct ticket_space *space, struct text *text)
{
	text_addf(text,
		  "TICKR_MAX_NODES=%" PRIu64 " TICKR_NODE_NUMBER=%" PRIu64
		  " TICKR_STARTING_OFFSET=%" PRIu64,
		  space->max_nodes, space->node_number, space->starting_offset);
}

bool
pinned_fits(const struct ticket_space *pinned, const struct ticket_space *set, struct text *reason)
{
	if (space_equals(pinned, set))
		return true;
	text_add(reason, "the database is pinned to ");
	pinned_describe(pinned, reason);
	text_add(reason, ", the server is set to ");
	pinned_describe(set, reason);
	text_add(reason, ": fix the settings, or name this node's own database");
	return false;
}

void
pinned_explain_behind(const struct ticket_space *space, uint64_t found, uint64_t wanted,
		      struct text *reason)
{
	uint64_t ticket = 0;

	(void)!space_ticket(space, wanted, &ticket);
	text_addf(reason,
		  "table `tickets`: found, and its counter is at %" PRIu64
		  "; to continue after that ticket it must be at %" PRIu64
		  ". createdb moves no counter: run tickrd advance --past %" PRIu64
		  ", then createdb again",
		  found, wanted, ticket);
}
