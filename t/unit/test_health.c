#include <criterion/criterion.h>
#include <string.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/health.h"

#define AGE_MS 60000

static struct health health;

static void
begin(void)
{
	log_begin(LOG_LEVEL_ERROR);
	health_init(&health);
}

static void
end(void)
{
	health_destroy(&health);
}

TestSuite(health, .init = begin, .fini = end);

static const char *
explanation(void)
{
	static char memory[2 * REASON_SIZE];
	struct text text = TEXT_OVER(memory);

	health_explain(&health, &text);
	return memory;
}

static bool
is_ready(uint64_t most_age_ms)
{
	struct health_view view;

	health_view(&health, most_age_ms, &view);
	return view.is_ready;
}

static uint64_t
newest_base(void)
{
	struct health_view view;

	health_view(&health, 0, &view);
	return view.newest_base;
}

static void
come_up(unsigned sessions)
{
	for (unsigned i = 0; i < sessions; i++)
		health_note_open(&health);
	health_note_good(&health, 41);
}

Test(health, nothing_is_ready_before_the_first_answer)
{
	cr_assert_not(is_ready(AGE_MS));
	cr_assert_not(health_is_failing(&health));
	cr_assert_eq(newest_base(), 1);
	cr_assert_str_eq(explanation(), "the database is down: no session has been opened yet");
	health_note_open(&health);
	cr_assert_not(is_ready(AGE_MS), "open is not yet good");
}

Test(health, an_answer_makes_the_database_ready)
{
	come_up(1);
	cr_assert(is_ready(AGE_MS));
	cr_assert_str_empty(explanation());
	cr_assert_eq(newest_base(), 41);
	cr_assert_eq(metrics_get(METRIC_SESSIONS_OPEN), 1);
}

Test(health, an_answer_to_maintenance_alone_does_not_make_it_ready)
{
	health_note_good(&health, 41);
	cr_assert_not(is_ready(AGE_MS), "no session serves tickets");
}

Test(health, readiness_grows_old)
{
	come_up(1);
	health.last_good_ms -= 500;
	cr_assert(is_ready(1000));
	cr_assert_not(is_ready(400));
}

Test(health, the_newest_base_never_goes_back)
{
	come_up(1);
	health_note_good(&health, 17);
	cr_assert_eq(newest_base(), 41);
	health_note_good(&health, 42);
	cr_assert_eq(newest_base(), 42);
}

Test(health, one_session_lost_of_several_is_no_outage)
{
	come_up(2);
	health_note_close(&health);
	health_note_trouble(&health, STORE_LOST, true, "gone away");
	cr_assert(is_ready(AGE_MS));
	cr_assert_str_empty(explanation());
}

Test(health, the_loss_of_the_last_session_is_an_outage)
{
	come_up(1);
	health_note_close(&health);
	health_note_trouble(&health, STORE_LOST, true, "gone away");
	cr_assert_not(is_ready(AGE_MS));
	cr_assert_not(health_is_failing(&health));
	cr_assert_str_eq(explanation(), "the database is down: gone away");
	health_note_trouble(&health, STORE_LOST, false, "connection refused");
	cr_assert_str_eq(explanation(), "the database is down: connection refused");
	health_note_open(&health);
	health_note_good(&health, 42);
	cr_assert(is_ready(AGE_MS));
	cr_assert_str_empty(explanation());
}

Test(health, a_busy_database_is_neither_down_nor_failing)
{
	come_up(1);
	health_note_trouble(&health, STORE_BUSY, true, "deadlock");
	cr_assert(is_ready(AGE_MS));
	cr_assert_not(health_is_failing(&health));
}

Test(health, a_refused_reservation_means_failing_until_one_succeeds)
{
	static const enum store_result results[] = {STORE_FAILED, STORE_REFUSED, STORE_EXHAUSTED};

	come_up(3);
	for (size_t i = 0; i < ARRAY_LENGTH(results); i++) {
		health_note_trouble(&health, results[i], true, "the table is read only");
		cr_assert(health_is_failing(&health));
		cr_assert_not(is_ready(AGE_MS));
		cr_assert_str_eq(explanation(), "the database is down: the table is read only");
		health_note_good(&health, 41);
		cr_assert_not(health_is_failing(&health));
		cr_assert(is_ready(AGE_MS));
	}
}

