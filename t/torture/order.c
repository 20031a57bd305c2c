#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "order.h"

/* --- on a connection ---------------------------------------------------------------------------- */

/* HIGHEST has the last record of each series. One before the first record of the connection does not count. */
static void
look_at_order_of(struct promise *promise, const struct client_file *client,
		 const struct record **highest)
{
	const struct run *run = promise->run;
	const struct record *first = client->records;

	for (size_t i = 0; i < client->count; i++) {
		const struct record *record = &client->records[i];
		const struct record **last = &highest[run_series_of(run, record)];

		if (RECORD_HAS(record, RECORD_IS_FIRST))
			first = record;
		if (!promise_needs(promise, record) || !record_gave_tickets(record))
			continue;
		if (*last != NULL && *last >= first && record->first <= run_last_ticket(*last) &&
		    promise_breaks(promise)) {
			printf("# %" PRIu64 " came after %" PRIu64 " on one connection:\n",
			       record->first, run_last_ticket(*last));
			run_show(run, client, *last);
			run_show(run, client, record);
		}
		*last = record;
	}
}

void
order_on_connections(struct promise *promise)
{
	size_t count = run_series_count(promise->run);
	const struct record **highest = xcalloc(count, sizeof(*highest));

	for (size_t i = 0; i < promise->run->client_count; i++) {
		memset(highest, 0, count * sizeof(*highest));
		look_at_order_of(promise, &promise->run->clients[i], highest);
	}
	free(highest);
}

/* --- over all connections ----------------------------------------------------------------------- */

#define EACH_SERVER UINT_MAX

/* Merges the records of a server by one of their times. Each client's file is in the order of both times. */
struct merge {
	const struct run *run;
	unsigned server; /* or EACH_SERVER */
	size_t *next;
	uint64_t (*time_of)(const struct record *record);
	const struct client_file *client; /* of the next record */
};

static uint64_t
asked_us(const struct record *record)
{
	return record->asked_us;
}

/* Return the next record without taking it, or NULL at the end. */
static const struct record *
merge_peek(struct merge *merge)
{
	const struct record *first = NULL;

	for (size_t i = 0; i < merge->run->client_count; i++) {
		const struct client_file *client = &merge->run->clients[i];
		const struct record *record = client->records + merge->next[i];

		if (merge->next[i] == client->count ||
		    (merge->server != EACH_SERVER && merge->server != client->server) ||
		    (first != NULL && merge->time_of(record) >= merge->time_of(first)))
			continue;
		first = record;
		merge->client = client;
	}
	return first;
}

static void
merge_take(struct merge *merge)
{
	merge->next[merge->client - merge->run->clients]++;
}

struct answer {
	const struct client_file *client;
	const struct record *record;
};

/* Add the answers that arrived before UNTIL_US to HIGHEST. */
static void
take_answers(struct merge *answers, uint64_t until_us, struct answer *highest)
{
	const struct record *record;

	while ((record = merge_peek(answers)) != NULL && record_came_us(record) < until_us) {
		struct answer *series = &highest[run_series_of(answers->run, record)];

		if (record_gave_tickets(record) &&
		    (series->record == NULL ||
		     run_last_ticket(record) > run_last_ticket(series->record)))
			*series = (struct answer){answers->client, record};
		merge_take(answers);
	}
}

/* A server issues a weak id that it holds while another server has issued higher ones. */
static bool
is_weak_there(const struct record *record, unsigned server)
{
	return server == EACH_SERVER && record->key > 0 && !RECORD_HAS(record, RECORD_IS_STRONG);
}

/* Compare each request to SERVER, or to all, with the answers that arrived before it began. */
static void
look_at_order_over(struct promise *promise, unsigned server)
{
	const struct run *run = promise->run;
	size_t *places = xcalloc(run->client_count * 2 + 1, sizeof(*places));
	struct merge answers = {run, server, places, record_came_us, NULL};
	struct merge questions = {run, server, places + run->client_count, asked_us, NULL};
	struct answer *highest = xcalloc(run_series_count(run), sizeof(*highest));
	const struct record *record;

	for (; (record = merge_peek(&questions)) != NULL; merge_take(&questions)) {
		const struct answer *before = &highest[run_series_of(run, record)];

		take_answers(&answers, record->asked_us, highest);
		if (!promise_needs(promise, record) || !record_gave_tickets(record) ||
		    is_weak_there(record, server) || before->record == NULL ||
		    record->first > run_last_ticket(before->record) || !promise_breaks(promise))
			continue;
		printf("# a later request got a lower %s:\n",
		       promise->is_of_sequences ? "id" : "ticket");
		run_show(run, before->client, before->record);
		run_show(run, questions.client, record);
	}
	free(highest);
	free(places);
}

void
order_over_all(struct promise *promise)
{
	look_at_order_over(promise, EACH_SERVER);
}

void
order_on_servers(struct promise *promise)
{
	uint64_t seen = 0;

	_Static_assert(RUN_MOST_SERVERS <= 64, "each server has a bit");
	for (size_t i = 0; i < promise->run->client_count; i++) {
		unsigned server = promise->run->clients[i].server;

		if ((seen >> server & 1) == 0)
			look_at_order_over(promise, server);
		seen |= UINT64_C(1) << server;
	}
}
