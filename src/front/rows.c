#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "front/state.h"

#define FRONT_NO_ROWS                                                                             \
	"this store keeps no counters, because its ids are Snowflake ids: take an id apart with " \
	"/decode/ID?store=NAME"

struct ticket_request
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

/* Make the name in the store of KEY, if the store has rows. False: LOOK was answered. */
static bool
front_rewrite_look(struct front *front, struct front_look *look, const char *key, size_t len,
		   struct rewritten *name)
{
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	look->front = front;
	if (front->settings.groups != NULL)
		text_add(&reason, FRONT_NO_ROWS);
	else if (rewrite_key(front->settings.prefix, key, len, name, &reason))
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

	if (front->settings.groups != NULL ||
	    !rewrite_key(front->settings.prefix, key, len, &name, &reason) ||
	    directory_find(front->settings.directory, name.name, name.len, clock_ms(), &found) !=
		    DIRECTORY_KNOWN)
		return 0;
	return front->settings.held(front->settings.arg, found.sequence);
}
