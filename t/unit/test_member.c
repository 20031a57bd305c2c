#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/member.h"

#define START_MS 100000

static const struct ticket_space space = {10, 3, 326};
static struct member all[3];
static struct members members;

static struct pool_view
well_at(uint64_t now_ms)
{
	return (struct pool_view){.health = {.is_ready = true, .last_good_ms = now_ms}};
}

/* Whether the member with this INDEX is in service at NOW_MS, if its pool is up. */
static bool
comes_in(size_t index, uint64_t now_ms)
{
	struct pool_view view = well_at(now_ms);

	member_note_view(&all[index], &view, false, now_ms);
	return all[index].is_in;
}

static void
begin(void)
{
	memset(all, 0, sizeof(all));
	members = (struct members){.all = all, .count = ARRAY_LENGTH(all)};
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		all[i].name = i == 0 ? "a:1" : i == 1 ? "b:2" : "c:3";
		all[i].space = &space;
		cr_assert_not(all[i].is_in, "nobody is in service before the first look");
		cr_assert(comes_in(i, START_MS));
	}
}

TestSuite(member, .init = begin);

/* The members that COUNT reservations go to, as digits. */
static uint64_t
chosen(unsigned count, uint64_t now_ms)
{
	uint64_t digits = 0;

	while (count-- > 0)
		digits = digits * 10 + members_choose(&members, NO_MEMBER, now_ms) + 1;
	return digits;
}

Test(member, in_turn_each_is_chosen)
{
	cr_assert_eq(chosen(6, START_MS), 123123);
}

Test(member, in_turn_members_out_of_service_are_passed_over)
{
	member_take_out(&all[1], "it failed", START_MS);
	cr_assert_eq(chosen(4, START_MS), 1313);
	cr_assert_eq(members_choose(&members, 0, START_MS), 2);
	member_take_out(&all[2], "it failed", START_MS);
	cr_assert_eq(members_choose(&members, 0, START_MS), NO_MEMBER);
	cr_assert_not(members_have_other(&members, 0));
	cr_assert(members_have_other(&members, 1));
}

Test(member, failover_returns_to_the_first_when_it_has_been_in_service_for_a_while)
{
	uint64_t back_ms = START_MS + 60000;

	members.is_failover = true;
	cr_assert_eq(chosen(3, START_MS), 111);
	member_take_out(&all[0], "it failed", START_MS);
	cr_assert_eq(chosen(3, START_MS), 222);
	cr_assert(comes_in(0, back_ms));
	cr_assert_eq(chosen(3, back_ms + 4999), 222);
	cr_assert_eq(chosen(3, back_ms + 5000), 111);
}

Test(member, failover_takes_one_that_has_just_returned_if_there_is_no_other)
{
	members.is_failover = true;
	member_take_out(&all[0], "it failed", START_MS);
	cr_assert(comes_in(0, START_MS + 1000));
	member_take_out(&all[1], "it failed", START_MS + 1000);
	member_take_out(&all[2], "it failed", START_MS + 1000);
	cr_assert_eq(chosen(1, START_MS + 1001), 1);
}

Test(member, a_member_that_was_taken_out_must_answer_again)
{
	struct pool_view old = well_at(START_MS);

	member_take_out(&all[0], "it failed", START_MS);
	member_note_view(&all[0], &old, false, START_MS + 500);
	cr_assert_not(all[0].is_in, "that answer is from before");
	cr_assert(comes_in(0, START_MS + 501));
}

Test(member, a_member_that_fails_again_soon_stays_out_longer)
{
	static const uint64_t holds_ms[] = {0, 250, 500, 1000, 2000, 4000, 5000, 5000};
	uint64_t now_ms = START_MS + 1;

	for (size_t i = 0; i < ARRAY_LENGTH(holds_ms); i++) {
		member_take_out(&all[0], "it failed", now_ms);
		cr_assert_eq(all[0].hold_ms, holds_ms[i]);
		if (holds_ms[i] > 0)
			cr_assert_not(comes_in(0, now_ms + holds_ms[i] - 1));
		now_ms += holds_ms[i] + 1;
		cr_assert(comes_in(0, now_ms));
	}
	member_take_out(&all[0], "it failed", now_ms + 10000);
	cr_assert_eq(all[0].hold_ms, 0, "it was well for a while");
}

