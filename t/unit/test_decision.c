#include <criterion/criterion.h>
#include <string.h>

#include "front/decision.h"
#include "front/outcome.h"

#define STRONG	  FRONT_ORDER_STRONG
#define WEAK	  FRONT_ORDER_WEAK
#define NOT_NAMED FRONT_ORDER_NOT_NAMED

enum decided { IS_STRONG = SEQUENCE_STRONG, IS_WEAK = SEQUENCE_WEAK, IS_REFUSED };

static enum decided
decide(const struct sequence_policy *policy, const struct front_wish *wish, size_t databases,
       const char *words)
{
	char memory[256];
	struct text reason = TEXT_OVER(memory);
	enum sequence_order order;

	if (front_decide(policy, wish, databases, &order, &reason)) {
		cr_assert_eq(reason.len, 0);
		return (enum decided)order;
	}
	cr_assert_not(reason.is_truncated);
	cr_assert_not_null(strstr(memory, words), "%s", memory);
	return IS_REFUSED;
}

Test(decision, the_stricter_of_a_declared_policy_and_a_request_wins)
{
	static const struct {
		enum sequence_order policy;
		enum front_order asked;
		size_t databases;
		enum decided decided;
	} cases[] = {
		{SEQUENCE_STRONG, NOT_NAMED, 1, IS_STRONG},
		{SEQUENCE_STRONG, STRONG, 1, IS_STRONG},
		{SEQUENCE_STRONG, WEAK, 1, IS_STRONG},
		{SEQUENCE_STRONG, NOT_NAMED, 2, IS_STRONG},
		{SEQUENCE_STRONG, STRONG, 2, IS_STRONG},
		{SEQUENCE_STRONG, WEAK, 2, IS_STRONG},
		{SEQUENCE_WEAK, NOT_NAMED, 1, IS_WEAK},
		{SEQUENCE_WEAK, STRONG, 1, IS_STRONG},
		{SEQUENCE_WEAK, WEAK, 1, IS_WEAK},
		{SEQUENCE_WEAK, NOT_NAMED, 2, IS_WEAK},
		{SEQUENCE_WEAK, STRONG, 2, IS_REFUSED},
		{SEQUENCE_WEAK, WEAK, 2, IS_WEAK},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (unsigned fallback = 0; fallback < 2; fallback++) {
			struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
			struct front_wish wish = {.order = cases[i].asked,
						  .fallback = (enum sequence_order)fallback,
						  .count = 1};

			policy.is_declared = true;
			policy.order = cases[i].policy;
			cr_assert_eq(decide(&policy, &wish, cases[i].databases, "order=strong"),
				     cases[i].decided, "case %zu", i);
		}
}

Test(decision, a_sequence_that_a_first_use_made_follows_each_request)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
	struct front_wish wish = {.count = 1, .fallback = SEQUENCE_STRONG};

	for (size_t databases = 1; databases < 3; databases++) {
		wish.fallback = SEQUENCE_STRONG;
		wish.order = NOT_NAMED;
		cr_assert_eq(decide(&policy, &wish, databases, ""), IS_STRONG);
		wish.order = WEAK;
		cr_assert_eq(decide(&policy, &wish, databases, ""), IS_WEAK);
		wish.fallback = SEQUENCE_WEAK;
		wish.order = NOT_NAMED;
		cr_assert_eq(decide(&policy, &wish, databases, ""), IS_WEAK);
		wish.order = STRONG;
		cr_assert_eq(decide(&policy, &wish, databases, ""), IS_STRONG);
	}
}

Test(decision, scrambled_ids_have_no_order_are_no_group_and_are_few)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;

	policy.is_declared = true;
	policy.form = SEQUENCE_SCRAMBLED;
	policy.order = SEQUENCE_WEAK;
	cr_assert_eq(
		decide(&policy, &(struct front_wish){.order = NOT_NAMED, .count = 10000}, 2, ""),
		IS_WEAK);
	cr_assert_eq(decide(&policy, &(struct front_wish){.order = WEAK, .count = 1}, 1, ""),
		     IS_WEAK);
	cr_assert_eq(decide(&policy, &(struct front_wish){.order = STRONG, .count = 1}, 1,
			    "ask without order=strong"),
		     IS_REFUSED);
	cr_assert_eq(decide(&policy,
			    &(struct front_wish){.order = NOT_NAMED, .count = 1, .is_group = true},
			    1, "ask for an array"),
		     IS_REFUSED);
	cr_assert_eq(decide(&policy, &(struct front_wish){.order = NOT_NAMED, .count = 10001}, 1,
			    "at most 10000"),
		     IS_REFUSED);
}

/* --- outcomes -------------------------------------------------------------------------------------- */

Test(outcome, each_has_its_code)
{
	const struct {
		enum front_outcome outcome;
		int code;
		bool may_retry;
	} cases[] = {
		{front_outcome_of_status(TICKET_OK), 200, false},
		{FRONT_BAD_REQUEST, 400, false},
		{front_outcome_of_name(DIRECTORY_MISSING), 404, false},
		{front_outcome_of_name(DIRECTORY_RETIRED), 410, false},
		{front_outcome_of_name(DIRECTORY_TOO_FAST), 429, true},
		{front_outcome_of_name(DIRECTORY_FULL), 507, false},
		{front_outcome_of_status(TICKET_EXHAUSTED), 500, false},
		{front_outcome_of_status(TICKET_TIMED_OUT), 503, true},
		{front_outcome_of_status(TICKET_TOO_MANY_WAITING), 503, true},
		{front_outcome_of_status(TICKET_DATABASE_FAILED), 503, true},
		{front_outcome_of_status(TICKET_DATABASE_REFUSED), 503, true},
		{front_outcome_of_status(TICKET_TOO_LARGE), 503, true},
		{front_outcome_of_status(TICKET_DRAINING), 503, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		cr_assert_eq(front_outcome_http(cases[i].outcome), cases[i].code, "case %zu", i);
		cr_assert_eq(front_outcome_may_retry(cases[i].outcome), cases[i].may_retry,
			     "case %zu", i);
	}
}
