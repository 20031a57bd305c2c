#include <assert.h>
#include <criterion/criterion.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "dispatch/dispatch.h"
#include "store/memory.h"
#include "ticket/sequence_result.h"

/* A dispatcher over the named sequences of two databases. The second one has the lower node number. */

#define PATIENCE_MS 30000

static struct memory_script scripts[2];
static struct dispatch *dispatch;
static struct source source; /* the dispatcher's */
static struct sequence a = {.name = "a", .name_len = 1, .policy = {.most = SEQUENCE_MOST}};

static void
wait_for(size_t database, enum database_condition condition)
{
	struct database_state states[MOST_DATABASES];

	do {
		usleep(500);
		(void)dispatch_states(dispatch, states);
	} while (states[database].condition != condition);
}

static void
begin(void)
{
	struct pool_settings pools[2];
	struct dispatch_settings settings = {
		.pools = pools, .count = 2, .is_of_sequences = true, .pool_timeout_ms = 800};

	log_begin(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < 2; i++) {
		memory_script_init(&scripts[i]);
		pools[i] = (struct pool_settings){
			.store = &memory_sequences_store,
			.database = {.own = &scripts[i], .space = {10, 7 - i, 326}},
			.sessions = 1,
			.number = i,
			.name = i == 0 ? "first" : "second",
		};
	}
	dispatch = dispatch_new(&settings);
	source = dispatch_source(dispatch);
	cr_assert(dispatch_start(dispatch));
	wait_for(0, DATABASE_UP);
	wait_for(1, DATABASE_UP);
}

static void
end(void)
{
	assert(dispatch_stop(dispatch, clock_ms() + PATIENCE_MS));
	dispatch_free(dispatch);
	for (unsigned i = 0; i < 2; i++) {
		assert(scripts[i].sequences.opened == scripts[i].sequences.closed);
		memory_script_destroy(&scripts[i]);
	}
}

TestSuite(dispatch_sequences, .init = begin, .fini = end, .timeout = 60);

static void
ask(struct reservation *reservation)
{
	unsigned before = count_answers();

	reservation->deadline_ms = clock_ms() + PATIENCE_MS;
	reservation->answer = note_answer;
	cr_assert(source_submit(&source, reservation));
	wait_for_answers(before + 1);
}

/* The node that answers. */
static uint64_t
reserve(enum sequence_order order)
{
	struct reservation reservation = {.sequence = &a, .order = order, .count = 1};

	ask(&reservation);
	cr_assert_eq(reservation.status, TICKET_OK, "%s", reservation.reason);
	cr_assert_eq(reservation.space->starting_offset, 1);
	return reservation.space->node_number;
}

Test(dispatch_sequences, a_strong_one_lives_in_the_database_with_the_lowest_node)
{
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(reserve(SEQUENCE_STRONG), 6);
	cr_assert_eq(scripts[0].sequences.statements, 1, "only the row of the server");
}

Test(dispatch_sequences, a_weak_one_is_served_by_any_database)
{
	unsigned of_node[10] = {0};

	for (unsigned i = 0; i < 6; i++)
		of_node[reserve(SEQUENCE_WEAK)]++;
	cr_assert_eq(of_node[6], 3);
	cr_assert_eq(of_node[7], 3);
}

Test(dispatch_sequences, reads_go_to_the_database_of_strong_ones)
{
	struct sequence_shown shown = {.name = "a", .name_len = 1};
	struct reservation reservation = {.task = RESERVATION_SHOW, .result = &shown};

	cr_assert_eq(reserve(SEQUENCE_STRONG), 6);
	ask(&reservation);
	cr_assert_eq(reservation.status, TICKET_OK);
	cr_assert(shown.is_found);
	cr_assert_eq(shown.last, 1);
}

Test(dispatch_sequences, a_strong_one_waits_for_its_database)
{
	struct reservation reservation = {
		.sequence = &a, .count = 1, .deadline_ms = clock_ms() + 200, .answer = note_answer};

	memory_script_lock(&scripts[1]);
	scripts[1].open_result = STORE_LOST;
	scripts[1].sequences.fail_every = 1;
	scripts[1].sequences.failure = STORE_LOST;
	memory_script_unlock(&scripts[1]);
	reservation.deadline_ms = clock_ms() + 100;
	cr_assert(source_submit(&source, &reservation));
	for (uint64_t until_ms = clock_ms() + PATIENCE_MS; clock_ms() < until_ms;) {
		if (count_answers() > 0 || source_withdraw(&source, &reservation))
			break;
		usleep(1000);
	}
	cr_assert(count_answers() == 0 || reservation.status == TICKET_DATABASE_FAILED);
	cr_assert_eq(reserve(SEQUENCE_WEAK), 7);
	cr_assert_eq(scripts[0].sequences.statements, 2, "the strong one did not go there");
}

Test(dispatch_sequences, one_at_its_end_takes_no_database_out)
{
	struct store_settings guest = {.own = &scripts[0]};
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
	struct reservation reservation = {.sequence = &a, .order = SEQUENCE_WEAK, .count = 5};
	char memory[256];
	struct text reason = TEXT_OVER(memory);
	struct database_state states[MOST_DATABASES];

	policy.most = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct store_session *session;
		enum store_declared declared;

		guest.own = &scripts[i];
		assert(memory_sequences_store.open(&guest, &session, &reason) == STORE_OK);
		assert(memory_sequences_store.declare(session, "a", 1, &policy, &declared,
						      &reason) == STORE_OK);
		memory_sequences_store.close(session);
	}
	reservation.revision = 1;
	ask(&reservation);
	cr_assert_eq(reservation.status, TICKET_EXHAUSTED);
	(void)dispatch_states(dispatch, states);
	cr_assert_eq(states[0].condition, DATABASE_UP);
	cr_assert_eq(states[1].condition, DATABASE_UP);
}

Test(dispatch_sequences, strong_ones_are_refused_while_their_database_is_drained)
{
	struct reservation reservation = {.sequence = &a, .count = 1};

	cr_assert(dispatch_drain(dispatch, 1));
	wait_for(1, DATABASE_DRAINED);
	ask(&reservation);
	cr_assert_eq(reservation.status, TICKET_DATABASE_FAILED);
	cr_assert_eq(reserve(SEQUENCE_WEAK), 7);
	dispatch_resume(dispatch, 1);
	wait_for(1, DATABASE_UP);
	cr_assert_eq(reserve(SEQUENCE_STRONG), 6);
}
