/*
 * DESIGN. The command may run while servers serve from the same database: the store moves the counter in
 * one statement that never sets it back. A server that refused the database notices the move by itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "advance.h"
#include "base/clock.h"
#include "question.h"
#include "state/state_file.h"

#define EXIT_NOT_DONE 1

/* Where the counter is, and where it goes, in bases. */
struct plan {
	uint64_t newest;
	uint64_t past;
	uint64_t known; /* the newest that was certainly issued, by the state file; 0: none */
	uint64_t latch; /* the number of an advance that its server waits for; 0: for none */
};

static int
advance_give_up(const char *reason)
{
	fflush(stdout);
	fprintf(stderr, "tickrd: %s; nothing was changed\n", reason);
	return EXIT_NOT_DONE;
}

/* --- the plan ---------------------------------------------------------------------------------- */

static void
advance_print_ticket(const struct ticket_space *space, const char *what, uint64_t base)
{
	uint64_t ticket;

	if (space_ticket(space, base, &ticket))
		printf("%s%" PRIu64 "\n", what, ticket);
	else
		printf("%snone\n", what);
}

static void
advance_print_plan(const struct advance_order *order, const struct plan *plan)
{
	const struct ticket_space *space = &order->database->space;

	advance_print_ticket(space, "the newest ticket of the database:    ", plan->newest);
	if (plan->known > 0)
		advance_print_ticket(space, "the newest ticket of the state file:  ", plan->known);
	advance_print_ticket(space, "the next ticket now, at least:        ", plan->newest + 1);
	advance_print_ticket(space, "the next ticket afterwards, at least: ", plan->past + 1);
	printf("tickets that become a gap:            %" PRIu64 "\n", plan->past - plan->newest);
	printf("tickets that are left afterwards:     %" PRIu64 "\n",
	       space_left(space, plan->past));
}

/* Whether BASE is too high for a ticket. A base that was never counted is not. */
static bool
advance_is_beyond_end(const struct ticket_space *space, uint64_t base)
{
	uint64_t ticket;

	return base >= SPACE_FIRST_BASE && !space_ticket(space, base, &ticket);
}

/* Whether PLAN moves the counter past all tickets that are known to be issued. */
static bool
advance_is_sound(const struct advance_order *order, const struct plan *plan, struct text *problem)
{
	const struct ticket_space *space = &order->database->space;
	uint64_t known = 0;

	(void)!space_ticket(space, plan->known, &known);
	if (advance_is_beyond_end(space, plan->newest) || advance_is_beyond_end(space, plan->known))
		text_add(problem, "the space of tickets is exhausted: this node has none left");
	else if (plan->past < plan->known)
		text_addf(problem,
			  "ticket %" PRIu64 " is not far enough: by the state file, %" PRIu64
			  " was issued. Use --past %" PRIu64 " or more",
			  order->past, known, known);
	return problem->len == 0;
}

/* --- the command ------------------------------------------------------------------------------- */

/* The command goes on without a bad file. */
static void
advance_read_state(const struct advance_order *order, struct plan *plan)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};

	if (order->state_folder[0] == '\0')
		return;
	if (!state_file_look(order->state_folder, &order->database->space, &record, &problem)) {
		fprintf(stderr, "tickrd: ignored a state file: %s\n", memory);
		return;
	}
	plan->known = classes_top(&record.given);
	plan->latch = classes_top(&record.latches);
	record_free(&record);
}

static bool
advance_make_plan(const struct advance_order *order, struct store_session *session,
		  struct plan *plan, struct text *problem)
{
	plan->past = space_base_up_to(&order->database->space, order->past);
	if (order->store->newest(session, &plan->newest, problem) != STORE_OK)
		return false;
	advance_read_state(order, plan);
	return advance_is_sound(order, plan, problem);
}

/* Move the counter and read it: a statement that a server began earlier may have undone the move. */
static enum store_result
advance_once(const struct advance_order *order, struct store_session *session, uint64_t base,
	     struct text *problem)
{
	uint64_t newest = 0;
	enum store_result result = order->store->advance(session, base, problem);

	if (result == STORE_OK)
		result = order->store->newest(session, &newest, problem);
	if (result != STORE_OK || newest >= base)
		return result;
	text_addf(problem, "the counter is still at %" PRIu64 ", and not at %" PRIu64, newest,
		  base);
	return STORE_BUSY;
}

/* Retry until the query time-out while the statements of a server are in the way. */
static enum store_result
advance_patiently(const struct advance_order *order, struct store_session *session, uint64_t base,
		  struct text *problem)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	uint64_t give_up_ms = clock_ms() + order->database->query_timeout_s * 1000ull;
	enum store_result result;

	while ((result = advance_once(order, session, base, problem)) == STORE_BUSY &&
	       clock_ms() < give_up_ms) {
		text_clear(problem);
		nanosleep(&pause, NULL);
	}
	return result;
}

/*
 * Tell servers that refuse this database that an operator has acted. No server waits for that at a database
 * without an identity.
 */
static enum store_result
advance_release_servers(const struct advance_order *order, struct store_session *session,
			uint64_t latch, struct text *problem)
{
	const struct store *store = order->store;

	if (store->identity == NULL || store->identity(session)[0] == '\0')
		return STORE_OK;
	return store->note_advance(session, latch, problem);
}

static int
advance_session(const struct advance_order *order, struct store_session *session)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct plan plan = {0};
	bool is_past;

	if (!advance_make_plan(order, session, &plan, &problem))
		return advance_give_up(memory);
	is_past = plan.past <= plan.newest;
	if (is_past)
		printf("the counter is already past this ticket, so it stays\n");
	else
		advance_print_plan(order, &plan);
	if (!order->is_confirmed && !question_ask("Move the counter?", &problem))
		return advance_give_up(memory);
	if (!is_past && advance_patiently(order, session, plan.past, &problem) != STORE_OK) {
		fprintf(stderr, "tickrd: cannot move the counter: %s\n", memory);
		return EXIT_NOT_DONE;
	}
	if (advance_release_servers(order, session, plan.latch, &problem) != STORE_OK) {
		fprintf(stderr,
			"tickrd: cannot tell the servers that refuse this database: %s. Run this "
			"again as a user who may update the table `tickr_identity`\n",
			memory);
		return EXIT_NOT_DONE;
	}
	puts(is_past ? "servers that refused the database serve again" : "the counter was moved");
	return 0;
}

int
advance_run(const struct advance_order *order)
{
	char memory[512];
	struct text reason = TEXT_OVER(memory);
	struct store_session *session;
	int status;

	if (order->store->open(order->database, &session, &reason) != STORE_OK)
		return advance_give_up(memory);
	status = advance_session(order, session);
	order->store->close(session);
	return status;
}
