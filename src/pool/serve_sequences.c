#include <inttypes.h>
#include <string.h>

#include "pool/counter.h"
#include "pool/group.h"
#include "pool/serve.h"
#include "pool/serve_sequences.h"
#include "ticket/sequence_result.h"

#define SEQUENCE_RETIRED "the sequence is retired: it issues no more ids, for ever"

/* --- numbers ----------------------------------------------------------------------------------- */

static void
serve_sequences_refuse(struct keeper *keeper, struct mail_list *list,
		       struct reservation *reservation, enum ticket_status status,
		       const char *words)
{
	struct text reason = TEXT_OVER(reservation->reason);

	text_add(&reason, words);
	serve_answer(list, &reservation->mail, keeper->health->database, status);
}

/* Name the sequence, as the store has it. */
static void
serve_sequences_refuse_strange(struct keeper *keeper, struct mail_list *list,
			       struct reservation *reservation)
{
	char memory[REASON_SIZE];
	struct text words = TEXT_OVER(memory);

	text_add(&words, "the sequence ");
	text_add_bytes(&words, reservation->sequence->name, reservation->sequence->name_len);
	text_add(&words, " was moved by another program, or expires: the operator must stop that "
			 "program, see docs/stores.md");
	serve_sequences_refuse(keeper, list, reservation, TICKET_DATABASE_REFUSED, memory);
}

static void
serve_sequences_give(struct keeper *keeper, struct mail_list *list, struct group_part *part,
		     struct reservation *reservation)
{
	struct text reason = TEXT_OVER(reservation->reason);
	uint64_t first = part->next;

	part->next += reservation->count;
	if (part->next - 1 > part->most) {
		text_addf(
			&reason,
			"the sequence is at its end: the last number that it may issue is %" PRIu64,
			part->most);
		serve_answer(list, &reservation->mail, keeper->health->database, TICKET_EXHAUSTED);
		return;
	}
	reservation->bases = (struct ticket_range){first, 1, reservation->count};
	reservation->space = keeper->space;
	serve_answer(list, &reservation->mail, keeper->health->database, TICKET_OK);
}

/* Deal the numbers of the statement to LIST. Reservations that relied on another policy go to AGAIN. */
static void
serve_sequences_deal(struct keeper *keeper, struct mail_list *list, struct mail_list *again)
{
	struct mail *mail;

	group_take(keeper->group);
	while ((mail = TAILQ_FIRST(list)) != NULL) {
		struct reservation *reservation = reservation_of(mail);
		struct group_part *part = group_part_of(keeper->group, reservation);

		if (part->revision != reservation->revision) {
			TAILQ_REMOVE(list, mail, link);
			TAILQ_INSERT_TAIL(again, mail, link);
		} else if (part->is_strange)
			serve_sequences_refuse_strange(keeper, list, reservation);
		else if (part->is_retired)
			serve_sequences_refuse(keeper, list, reservation, TICKET_NO_SEQUENCE,
					       SEQUENCE_RETIRED);
		else
			serve_sequences_give(keeper, list, part, reservation);
	}
}

/* --- policies ---------------------------------------------------------------------------------- */

/* Read the policy of SEQUENCE. One without a row has the policy of a first use. */
static enum store_result
serve_sequences_read_policy(struct keeper *keeper, const struct sequence *sequence,
			    struct sequence_policy *policy, struct text *reason)
{
	struct store_listed listed;
	bool is_found = false;
	enum store_result result = keeper->store->show(
		keeper->session, sequence->name, sequence->name_len, &listed, &is_found, reason);

	*policy = is_found ? listed.policy : SEQUENCE_DEFAULT_POLICY;
	return result;
}

/* Whether the sequence may be used with POLICY. The owner of all policies hears of it. */
static bool
serve_sequences_accept_policy(struct keeper *keeper, struct sequence *sequence, uint32_t seen,
			      const struct sequence_policy *policy, struct text *reason)
{
	const struct pool_policies *policies = keeper->policies;
	bool may_use = policies->changed == NULL ||
		       policies->changed(policies->arg, sequence, seen, policy, reason);

	if (!policy->is_retired)
		return may_use;
	text_clear(reason);
	text_add(reason, SEQUENCE_RETIRED);
	return false;
}

/*
 * The reservations of SEQUENCE in LIST rely on REVISION from now on, and go to DONE. If REASON is not empty, they
 * are refused for it.
 */
