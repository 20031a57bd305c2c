/*
 * DESIGN. A create goes through at most four reservations: SHOW and RESERVE, and both again if the row says that
 * the policy was changed meanwhile. Numbers that were reserved under another policy become a gap, because the
 * request may have to be served in another way.
 *
 * The front never decides by the absence of a name in the directory. The row in the database decides, because
 * another server may have made it.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "front/state.h"
#include "metrics/metrics.h"

#define FRONT_NO_ORDER                                                                             \
	"this store issues Snowflake ids, and order over several workers cannot be promised: ask " \
	"for weak order"

#define FRONT_TOO_MUCH_SCRAMBLING                                                                  \
	"too many scrambled ids are asked for: a thread of this server makes 100000 in a second. " \
	"Retry in a second"

struct front *
front_new(const struct front_settings *settings)
{
	struct front *front = xcalloc(1, sizeof(*front));

	front->settings = *settings;
	if (front->settings.prefix == NULL)
		front->settings.prefix = "";
	return front;
}

void
front_free(struct front *front)
{
	if (front != NULL)
		scramble_free(front->settings.scramble);
	free(front);
}

struct front_issued
front_issued_by(const struct front_create *create, const struct front_ids *ids)
{
	return (struct front_issued){
		.ids = ids->ids,
		.of = create->sequence,
		.space = ids->space,
		.node = ids->node,
		.is_scrambled = ids->scrambled != NULL,
		.taken_us = ids->taken_us,
		.sequence = create->sequence->name,
		.sequence_len = create->sequence->name_len,
	};
}

void
front_note_issued(const struct front_issued *issued)
{
	if (issued->ids.count == 0)
		return;
	if (issued->of == NULL) {
		metrics_add(METRIC_TICKETS_ISSUED, issued->ids.count);
		return;
	}
	metrics_add(METRIC_SEQUENCE_IDS_ISSUED, issued->ids.count);
	directory_count(issued->of, issued->ids.count);
}

/* --- new ids ------------------------------------------------------------------------------------- */

static void
front_refuse(struct front_create *create, enum front_outcome outcome, const char *reason)
{
	create->answer(create, &(struct front_ids){.outcome = outcome, .reason = reason});
}

/* RESULT of the directory is neither KNOWN nor UNKNOWN. */
static void
front_refuse_name(struct front_create *create, enum directory_result result)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	directory_explain(create->front->settings.directory, result, &reason);
	front_refuse(create, front_outcome_of_name(result), memory);
}

static void front_reserve(struct front_create *create, const struct directory_found *found);
static void front_read_row(struct front_create *create, const char *name, size_t len);

/*
 * Reserve again, because the row has another policy than the reservation relied on. If the directory does not
 * know that policy yet, read the row first.
 */
static void
front_repeat(struct front_create *create)
{
	struct directory *directory = create->front->settings.directory;
	struct directory_found found = {.sequence = create->sequence};

	if (create->is_repeated) {
		front_refuse(create, FRONT_UNAVAILABLE,
			     "the policy of the sequence changes: retry in a second");
		return;
	}
	create->is_repeated = true;
	found.policy = directory_policy(directory, found.sequence);
	if (found.policy.is_retired)
		front_refuse_name(create, DIRECTORY_RETIRED);
	else if (found.policy.revision != create->policy.revision)
		front_reserve(create, &found);
	else
		front_read_row(create, found.sequence->name, found.sequence->name_len);
}

/* One id in 2^53 has no scrambled form. If a request got it, reserve again. */
static void
front_answer_scrambled(struct front_create *create, const struct front_ids *found)
{
	const struct ticket_range *ids = &found->ids;
	const struct sequence *sequence = create->sequence;
	struct scramble_domain domain = {sequence->name, sequence->name_len, create->policy.width};
	uint64_t *scrambled = xcalloc(ids->count, sizeof(*scrambled));
	struct front_ids answer = *found;
	uint32_t count;

	answer.scrambled = scrambled;
	if (!scramble_ids(create->front->settings.scramble, &domain, ids, scrambled, &count))
		front_refuse(create, FRONT_EXHAUSTED,
			     "the sequence is exhausted: its ids do not fit its width any more");
	else if (count < ids->count)
		front_repeat(create); /* it reads the row, which does no harm */
	else
		create->answer(create, &answer);
	free(scrambled);
}

