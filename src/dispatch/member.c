#include <stdio.h>
#include <string.h>

#include "dispatch/member.h"

#define BRIEF_MS	10000 /* a member that fails again so soon stays out longer */
#define FIRST_HOLD_MS	250
#define LONGEST_HOLD_MS 5000
#define LEAST_SHARE	8    /* bytes for each member in a message about all */
#define FAIL_BACK_MS	5000 /* in service, until an earlier member is asked again */

void
member_take_out(struct member *member, const char *reason, uint64_t now_ms)
{
	bool was_brief = member->has_been_in && member->returned_ms != 0 &&
			 now_ms - member->in_since_ms < BRIEF_MS;

	snprintf(member->reason, sizeof(member->reason), "%s", reason);
	member->out_since_ms = now_ms; /* even if it is out: only later answers count */
	if (!member->is_in)
		return;
	member->is_in = false;
	if (!was_brief)
		member->hold_ms = 0;
	else
		member->hold_ms = member->hold_ms == 0 ? FIRST_HOLD_MS : 2 * member->hold_ms;
	if (member->hold_ms > LONGEST_HOLD_MS)
		member->hold_ms = LONGEST_HOLD_MS;
}

static void
member_bring_in(struct member *member, uint64_t now_ms)
{
	member->is_in = true;
	member->returned_ms = member->has_been_in ? now_ms : 0;
	member->has_been_in = true;
	member->in_since_ms = now_ms;
	member->last_answer_ms = now_ms;
	member->is_exhausted = false;
	member->reason[0] = '\0';
}

/* Return true if MEMBER has answered its pool since it was taken out, and was out for long enough. */
static bool
member_may_come_in(const struct member *member, bool is_last, uint64_t now_ms)
{
	return !member->is_drained && member->view.health.is_ready &&
	       member->view.health.last_good_ms > member->out_since_ms &&
	       (is_last || now_ms - member->out_since_ms >= member->hold_ms);
}

void
member_note_view(struct member *member, const struct pool_view *view, bool is_last, uint64_t now_ms)
{
	uint64_t newest = member->view.health.newest_base;
	bool is_bad = view->health.reason[0] != '\0';

	member->view = *view;
	if (newest > view->health.newest_base)
		member->view.health.newest_base = newest;
	if (!member->is_in && member_may_come_in(member, is_last, now_ms))
		member_bring_in(member, now_ms);
	else if (member->is_in && is_bad)
		member_take_out(member, view->health.reason, now_ms);
	else if (member->is_in && !view->health.is_ready && !is_last)
		member_take_out(member, "it has not answered for a second", now_ms);
}

void
member_note_bases(struct member *member, const struct ticket_range *bases)
{
	uint64_t newest;

	if (range_last(bases, &newest) && newest > member->view.health.newest_base)
		member->view.health.newest_base = newest;
}

static enum database_condition
member_condition_of(const struct member *member)
{
	if (member->is_drained)
		return member->is_pool_drained && member->view.is_disconnected ? DATABASE_DRAINED
									       : DATABASE_DRAINING;
	if (member->is_in && member->view.health.is_ready)
		return DATABASE_UP;
	return member->view.health.is_refused ? DATABASE_REFUSED : DATABASE_DOWN;
}

void
member_describe(const struct member *member, struct database_state *state)
{
	const char *reason = member->view.health.reason;

	state->name = member->name;
	state->space = member->space;
	state->condition = member_condition_of(member);
	state->newest_base = member->view.health.newest_base;
	if (member->is_drained)
		reason = "the operator has taken it out";
	else if (reason[0] == '\0')
		reason = member->reason[0] != '\0' ? member->reason : "it does not answer";
	snprintf(state->reason, sizeof(state->reason), "%s",
		 state->condition == DATABASE_UP ? "" : reason);
}

static size_t
member_choose_in_turn(struct members *members, size_t except)
{
	for (size_t i = 0; i < members->count; i++) {
		size_t at = (members->next + i) % members->count;

		if (!members->all[at].is_in || at == except)
			continue;
		members->next = at + 1;
		return at;
	}
	return NO_MEMBER;
}

/* Return the first member in service. Skip a member that has just returned, if there is another. */
static size_t
member_choose_first(struct members *members, size_t except, uint64_t now_ms)
{
	size_t chosen = NO_MEMBER;

	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->all[i];

		if (!member->is_in || i == except)
			continue;
		if (chosen == NO_MEMBER)
			chosen = i;
		if (i == members->next || now_ms - member->returned_ms >= FAIL_BACK_MS) {
			chosen = i;
			break;
		}
	}
	if (chosen != NO_MEMBER)
		members->next = chosen;
	return chosen;
}

size_t
members_choose(struct members *members, size_t except, uint64_t now_ms)
{
	return members->is_failover ? member_choose_first(members, except, now_ms)
				    : member_choose_in_turn(members, except);
}

bool
members_have_other(const struct members *members, size_t except)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->all[i].is_in && i != except)
			return true;
	return false;
}

bool
members_are_exhausted(const struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->all[i].is_in || !members->all[i].is_exhausted)
			return false;
	return true;
}

void
members_explain(const struct members *members, struct text *text)
{
	size_t share;

	text_add(text, "no database issues tickets: ");
	share = (text->size - text->len) / members->count;
	if (share < LEAST_SHARE)
		share = LEAST_SHARE;
	for (size_t i = 0; i < members->count; i++) {
		struct database_state state;
		char memory[2 * REASON_SIZE + 64];
		struct text one = TEXT_OVER(memory);

		member_describe(&members->all[i], &state);
		if (state.reason[0] == '\0')
			snprintf(state.reason, sizeof(state.reason), "it has not answered in time");
		text_addf(&one, "%s: %s", state.name, state.reason);
		if (i > 0)
			text_add(text, "; ");
		text_add_cut(text, memory, share - strlen("; "));
	}
}
