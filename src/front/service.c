#include <inttypes.h>
#include <string.h>

#include "front/service.h"
#include "ticket/snowflake_id.h"

static bool
service_any_database_issues(const struct database_state *states, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (database_issues_ids(&states[i]))
			return true;
	return false;
}

/* If the audit is required and cannot be written, no id is issued. */
static bool
service_can_record(const struct ticket_service *service)
{
	char memory[SERVICE_REASON_SIZE];
	struct text problem = TEXT_OVER(memory);

	return service->events == NULL || service->events(service->arg, &problem);
}

bool
service_is_ready(const struct ticket_service *service)
{
	struct database_state states[MOST_DATABASES];
	uint64_t lasts_ms;

	if (!service_can_record(service))
		return false;
	if (service->reserved != NULL && service->reserved(service->arg, &lasts_ms) > 0)
		return true;
	return service_any_database_issues(states, service->databases(service->arg, states));
}

bool
service_store_is_ready(const struct ticket_service *service, const struct front_store *store)
{
	return service_can_record(service) && store->is_ready(store->arg);
}

bool
service_sequences_are_ready(const struct ticket_service *service)
{
	const struct front_store *own =
		front_stores_find(&service->stores, FRONT_STORE_OWN, strlen(FRONT_STORE_OWN));

	return own != NULL && service_store_is_ready(service, own);
}

static void
service_find_highest(struct service_status *status)
{
	uint64_t other;

	for (size_t i = 0; i < status->count; i++)
		if (database_last_ticket(&status->states[i], &other) &&
		    (!status->has_ticket || other > status->last_ticket)) {
			status->last_ticket = other;
			status->has_ticket = true;
		}
}

/* Return whether a database is up. Set *IS_LEFT to whether a database that is up has tickets left. */
static bool
service_is_any_up(const struct service_status *status, bool *is_left)
{
	bool is_up = false;

	*is_left = false;
	for (size_t i = 0; i < status->count; i++) {
		if (status->states[i].condition != DATABASE_UP)
			continue;
		is_up = true;
		if (space_left(status->states[i].space, status->states[i].newest_base) > 0)
			*is_left = true;
	}
	return is_up;
}

/* If there are several databases, name each, with an equal share of the room for its reason. */
static void
service_explain(const struct service_status *status, struct text *reason)
{
	const struct database_state *states = status->states;
	size_t share =
		(SERVICE_REASON_SIZE - sizeof("no database issues tickets: ")) / status->count;

	if (status->count == 1) {
		if (states[0].condition != DATABASE_REFUSED &&
		    !space_is_of_snowflakes(states[0].space))
			text_add(reason, "the database is down: ");
		text_add(reason, states[0].reason);
		return;
	}
	text_add(reason, "no database issues tickets: ");
	for (size_t i = 0; i < status->count; i++) {
		char memory[SERVICE_REASON_SIZE];
		struct text one = TEXT_OVER(memory);

		text_addf(&one, "%s%s (node %" PRIu64 ", %s): %s", i > 0 ? "; " : "",
			  states[i].name, states[i].space->node_number,
			  database_condition_name(states[i].condition), states[i].reason);
		text_add_cut(reason, memory, share);
	}
}

bool
service_look(const struct ticket_service *service, struct service_status *status,
	     struct text *reason)
{
	uint64_t lasts_ms;
	bool is_left;

	status->count = service->databases(service->arg, status->states);
	status->has_ticket = false;
	status->last_ticket = 0;
	service_find_highest(status);
	status->is_ahead = service->reserved != NULL;
	status->reserved = status->is_ahead ? service->reserved(service->arg, &lasts_ms) : 0;
	if (service->events != NULL && !service->events(service->arg, reason))
		return false;
	if (status->reserved > 0)
		return true;
	if (!service_is_any_up(status, &is_left))
		service_explain(status, reason);
	else if (!is_left)
		text_add(reason, space_is_of_snowflakes(status->states[0].space)
					 ? SNOWFLAKE_EXHAUSTED
					 : SPACE_EXHAUSTED);
	else
		return true;
	return false;
}