static void
serve_sequences_set_policy(struct keeper *keeper, struct mail_list *list, struct mail_list *done,
			   const struct sequence *sequence, uint32_t revision, const char *reason)
{
	struct mail *mail, *following;

	for (mail = TAILQ_FIRST(list); mail != NULL; mail = following) {
		struct reservation *reservation = reservation_of(mail);

		following = TAILQ_NEXT(mail, link);
		if (reservation->sequence != sequence)
			continue;
		reservation->revision = revision;
		if (reason[0] != '\0') {
			serve_sequences_refuse(keeper, list, reservation, TICKET_NO_SEQUENCE,
					       reason);
			continue;
		}
		TAILQ_REMOVE(list, mail, link);
		TAILQ_INSERT_TAIL(done, mail, link);
	}
}

/* Read the policies of all sequences of LIST. False: LIST was answered, because the database cannot be read. */
static bool
serve_sequences_reload(struct keeper *keeper, struct mail_list *list)
{
	struct mail_list done = TAILQ_HEAD_INITIALIZER(done);
	struct mail *mail;

	while ((mail = TAILQ_FIRST(list)) != NULL) {
		struct sequence *sequence = reservation_of(mail)->sequence;
		uint32_t seen = reservation_of(mail)->revision;
		char memory[REASON_SIZE];
		struct text reason = TEXT_OVER(memory);
		struct sequence_policy policy;
		enum store_result result =
			serve_sequences_read_policy(keeper, sequence, &policy, &reason);

		if (result != STORE_OK) {
			TAILQ_CONCAT(list, &done, link);
			serve_note_failure(keeper, list, result, memory);
			return false;
		}
		if (serve_sequences_accept_policy(keeper, sequence, seen, &policy, &reason))
			text_clear(&reason);
		serve_sequences_set_policy(keeper, list, &done, sequence, policy.revision, memory);
	}
	TAILQ_CONCAT(list, &done, link);
	return true;
}

/* --- statements -------------------------------------------------------------------------------- */

static void
serve_sequences_reserve(struct keeper *keeper, struct mail_list *list)
{
	struct mail_list again = TAILQ_HEAD_INITIALIZER(again);
	struct mail_list twice = TAILQ_HEAD_INITIALIZER(twice);
	struct group *group = keeper->group;
	struct ticket_range clock;

	group_gather(group, list);
	if (!serve_statement(keeper, list, &group->order, group->deadline_ms, &clock))
		return;
	serve_sequences_deal(keeper, list, &again);
	if (TAILQ_EMPTY(&again) || !serve_sequences_reload(keeper, &again) || TAILQ_EMPTY(&again))
		return;
	group_gather(group, &again);
	if (!serve_statement(keeper, &again, &group->order, group->deadline_ms, &clock))
		return;
	serve_sequences_deal(keeper, &again, &twice);
	serve_fail(&twice, keeper->health->database, TICKET_DATABASE_FAILED,
		   "the policy of the sequence is being changed: ask again");
}

/* --- reading ----------------------------------------------------------------------------------- */

static enum store_result
serve_sequences_show(struct keeper *keeper, struct sequence_shown *shown, struct text *reason)
{
	struct store_listed listed = {.last = 0};
	enum store_result result = keeper->store->show(
		keeper->session, shown->name, shown->name_len, &listed, &shown->is_found, reason);

	shown->last = listed.last;
	shown->policy = listed.policy;
	return result;
}

static void
serve_sequences_add_entry(void *arg, const struct store_listed *listed)
{
	struct sequence_page *page = arg;
	struct sequence_entry *entry = &page->entries[page->count++];

	memcpy(entry->name, listed->name, listed->name_len);
	entry->name_len = listed->name_len;
	entry->last = listed->last;
	entry->policy = listed->policy;
}

static enum store_result
serve_sequences_list(struct keeper *keeper, struct sequence_page *page, struct text *reason)
{
	page->count = 0;
	return keeper->store->list(keeper->session, page->after, page->after_len, page->limit,
				   serve_sequences_add_entry, page, reason);
}

static void
serve_sequences_read(struct keeper *keeper, struct mail_list *list)
{
	struct reservation *reservation = reservation_of(TAILQ_FIRST(list));
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum store_result result = counter_may_reserve(keeper, &reason);

	if (result == STORE_OK && reservation->task == RESERVATION_SHOW)
		result = serve_sequences_show(keeper, reservation->result, &reason);
	else if (result == STORE_OK)
		result = serve_sequences_list(keeper, reservation->result, &reason);
	else {
		serve_fail(list, keeper->health->database, TICKET_DATABASE_REFUSED, memory);
		return;
	}
	if (result != STORE_OK) {
		serve_note_failure(keeper, list, result, memory);
		return;
	}
	reservation->space = keeper->space;
	serve_answer(list, &reservation->mail, keeper->health->database, TICKET_OK);
}

void
serve_sequences(struct keeper *keeper, struct mail_list *list)
{
	if (reservation_of(TAILQ_FIRST(list))->task == RESERVATION_RESERVE)
		serve_sequences_reserve(keeper, list);
	else
		serve_sequences_read(keeper, list);
}
