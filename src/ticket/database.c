#include <inttypes.h>

#include "ticket/database.h"
#include "ticket/json.h"

const char *
database_condition_name(enum database_condition condition)
{
	static const char *const names[DATABASE_CONDITIONS] = {
		[DATABASE_UP] = "up",		[DATABASE_DOWN] = "down",
		[DATABASE_REFUSED] = "refused", [DATABASE_DRAINING] = "draining",
		[DATABASE_DRAINED] = "drained",
	};

	return names[condition];
}

bool
database_issues_ids(const struct database_state *state)
{
	return state->condition == DATABASE_UP && space_left(state->space, state->newest_base) > 0;
}

bool
database_last_ticket(const struct database_state *state, uint64_t *ticket)
{
	uint64_t last = space_last_base(state->space);
	uint64_t newest = state->newest_base < last ? state->newest_base : last;

	return space_ticket(state->space, newest, ticket);
}

void
database_add_json(const struct database_state *state, bool with_reason, struct text *text)
{
	uint64_t ticket;

	text_add(text, "{\"host\":");
	json_add_string(text, state->name);
	text_addf(text, ",\"node\":%" PRIu64 ",\"state\":\"%s\",\"last_ticket\":",
		  state->space->node_number, database_condition_name(state->condition));
	if (database_last_ticket(state, &ticket))
		text_addf(text, "%" PRIu64, ticket);
	else
		text_add(text, "null");
	if (with_reason && state->reason[0] != '\0') {
		text_add(text, ",\"reason\":");
		json_add_string(text, state->reason);
	}
	text_add(text, "}");
}