/* Snowflake ids may be several progressions, so they stay bases. False: the space ends. */
static bool
front_take_ids(const struct ticket_answer *answer, struct front_ids *ids)
{
	if (!space_is_of_snowflakes(answer->space))
		return space_ids(answer->space, &answer->bases, &ids->ids);
	ids->ids = answer->bases;
	ids->space = answer->space;
	return true;
}

static void
front_on_numbers(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct front_create *create = CONTAINER_OF(request, struct front_create, request);
	struct front *front = create->front;
	struct front_ids ids = {.outcome = FRONT_OK, .taken_us = answer->taken_us};

	if (answer->status == TICKET_OK)
		ids.node = (uint32_t)answer->space->node_number;
	if (answer->status == TICKET_OK && !request->may_be_held)
		front->settings.drop(front->settings.arg, request->sequence);
	if (answer->status == TICKET_OK && answer->revision != create->policy.revision)
		metrics_add(METRIC_SEQUENCE_IDS_ABANDONED, request->count);
	if (answer->status == TICKET_NO_SEQUENCE && !create->is_repeated)
		front_repeat(create);
	else if (answer->status != TICKET_OK)
		front_refuse(create, front_outcome_of_status(answer->status), answer->reason);
	else if (answer->revision != create->policy.revision)
		front_repeat(create);
	else if (!front_take_ids(answer, &ids))
		front_refuse(create, FRONT_EXHAUSTED, SPACE_EXHAUSTED);
	else if (create->policy.form == SEQUENCE_SCRAMBLED)
		front_answer_scrambled(create, &ids);
	else
		create->answer(create, &ids);
}

/* Whether the server has the key of the sequence. Another key would repeat ids. */
static bool
front_can_scramble(const struct front *front, const struct sequence_policy *policy,
		   struct text *reason)
{
	if (front->settings.scramble == NULL)
		text_add(reason, "the ids of this sequence are scrambled, and this server has no "
				 "key: the operator must set TICKR_SCRAMBLE_KEY_FILE");
	else if (scramble_fingerprint(front->settings.scramble) != policy->fingerprint)
		text_add(reason, "another key scrambles the ids of this sequence than that of this "
				 "server, which would repeat ids: the operator must set "
				 "TICKR_SCRAMBLE_KEY_FILE to the key that the sequence was made "
				 "with");
	else
		return true;
	return false;
}

static const struct source *
front_source(const struct front *front, enum sequence_order order, const struct front_wish *wish)
{
	if (front->settings.groups != NULL && wish->is_whole)
		return front->settings.groups;
	return order == SEQUENCE_WEAK ? front->settings.weak : front->settings.strong;
}

enum front_outcome
front_unscramble(struct front *front, const struct sequence_entry *entry, uint64_t scrambled,
		 uint64_t *id, struct text *reason)
{
	struct scramble_domain domain = {.width = entry->policy.width};
	struct rewritten name;

	if (!front_can_scramble(front, &entry->policy, reason))
		return FRONT_UNAVAILABLE;
	if (!rewrite_key(front->settings.prefix, entry->name, entry->name_len, &name, reason))
		return FRONT_BAD_REQUEST;
	domain.name = name.name;
	domain.name_len = (uint8_t)name.len;
	if (scramble_decode(front->settings.scramble, &domain, scrambled, id))
		return FRONT_OK;
	text_addf(reason, "the id %" PRIu64 " is not an id of this sequence", scrambled);
	return FRONT_BAD_REQUEST;
}

static void
front_reserve(struct front_create *create, const struct directory_found *found)
{
	struct front *front = create->front;
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	enum sequence_order order;

	if (!front_decide(&found->policy, &create->wish, front->settings.databases, &order,
			  &reason)) {
		front_refuse(create, FRONT_BAD_REQUEST, memory);
		return;
	}
	if (found->policy.form == SEQUENCE_SCRAMBLED &&
	    !front_can_scramble(front, &found->policy, &reason)) {
		front_refuse(create, FRONT_UNAVAILABLE, memory);
		return;
	}
	if (found->policy.form == SEQUENCE_SCRAMBLED &&
	    !budget_take(&front->scrambling, create->wish.count, clock_us())) {
		front_refuse(create, FRONT_TOO_FAST, FRONT_TOO_MUCH_SCRAMBLING);
		return;
	}
	create->sequence = found->sequence;
	create->policy = found->policy;
	create->request = (struct ticket_request){
		.sequence = found->sequence,
		.revision = found->policy.revision,
		.order = found->policy.order,
		.may_be_held = order == SEQUENCE_WEAK,
		.source = front_source(front, order, &create->wish),
		.is_alone = front->settings.groups != NULL && create->wish.is_whole,
		.count = create->wish.count,
		.answer = front_on_numbers,
	};
	allocator_request(front->settings.allocator, &create->request, clock_ms());
}

