#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "census.h"
#include "ticket/sequence_result.h"

#define PAGE	    1000
#define DEADLINE_MS 3600000 /* a page waits until the database is there */
#define RETRY_MS    1000

struct census {
	struct reservation reservation;
	struct directory *directory;
	struct source source;
	struct mailbox *mailbox;
	bool is_out; /* the source has the reservation, or its answer is on the way */
	bool is_complete;
	bool is_stopped;
	uint64_t retry_ms;

	char after[SEQUENCE_NAME_MOST];
	struct sequence_page page;
	struct sequence_entry entries[PAGE];
};

/* If the directory is full, no name can be made, so it need not know more of them. */
static void
census_learn(struct census *census)
{
	const struct sequence_page *page = &census->page;
	struct directory_found found;

	for (uint32_t i = 0; i < page->count && !directory_is_full(census->directory); i++) {
		const struct sequence_entry *entry = &page->entries[i];

		(void)!directory_learn(census->directory, entry->name, entry->name_len,
				       &entry->policy, &found);
	}
	census->is_complete = page->count < page->limit || directory_is_full(census->directory);
}

static void
census_on_page(struct mail *mail)
{
	struct census *census = reservation_of(mail)->owner;
	struct sequence_page *page = &census->page;

	reservation_return(&census->reservation);
	census->is_out = false;
	if (census->reservation.status != TICKET_OK) {
		census->retry_ms = clock_ms() + RETRY_MS;
		return;
	}
	census->retry_ms = 0;
	census_learn(census);
	if (census->is_complete)
		return;
	page->after_len = page->entries[page->count - 1].name_len;
	memcpy(census->after, page->entries[page->count - 1].name, page->after_len);
	(void)census_go_on(census, clock_ms());
}

/* Runs in a thread of a pool. */
static void
census_post(struct reservation *reservation)
{
	struct census *census = reservation->owner;

	reservation->mail.open = census_on_page;
	mailbox_post(census->mailbox, &reservation->mail);
}

struct census *
census_new(struct directory *directory, const struct source *source, struct mailbox *mailbox)
{
	struct census *census = xcalloc(1, sizeof(*census));

	census->directory = directory;
	census->source = *source;
	census->mailbox = mailbox;
	(void)census_go_on(census, clock_ms());
	return census;
}

bool
census_go_on(struct census *census, uint64_t now_ms)
{
	struct sequence_page *page = &census->page;
	struct reservation *reservation = &census->reservation;
	bool is_submitted;

	if (census->is_complete || census->is_stopped || census->is_out ||
	    now_ms < census->retry_ms)
		return census->is_complete;
	*page = (struct sequence_page){
		.after = census->after,
		.after_len = page->after_len,
		.limit = PAGE,
		.entries = census->entries,
	};
	*reservation = (struct reservation){
		.task = RESERVATION_LIST,
		.result = page,
		.deadline_ms = now_ms + DEADLINE_MS,
		.answer = census_post,
		.owner = census,
	};
	census->is_out = true;
	is_submitted = source_submit(&census->source, reservation);
	assert(is_submitted); /* no thread withdraws it */
	return false;
}

void
census_stop(struct census *census)
{
	if (census != NULL)
		census->is_stopped = true;
}

void
census_free(struct census *census)
{
	assert(census == NULL || !census->is_out);
	free(census);
}
