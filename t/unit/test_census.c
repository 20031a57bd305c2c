#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "census.h"
#include "loop/loop.h"
#include "ticket/sequence_result.h"

#define NAMES 2500 /* three pages */

static struct directory *directory;
static struct mailbox *mailbox;
static struct event_base *base;
static unsigned pages, failures;
static struct reservation *out;

/* A database with the names "0000" .. "2499". The tenth part of them is retired. */
static void
fill_page(struct sequence_page *page)
{
	unsigned first = 0;

	if (page->after_len > 0) {
		char after[8] = "";

		memcpy(after, page->after, page->after_len);
		first = (unsigned)atoi(after) + 1;
	}
	for (unsigned i = first; i < NAMES && page->count < page->limit; i++) {
		struct sequence_entry *entry = &page->entries[page->count++];

		entry->name_len = (uint8_t)sprintf(entry->name, "%04u", i);
		entry->policy = SEQUENCE_DEFAULT_POLICY;
		entry->policy.is_retired = i % 10 == 0;
	}
}

static bool
submit(void *self, struct reservation *reservation)
{
	(void)self;
	cr_assert_null(out);
	out = reservation;
	return reservation_queue(reservation);
}

static void
answer(enum ticket_status status)
{
	struct reservation *reservation = out;

	out = NULL;
	reservation_take(reservation);
	reservation->status = status;
	if (status == TICKET_OK) {
		fill_page(reservation->result);
		pages++;
	} else {
		failures++;
	}
	reservation->answer(reservation);
	mailbox_open_all(mailbox);
}

static struct census *
begin(uint32_t most)
{
	struct directory_settings names = {.most = most, .per_second = 1, .miss_ms = 1000};
	struct source source = {.submit = submit};

	loop_library_begin();
	base = loop_base_new();
	mailbox = mailbox_new(base);
	directory = directory_new(&names);
	return census_new(directory, &source, mailbox);
}

static void
end(struct census *census)
{
	census_free(census);
	directory_free(directory);
	mailbox_free(mailbox);
	event_base_free(base);
}

Test(census, all_live_names_of_earlier_runs_count)
{
	struct census *census = begin(100000);

	while (out != NULL)
		answer(TICKET_OK);
	cr_assert(census_go_on(census, clock_ms()));
	cr_assert_eq(pages, 3);
	cr_assert_eq(directory_live(directory), NAMES - NAMES / 10);
	end(census);
}

Test(census, a_page_that_fails_is_read_again_later)
{
	struct census *census = begin(100000);

	answer(TICKET_OK);
	answer(TICKET_DATABASE_FAILED);
	cr_assert_null(out, "not immediately");
	cr_assert_not(census_go_on(census, clock_ms() + 5000));
	while (out != NULL)
		answer(TICKET_OK);
	cr_assert(census_go_on(census, clock_ms()));
	cr_assert_eq(pages, 3);
	cr_assert_eq(directory_live(directory), NAMES - NAMES / 10);
	end(census);
}

Test(census, more_names_than_may_be_known_end_it)
{
	struct directory_found found;
	struct census *census = begin(100);

	answer(TICKET_OK);
	cr_assert(census_go_on(census, clock_ms()));
	cr_assert_eq(pages, 1);
	cr_assert_eq(directory_make(directory, "new", 3, 0, &found), DIRECTORY_FULL);
	end(census);
}

Test(census, a_server_that_stops_meanwhile_frees_it)
{
	struct census *census = begin(100000);

	answer(TICKET_OK);
	answer(TICKET_DRAINING);
	cr_assert_eq(failures, 1);
	end(census);
}

Test(census, a_page_that_arrives_during_the_stop_is_the_last)
{
	struct census *census = begin(100000);

	census_stop(census);
	answer(TICKET_OK);
	cr_assert_null(out, "the source has stopped");
	end(census);
}