/* The database has no row of the name; or, if only declared names are served, none that an operator made. */
static enum directory_result
front_make(struct front *front, const struct sequence_shown *shown, struct directory_found *found)
{
	struct directory *directory = front->settings.directory;
	uint64_t now_ms = clock_ms();

	if (front->settings.names == FRONT_NAMES_ANY)
		return directory_make(directory, shown->name, shown->name_len, now_ms, found);
	directory_note_missing(directory, shown->name, shown->name_len, now_ms);
	return DIRECTORY_MISSING;
}

static bool
front_serves(const struct front *front, const struct sequence_policy *policy)
{
	return front->settings.names == FRONT_NAMES_ANY || policy->is_declared ||
	       policy->is_retired;
}

/* The database has a row of the name. */
static enum directory_result
front_learn(struct front_create *create, const struct sequence_shown *shown,
	    struct directory_found *found)
{
	const struct front_settings *settings = &create->front->settings;
	struct sequence *sequence = create->sequence;

	if (sequence == NULL)
		return directory_learn(settings->directory, shown->name, shown->name_len,
				       &shown->policy, found);
	if (directory_replace(settings->directory, sequence, create->policy.revision,
			      &shown->policy))
		settings->drop(settings->arg, sequence);
	found->sequence = sequence;
	found->policy = directory_policy(settings->directory, sequence);
	return found->policy.is_retired ? DIRECTORY_RETIRED : DIRECTORY_KNOWN;
}

static void
front_on_row(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct front_create *create = CONTAINER_OF(request, struct front_create, request);
	const struct sequence_shown *shown = answer->result;
	struct directory_found found;
	enum directory_result result;

	if (answer->status != TICKET_OK) {
		front_refuse(create, front_outcome_of_status(answer->status), answer->reason);
		return;
	}
	if (shown->is_found && front_serves(create->front, &shown->policy))
		result = front_learn(create, shown, &found);
	else
		result = front_make(create->front, shown, &found);
	if (result == DIRECTORY_KNOWN)
		front_reserve(create, &found);
	else
		front_refuse_name(create, result);
}

static void
front_read_row(struct front_create *create, const char *name, size_t len)
{
	create->request = front_ask_for_row(create->front, name, len);
	create->request.answer = front_on_row;
	allocator_request(create->front->settings.allocator, &create->request, clock_ms());
}

static bool
front_is_open(const struct front *front, struct text *reason)
{
	return front->settings.is_open == NULL ||
	       front->settings.is_open(front->settings.arg, reason);
}

/*
 * A store without rows has no strong sequences. Return false if the request asks for one. If it names no order, make it
 * a weak one.
 */
static bool
front_takes_order(struct front_create *create)
{
	if (create->front->settings.groups == NULL)
		return true;
	create->wish.fallback = SEQUENCE_WEAK;
	return create->wish.order != FRONT_ORDER_STRONG;
}

void
front_create(struct front *front, struct front_create *create, const char *key, size_t len)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct directory_found found;
	struct rewritten name;
	enum directory_result result;

	create->front = front;
	if (!rewrite_key(front->settings.prefix, key, len, &name, &reason)) {
		front_refuse(create, FRONT_BAD_REQUEST, memory);
		return;
	}
	if (!front_takes_order(create)) {
		front_refuse(create, FRONT_BAD_REQUEST, FRONT_NO_ORDER);
		return;
	}
	if (!front_is_open(front, &reason)) {
		front_refuse(create, FRONT_UNAVAILABLE, memory);
		return;
	}
	result = directory_find(front->settings.directory, name.name, name.len, clock_ms(), &found);
	if (result == DIRECTORY_UNKNOWN && front->settings.groups != NULL)
		result = directory_make(front->settings.directory, name.name, name.len, clock_ms(),
					&found);
	if (result == DIRECTORY_KNOWN)
		front_reserve(create, &found);
	else if (result == DIRECTORY_UNKNOWN)
		front_read_row(create, name.name, name.len);
	else
		front_refuse_name(create, result);
}

void
front_add_busiest(struct front *front, struct text *page)
{
	struct directory_ranking ranking;

	directory_ranking(front->settings.directory, &ranking);
	busiest_write(&ranking, page);
}
