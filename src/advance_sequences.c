/*
 * DESIGN. The command may run next to servers. A server that refused the database raises the sequences itself, as
 * soon as it sees that an operator has acted. It knows more than its state file. So the command raises them only if
 * the state file of this host shows that the database is older. It leaves the row at the count of that file. Each
 * raise begins where the row saw the clock, so a second raise of the same distance does nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "advance_sequences.h"
#include "databases.h"
#include "question.h"
#include "sequence_scope.h"
#include "state/state_file.h"
#include "store/wording.h"

#define EXIT_NOT_DONE 1

/* One database of the command, and its sequences. */
struct advance_sequences_place {
	const struct advance_sequences_order *order;
	const struct sequence_scope *scope;
	const struct store *store;
	struct store_settings settings;
};

/* The clock, as the state file and the database know it. */
struct advance_sequences_plan {
	uint64_t clock;
	uint64_t known; /* by the state file; 0: nothing */
	uint64_t bound;
	uint64_t latch; /* the number of an advance that its server waits for; 0: for none */
	struct store_instance row; /* of the server with that file; its id is "" if there is none */
	uint64_t count;		   /* of that server, by the file */
	uint64_t distance;	   /* of the raise, without the operator's own */
};

static int
advance_sequences_give_up(const char *reason)
{
	fflush(stdout);
	fprintf(stderr, "tickrd: %s; nothing was changed\n", reason);
	return EXIT_NOT_DONE;
}

static bool
advance_sequences_look(const struct advance_sequences_place *place, struct record *record,
		       struct text *problem)
{
	const char *folder = place->order->config->state_dir;
	struct ticket_space space = place->settings.space;

	space.starting_offset = SEQUENCE_FIRST_ID;
	if (place->scope->sequencer == NULL)
		return state_file_look_sequences(folder, &space, record, problem);
	return state_file_look_store(folder, place->scope->sequencer->name, &space, record,
				     problem);
}

/* The command goes on without a bad file. */
static void
advance_sequences_read_state(const struct advance_sequences_place *place,
			     struct advance_sequences_plan *plan)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};

	if (place->order->config->state_dir[0] == '\0')
		return;
	if (!advance_sequences_look(place, &record, &problem)) {
		fprintf(stderr, "tickrd: ignored a state file: %s\n", memory);
		return;
	}
	memcpy(plan->row.id, record.instance, sizeof(plan->row.id));
	plan->count = record.count;
	plan->known = classes_top(&record.given);
	plan->bound = classes_top(&record.ahead);
	plan->latch = classes_top(&record.latches);
	record_free(&record);
}

/* Whether the database is older than the state file says, by the row of its server. */
static bool
advance_sequences_is_older(const struct advance_sequences_plan *plan)
{
	return plan->row.id[0] != '\0' && plan->row.count < plan->count;
}

static bool
advance_sequences_make_plan(const struct advance_sequences_place *place,
			    struct store_session *session, struct advance_sequences_plan *plan,
			    struct text *problem)
{
	uint64_t from;

	advance_sequences_read_state(place, plan);
	if (place->store->newest(session, &plan->clock, problem) != STORE_OK)
		return false;
	if (plan->row.id[0] != '\0' &&
	    place->store->instance(session, &plan->row, problem) != STORE_OK)
		return false;
	from = plan->row.count > 0 ? plan->row.seen : 0;
	if (from > plan->clock)
		from = plan->clock;
	if (advance_sequences_is_older(plan) && plan->bound > from)
		plan->distance = plan->bound - from;
	return true;
}

static void
advance_sequences_print_plan(const struct advance_sequences_place *place,
			     const struct advance_sequences_plan *plan)
{
	printf("the clock of the sequences:           %" PRIu64 "\n", plan->clock);
	if (plan->known > 0)
		printf("the clock of the state file:          %" PRIu64 "\n", plan->known);
	printf("each sequence is raised by, at least: %" PRIu64 "\n",
	       plan->distance + place->order->by);
}

/* The row must not pass the count that the state file has, or the server would take it for another server's. */
static enum store_result
advance_sequences_raise(const struct advance_sequences_place *place, struct store_session *session,
			struct advance_sequences_plan *plan, struct text *problem)
{
	enum store_result result = STORE_OK;
	uint64_t clock;

	if (advance_sequences_is_older(plan)) {
		plan->row.count = plan->count - 1;
		result = place->store->raise(session, &plan->row, plan->bound, problem);
	}
	if (result == STORE_OK && place->order->by > 0)
		result = place->store->newest(session, &clock, problem);
	if (result == STORE_OK && place->order->by > 0)
		result = place->store->advance(session, clock + place->order->by, problem);
	if (result == STORE_OK)
		result = place->store->note_advance(session, plan->latch, problem);
	return result;
}

static int
advance_sequences_session(const struct advance_sequences_place *place,
			  struct store_session *session)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct advance_sequences_plan plan = {0};

	if (!advance_sequences_make_plan(place, session, &plan, &problem))
		return advance_sequences_give_up(memory);
	advance_sequences_print_plan(place, &plan);
	if (!place->order->is_confirmed && !question_ask("Raise the sequences?", &problem))
		return advance_sequences_give_up(memory);
	if (advance_sequences_raise(place, session, &plan, &problem) != STORE_OK) {
		fprintf(stderr, "tickrd: cannot raise the sequences: %s\n", memory);
		return EXIT_NOT_DONE;
	}
	puts("servers that refused the sequences raise them as far as they know, and serve again");
	return 0;
}

static int
advance_sequences_of(struct advance_sequences_place *place)
{
	char memory[512];
	struct text reason = TEXT_OVER(memory);
	struct store_session *session;
	int status;

	if (wording_open(place->store, &place->settings, &session, &reason) != STORE_OK)
		return advance_sequences_give_up(memory);
	status = advance_sequences_session(place, session);
	place->store->close(session);
	return status;
}

static int
advance_sequences_of_all(const struct advance_sequences_order *order,
			 const struct sequence_scope *scope)
{
	int status = 0;

	if (!databases_begin(scope->library))
		return EX_OSERR;
	for (size_t i = 0; i < scope->count; i++) {
		struct advance_sequences_place place = {order, scope, scope->store,
							scope->databases[i]};

		place.settings.is_guest = true;
		place.store->claim(&place.settings);
		databases_print_heading(&scope->databases[i], scope->count, stdout);
		status = advance_sequences_of(&place) != 0 ? EXIT_NOT_DONE : status;
		place.store->release(&place.settings);
	}
	scope->library->end();
	return status;
}

int
advance_sequences_run(const struct advance_sequences_order *order)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct sequence_scope scope;

	if (!sequence_scope_find(&scope, order->config, order->store, &problem))
		return advance_sequences_give_up(memory);
	if (sequence_scope_forgets(&scope))
		return advance_sequences_give_up("a store of type in-memory ends with its server, "
						 "and is never refused");
	return advance_sequences_of_all(order, &scope);
}