Test(member, no_member_is_held_back_while_no_other_is_in_service)
{
	struct pool_view view = well_at(START_MS + 2);

	member_take_out(&all[0], "it failed", START_MS);
	cr_assert(comes_in(0, START_MS + 1));
	member_take_out(&all[0], "it failed", START_MS + 1);
	cr_assert_eq(all[0].hold_ms, 250);
	member_note_view(&all[0], &view, false, START_MS + 2);
	cr_assert_not(all[0].is_in);
	member_note_view(&all[0], &view, true, START_MS + 2);
	cr_assert(all[0].is_in);
}

Test(member, a_member_whose_pool_is_down_is_taken_out_and_a_silent_one_if_there_are_others)
{
	struct pool_view silent = {.health = {.last_good_ms = START_MS}}, down = silent;

	snprintf(down.health.reason, REASON_SIZE, "cannot connect");
	member_note_view(&all[0], &silent, true, START_MS + 2000);
	cr_assert(all[0].is_in, "there is nobody to ask instead");
	member_note_view(&all[0], &silent, false, START_MS + 2000);
	cr_assert_not(all[0].is_in);
	member_note_view(&all[1], &down, true, START_MS + 2000);
	cr_assert_not(all[1].is_in);
	cr_assert_str_eq(all[1].reason, "cannot connect");
}

Test(member, the_operator_keeps_it_out)
{
	all[0].is_drained = true;
	all[0].is_in = false;
	cr_assert_not(comes_in(0, START_MS + 60000));
	all[0].is_drained = false;
	cr_assert(comes_in(0, START_MS + 60001));
}

Test(member, a_member_is_described_by_what_its_pool_knows)
{
	struct database_state state;
	struct pool_view view = well_at(START_MS);
	uint64_t ticket;

	view.health.newest_base = 41;
	member_note_view(&all[0], &view, false, START_MS);
	member_describe(&all[0], &state);
	cr_assert_eq(state.condition, DATABASE_UP);
	cr_assert_str_empty(state.reason);
	cr_assert(database_last_ticket(&state, &ticket));
	cr_assert_eq(ticket, 329 + 39 * 10);

	view.health.newest_base = 40; /* an older look than the last answer */
	member_note_bases(&all[0], &(struct ticket_range){42, 1, 2});
	member_note_view(&all[0], &view, false, START_MS);
	member_describe(&all[0], &state);
	cr_assert_eq(state.newest_base, 43);

	member_take_out(&all[0], "it hangs", START_MS);
	member_describe(&all[0], &state);
	cr_assert_eq(state.condition, DATABASE_DOWN);
	cr_assert_str_eq(state.reason, "it hangs");

	view.health =
		(struct health_view){.is_refused = true, .reason = "it has gone back in time"};
	member_note_view(&all[0], &view, false, START_MS);
	member_describe(&all[0], &state);
	cr_assert_eq(state.condition, DATABASE_REFUSED);
	cr_assert_str_eq(state.reason, "it has gone back in time");

	all[0].is_drained = true;
	member_describe(&all[0], &state);
	cr_assert_eq(state.condition, DATABASE_DRAINING);
	all[0].is_pool_drained = all[0].view.is_disconnected = true;
	member_describe(&all[0], &state);
	cr_assert_eq(state.condition, DATABASE_DRAINED);
}

Test(member, all_are_named_if_none_issues_tickets)
{
	char memory[REASON_SIZE];
	struct text text = TEXT_OVER(memory);
	char long_reason[REASON_SIZE];

	memset(long_reason, 'x', sizeof(long_reason) - 1);
	long_reason[sizeof(long_reason) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		member_take_out(&all[i], long_reason, START_MS);
	members_explain(&members, &text);
	cr_assert(strncmp(memory, "no database issues tickets: a:1: xxx", 36) == 0, "%s", memory);
	cr_assert_not_null(strstr(memory, "; b:2: xxx"));
	cr_assert_not_null(strstr(memory, "; c:3: xxx"));
	cr_assert_not_null(strstr(memory, "xxx...; b:2: "), "a cut reason ends in dots: %s",
			   memory);
	cr_assert_str_eq(memory + strlen(memory) - 4, "x...");
}
