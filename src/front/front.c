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
#include "front/front.h"
#include "metrics/metrics.h"

struct front {
	struct front_settings settings;
};

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

void
front_note_issued(struct sequence *sequence, uint32_t count)
{
	if (sequence == NULL) {
		metrics_add(METRIC_TICKETS_ISSUED, count);
		return;
	}
	metrics_add(METRIC_SEQUENCE_IDS_ISSUED, count);
	directory_count(sequence, count);
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

/* One id of 2^53 has no scrambled id. Then the request gets other ones. */
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
	else if (!space_ids(answer->space, &answer->bases, &ids.ids))
		front_refuse(create, FRONT_EXHAUSTED, SPACE_EXHAUSTED);
	else if (create->policy.form == SEQUENCE_SCRAMBLED)
		front_answer_scrambled(create, &ids);
	else
		create->answer(create, &ids);
}

/* Another key would repeat ids. */
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
	create->sequence = found->sequence;
	create->policy = found->policy;
	create->request = (struct ticket_request){
		.sequence = found->sequence,
		.revision = found->policy.revision,
		.order = found->policy.order,
		.may_be_held = order == SEQUENCE_WEAK,
		.source = order == SEQUENCE_WEAK ? front->settings.weak : front->settings.strong,
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

static struct ticket_request
front_ask_for_row(const struct front *front, const char *name, size_t len)
{
	struct sequence_shown *shown = xcalloc(1, sizeof(*shown) + len);
	char *copy = (char *)(shown + 1);

	memcpy(copy, name, len);
	shown->name = copy;
	shown->name_len = (uint8_t)len;
	return (struct ticket_request){
		.task = RESERVATION_SHOW, .result = shown, .source = front->settings.strong};
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
	if (!front_is_open(front, &reason)) {
		front_refuse(create, FRONT_UNAVAILABLE, memory);
		return;
	}
	result = directory_find(front->settings.directory, name.name, name.len, clock_ms(), &found);
	if (result == DIRECTORY_KNOWN)
		front_reserve(create, &found);
	else if (result == DIRECTORY_UNKNOWN)
		front_read_row(create, name.name, name.len);
	else
		front_refuse_name(create, result);
}

/* --- rows of the database ----------------------------------------------------------------------- */

/* Make the name in the store of KEY. False: LOOK was answered. */
static bool
front_rewrite_look(struct front *front, struct front_look *look, const char *key, size_t len,
		   struct rewritten *name)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	look->front = front;
	if (rewrite_key(front->settings.prefix, key, len, name, &reason))
		return true;
	look->answer(look, &(struct front_shown){.outcome = FRONT_BAD_REQUEST, .reason = memory});
	return false;
}

/* Take the prefix of FRONT off the name in ENTRY. */
static void
front_make_key(const struct front *front, struct sequence_entry *entry)
{
	size_t prefix_len = strlen(front->settings.prefix);

	entry->name_len = (uint8_t)(entry->name_len - prefix_len);
	memmove(entry->name, entry->name + prefix_len, entry->name_len);
}

static void
front_on_shown(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct front_look *look = CONTAINER_OF(request, struct front_look, request);
	struct front_shown shown = {.outcome = front_outcome_of_status(answer->status),
				    .reason = answer->reason};
	const struct sequence_shown *result = answer->result;
	struct sequence_entry entry;

	if (answer->status == TICKET_OK && !result->is_found) {
		shown.outcome = FRONT_NOT_FOUND;
		shown.reason = look->front->settings.names == FRONT_NAMES_ANY
				       ? "there is no sequence of this name: the first create "
					 "makes it"
				       : "there is no sequence of this name: the operator can "
					 "make it with tickrd sequence create";
	} else if (answer->status == TICKET_OK) {
		entry.name_len = result->name_len;
		memcpy(entry.name, result->name, result->name_len);
		entry.last = result->last;
		entry.policy = result->policy;
		front_make_key(look->front, &entry);
		shown.entries = &entry;
		shown.count = 1;
		shown.space = answer->space;
	}
	look->answer(look, &shown);
}

void
front_show(struct front *front, struct front_look *look, const char *key, size_t len)
{
	struct rewritten name;

	if (!front_rewrite_look(front, look, key, len, &name))
		return;
	look->request = front_ask_for_row(front, name.name, name.len);
	look->request.answer = front_on_shown;
	allocator_request(front->settings.allocator, &look->request, clock_ms());
}

/*
 * Keep the rows of PAGE that are FRONT's. The page is in order of name and begins after the prefix, so they come first.
 */
static void
front_keep_keys(const struct front *front, struct sequence_page *page)
{
	uint32_t kept = 0;

	while (kept < page->count &&
	       rewrite_is_key(front->settings.prefix, page->entries[kept].name,
			      page->entries[kept].name_len))
		front_make_key(front, &page->entries[kept++]);
	page->count = kept;
}

/* One more than the limit was asked for. */
static void
front_on_listed(struct ticket_request *request, const struct ticket_answer *answer)
{
	struct front_look *look = CONTAINER_OF(request, struct front_look, request);
	struct front_shown shown = {.outcome = front_outcome_of_status(answer->status),
				    .reason = answer->reason};
	struct sequence_page *page = answer->result;

	if (answer->status == TICKET_OK) {
		front_keep_keys(look->front, page);
		shown.is_more = page->count == page->limit;
		shown.entries = page->entries;
		shown.count = page->count - shown.is_more;
		shown.space = answer->space;
	}
	look->answer(look, &shown);
}

/* The page, its rows and the name are one piece of memory. */
void
front_list(struct front *front, struct front_look *look, const char *after, size_t len,
	   uint32_t limit)
{
	size_t rows_size = (limit + 1) * sizeof(struct sequence_entry);
	struct sequence_page *page;
	struct rewritten name;
	char *copy;

	if (!front_rewrite_look(front, look, after, len, &name))
		return;
	page = xcalloc(1, sizeof(*page) + rows_size + name.len);
	copy = (char *)(page + 1) + rows_size;
	memcpy(copy, name.name, name.len);
	page->after = copy;
	page->after_len = (uint8_t)name.len;
	page->limit = limit + 1;
	page->entries = (struct sequence_entry *)(page + 1);
	look->request = (struct ticket_request){.task = RESERVATION_LIST,
						.result = page,
						.source = front->settings.strong,
						.answer = front_on_listed};
	allocator_request(front->settings.allocator, &look->request, clock_ms());
}

uint64_t
front_held(struct front *front, const char *key, size_t len)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct directory_found found;
	struct rewritten name;

	if (!rewrite_key(front->settings.prefix, key, len, &name, &reason) ||
	    directory_find(front->settings.directory, name.name, name.len, clock_ms(), &found) !=
		    DIRECTORY_KNOWN)
		return 0;
	return front->settings.held(front->settings.arg, found.sequence);
}

void
front_add_busiest(struct front *front, struct text *page)
{
	struct directory_ranking ranking;

	directory_ranking(front->settings.directory, &ranking);
	busiest_write(&ranking, page);
}
