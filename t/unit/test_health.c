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
	struct health_look look;

	health_look(&health, most_age_ms, &look);
	return look.is_ready;
}

static uint64_t
newest_base(void)
{
	struct health_look look;

	health_look(&health, 0, &look);
	return look.newest_base;
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

Test(health, an_answer_makes_it_ready)
{
	come_up(1);
	cr_assert(is_ready(AGE_MS));
	cr_assert_str_empty(explanation());
	cr_assert_eq(newest_base(), 41);
	cr_assert_eq(metrics_get(METRIC_SESSIONS_OPEN), 1);
}

Test(health, an_answer_to_maintenance_alone_does_not)
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

Test(health, the_last_session_lost_is_one)
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

Test(health, a_refusal_that_is_over_is_not_told_of_again)
{
	struct health_look look;

	come_up(1);
	health_note_trouble(&health, STORE_REFUSED, true, "it has gone back");
	health_look(&health, AGE_MS, &look);
	cr_assert(look.is_refused);
	health_note_good(&health, 42);
	health_note_rest(&health);
	health_look(&health, AGE_MS, &look);
	cr_assert_not(look.is_refused,
		      "the operator has taken it out, and nobody has asked it since");
}