Test(health, a_session_that_cannot_be_opened_while_others_serve_is_no_outage)
{
	come_up(1);
	health_note_trouble(&health, STORE_REFUSED, false, "too many connections");
	cr_assert(is_ready(AGE_MS));
	cr_assert_not(health_is_failing(&health));
}

Test(health, a_long_reason_is_cut)
{
	char reason[2 * REASON_SIZE];

	memset(reason, 'r', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	health_note_trouble(&health, STORE_FAILED, false, reason);
	cr_assert_eq(strlen(health.reason), REASON_SIZE - 1);
}

Test(health, a_refusal_that_is_over_is_not_reported_again)
{
	struct health_view view;

	come_up(1);
	health_note_trouble(&health, STORE_REFUSED, true, "it has gone back in time");
	health_view(&health, AGE_MS, &view);
	cr_assert(view.is_refused);
	health_note_good(&health, 42);
	health_note_drained(&health);
	health_view(&health, AGE_MS, &view);
	cr_assert_not(view.is_refused,
		      "the operator has taken it out, and nobody has asked it since");
}

/* --- the table ---------------------------------------------------------------------------------- */

static bool
is_up(enum health_state state)
{
	return state == HEALTH_UP || state == HEALTH_DOUBTED;
}

/* Whether only a reservation proves that the database is up. */
static bool
needs_proof(enum health_state state)
{
	return state == HEALTH_DOUBTED || state == HEALTH_FAILING;
}

static bool
was_never_up(enum health_state state)
{
	return state == HEALTH_UNKNOWN || state == HEALTH_REACHED;
}

static bool
is_trouble(enum health_event event)
{
	return event == HEALTH_TROUBLED || event == HEALTH_CUT_OFF || event == HEALTH_DENIED;
}

/* The one action that fits a step from STATE to NEXT by EVENT. */
static enum health_action
action_for(enum health_state state, enum health_event event, enum health_state next)
{
	if (event == HEALTH_DRAINED)
		return HEALTH_DRAIN;
	if (!is_up(state) && is_up(next))
		return HEALTH_RISE;
	if (is_up(state) && !is_up(next))
		return HEALTH_FALL;
	if (!is_trouble(event))
		return HEALTH_SILENT;
	if (is_up(state))
		return HEALTH_WARN_SESSION;
	return was_never_up(state) ? HEALTH_WARN_FIRST : HEALTH_WARN_STILL;
}

Test(health, every_cell_of_the_table_is_stated_with_the_action_that_fits)
{
	for (enum health_state state = HEALTH_UNKNOWN; state < HEALTH_STATES; state++)
		for (enum health_event event = 0; event < HEALTH_EVENTS; event++) {
			const struct health_step *step = &health_table[state][event];

			cr_assert(step->next >= HEALTH_UNKNOWN && step->next < HEALTH_STATES,
				  "state %d, event %d", state, event);
			cr_assert_eq(step->action, action_for(state, event, step->next),
				     "state %d, event %d", state, event);
		}
}

Test(health, only_an_answer_ends_the_need_of_a_proof)
{
	for (enum health_state state = HEALTH_UNKNOWN; state < HEALTH_STATES; state++)
		for (enum health_event event = 0; event < HEALTH_EVENTS; event++) {
			bool is_answer = event == HEALTH_ANSWERED || event == HEALTH_UNSERVED;
			bool fails = event == HEALTH_UNRESERVED || event == HEALTH_DENIED;

			cr_assert_eq(needs_proof(health_table[state][event].next),
				     !is_answer && (fails || needs_proof(state)),
				     "state %d, event %d", state, event);
		}
}

Test(health, a_database_that_answers_is_up_when_a_session_serves)
{
	for (enum health_state state = HEALTH_UNKNOWN; state < HEALTH_STATES; state++) {
		const struct health_step *row = health_table[state];
		enum health_state unserved = row[HEALTH_UNSERVED].next;

		cr_assert_eq(row[HEALTH_ANSWERED].next, HEALTH_UP, "state %d", state);
		cr_assert_eq(is_up(unserved), is_up(state), "state %d", state);
		cr_assert_eq(health_table[unserved][HEALTH_OPENED].next, HEALTH_UP, "state %d",
			     state);
	}
}

/* The other sessions serve, and a database that was down stays down. */
Test(health, trouble_of_one_session_takes_no_database_down)
{
	for (enum health_state state = HEALTH_UNKNOWN; state < HEALTH_STATES; state++)
		cr_assert_eq(is_up(health_table[state][HEALTH_TROUBLED].next), is_up(state),
			     "state %d", state);
}

/* Cause EVENT as a thread of the pool does. */
static void
cause(enum health_event event)
{
	health.sessions = event == HEALTH_UNSERVED || event == HEALTH_CUT_OFF ? 0 : 2;
	switch (event) {
	case HEALTH_OPENED: health_note_open(&health); break;
	case HEALTH_ANSWERED:
	case HEALTH_UNSERVED: health_note_good(&health, 41); break;
	case HEALTH_UNRESERVED: health_note_doubt(&health); break;
	case HEALTH_TROUBLED:
	case HEALTH_CUT_OFF: health_note_trouble(&health, STORE_LOST, true, "gone"); break;
	case HEALTH_DENIED: health_note_trouble(&health, STORE_FAILED, true, "full"); break;
	case HEALTH_DRAINED: health_note_drained(&health); break;
	case HEALTH_EVENTS: break;
	}
}

Test(health, each_note_takes_the_step_of_its_event)
{
	for (enum health_state state = HEALTH_UNKNOWN; state < HEALTH_STATES; state++)
		for (enum health_event event = 0; event < HEALTH_EVENTS; event++) {
			enum health_state next = health_table[state][event].next;

			health.state = state;
			cause(event);
			cr_assert_eq(health.state, next, "state %d, event %d: %d, not %d", state,
				     event, health.state, next);
			cr_assert_eq(is_ready(AGE_MS), is_up(next) && health.last_good_ms > 0,
				     "state %d, event %d", state, event);
			cr_assert_eq(health_is_failing(&health), needs_proof(next),
				     "state %d, event %d", state, event);
		}
}

Test(health, each_kind_of_trouble_is_its_event)
{
	static const struct {
		enum store_result result;
		bool was_open;
		unsigned sessions;
		enum health_state next; /* after HEALTH_UP */
	} cases[] = {
		{STORE_LOST, true, 1, HEALTH_UP},	 {STORE_LOST, true, 0, HEALTH_DOWN},
		{STORE_LOST, false, 1, HEALTH_UP},	 {STORE_LOST, false, 0, HEALTH_DOWN},
		{STORE_UNREADY, true, 1, HEALTH_UP},	 {STORE_UNREADY, true, 0, HEALTH_DOWN},
		{STORE_BUSY, true, 1, HEALTH_UP},	 {STORE_BUSY, false, 0, HEALTH_UP},
		{STORE_FAILED, true, 1, HEALTH_FAILING}, {STORE_FAILED, false, 1, HEALTH_UP},
		{STORE_FAILED, false, 0, HEALTH_DOWN},	 {STORE_REFUSED, true, 0, HEALTH_FAILING},
		{STORE_REFUSED, false, 1, HEALTH_UP},	 {STORE_EXHAUSTED, true, 1, HEALTH_FAILING},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		health.state = HEALTH_UP;
		health.sessions = cases[i].sessions;
		health_note_trouble(&health, cases[i].result, cases[i].was_open, "it failed");
		cr_assert_eq(health.state, cases[i].next, "case %zu: %d", i, health.state);
	}
}
