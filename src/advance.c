/*
 * DESIGN. It may run beside servers that serve from the same database: the store moves the counter in
 * one statement that never sets it back. A server that refused the database sees it by itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "advance.h"
#include "base/clock.h"
#include "state/state_file.h"

#define EXIT_NOT_DONE 1

/* What there is and what is wanted, in bases. */
struct plan {
	uint64_t newest;
	uint64_t past;
	uint64_t known; /* given for certain, as the state file says; 0: nothing */
};

static int
give_up(const char *reason)
{
	fflush(stdout);
	fprintf(stderr, "tickrd: %s; nothing was changed\n", reason);
	return EXIT_NOT_DONE;
}

/* --- the plan ---------------------------------------------------------------------------------- */

static void
print_ticket(const struct ticket_space *space, const char *what, uint64_t base)
{
	uint64_t ticket;

	if (space_ticket(space, base, &ticket))
		printf("%s%" PRIu64 "\n", what, ticket);
	else
		printf("%snone\n", what);
}

static void
print_plan(const struct advance_order *order, const struct plan *plan)
{
	const struct ticket_space *space = &order->database->space;

	print_ticket(space, "the newest ticket of the database:    ", plan->newest);
	if (plan->known > 0)
		print_ticket(space, "the newest that the state file has:   ", plan->known);
	print_ticket(space, "the next ticket as it is, at least:   ", plan->newest + 1);
	print_ticket(space, "the next ticket afterwards, at least: ", plan->past + 1);
	printf("tickets that become a gap:            %" PRIu64 "\n", plan->past - plan->newest);
	printf("tickets that are left afterwards:     %" PRIu64 "\n",
	       space_left(space, plan->past));
}

/* Whether BASE was counted, and is too high for a ticket. */
static bool
is_beyond_end(const struct ticket_space *space, uint64_t base)
{
	uint64_t ticket;

	return base >= SPACE_FIRST_BASE && !space_ticket(space, base, &ticket);
}

/* Whether the plan goes far enough for what is known. */
static bool
is_sound(const struct advance_order *order, const struct plan *plan, struct text *problem)
{
	const struct ticket_space *space = &order->database->space;
	uint64_t known = 0;

	(void)!space_ticket(space, plan->known, &known);
	if (is_beyond_end(space, plan->newest) || is_beyond_end(space, plan->known))
		text_add(problem, "the space of tickets is exhausted: this node has none left");
	else if (plan->past < plan->known)
		text_addf(problem,
			  "ticket %" PRIu64 " is not far enough: the state file says that %" PRIu64
			  " was given. Use --past %" PRIu64 " or more",
			  order->past, known, known);
	return problem->len == 0;
}

/* --- the question ------------------------------------------------------------------------------ */

static bool
says_yes(void)
{
	char answer[16];

	fputs("Move the counter? Only \"yes\" does: ", stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static bool
is_wanted(const struct advance_order *order, struct text *problem)
{
	if (order->is_confirmed)
		return true;
	if (!isatty(STDIN_FILENO)) {
		text_add(problem, "nobody is here to be asked: add --yes to do it");
		return false;
	}
	if (says_yes())
		return true;
	text_add(problem, "the answer was not yes");
	return false;
}

/* --- the whole --------------------------------------------------------------------------------- */

/* A file that cannot be read is no reason to stop: this command is how that is mended. */
static uint64_t
read_state(const struct advance_order *order)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};
	uint64_t known;

	if (order->state_folder[0] == '\0')
		return 0;
	if (!state_file_look(order->state_folder, &order->database->space, &record, &problem)) {
		fprintf(stderr, "tickrd: it is not taken into account that %s\n", memory);
		return 0;
	}
	known = classes_top(&record.given);
	record_free(&record);
	return known;
}

static bool
make_plan(const struct advance_order *order, struct store_session *session, struct plan *plan,
	  struct text *problem)
{
	plan->past = space_base_up_to(&order->database->space, order->past);
	if (order->store->newest(session, &plan->newest, problem) != STORE_OK)
		return false;
	plan->known = read_state(order);
	return is_sound(order, plan, problem);
}

/* Move, and look whether it is so: a statement of a server that had begun before may have undone it. */
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
	text_addf(problem, "the counter stands at %" PRIu64 " yet, and not at %" PRIu64, newest,
		  base);
	return STORE_BUSY;
}

/* A server's statement may be in the way: again, until the query time-out is over. */
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
 * Servers that refuse this database wait for an operator: this is how they hear of one. A database
 * without an identity has none that wait.
 */
static enum store_result
release_servers(const struct advance_order *order, struct store_session *session,
		struct text *problem)
{
	const struct store *store = order->store;

	if (store->identity == NULL || store->identity(session)[0] == '\0')
		return STORE_OK;
	return store->note_advance(session, problem);
}

static int
advance_session(const struct advance_order *order, struct store_session *session)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct plan plan = {0};
	bool is_past;

	if (!make_plan(order, session, &plan, &problem))
		return give_up(memory);
	is_past = plan.past <= plan.newest;
	if (is_past)
		printf("the counter is past this ticket already, and is not moved\n");
	else
		print_plan(order, &plan);
	if (!is_wanted(order, &problem))
		return give_up(memory);
	if (!is_past && advance_patiently(order, session, plan.past, &problem) != STORE_OK) {
		fprintf(stderr, "tickrd: cannot move the counter: %s\n", memory);
		return EXIT_NOT_DONE;
	}
	if (release_servers(order, session, &problem) != STORE_OK) {
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
		return give_up(memory);
	status = advance_session(order, session);
	order->store->close(session);
	return status;
}
