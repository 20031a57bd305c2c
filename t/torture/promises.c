#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "base/memory.h"
#include "order.h"
#include "outages.h"
#include "promises.h"
#include "spans.h"

#define MOST_SHOWN  5 /* breaches of a promise; the others are counted */
#define LAST_TICKET INT64_MAX

bool
promise_needs(const struct promise *promise, const struct record *record)
{
	return promise->is_of_sequences == (record->key > 0);
}

bool
promise_is_served(const struct promise *promise, const struct record *record)
{
	return promise_needs(promise, record) && record_gave_tickets(record) &&
	       (promise->store == 0 || record->key / RECORD_STORE_KEYS == promise->store);
}

bool
promise_breaks(struct promise *promise)
{
	return promise->broken++ < MOST_SHOWN;
}

/* --- no ticket twice ---------------------------------------------------------------------------- */

/* The place of a record: the client's index and its own. */
#define PLACE(client, record) ((uint64_t)(client) << 40 | (uint64_t)(record))

static void
show_place(const struct run *run, uint64_t place)
{
	const struct client_file *client = &run->clients[place >> 40];

	run_show(run, client, &client->records[place & ((UINT64_C(1) << 40) - 1)]);
}

static void
on_twice(void *arg, uint64_t ticket, const struct span *one, const struct span *other)
{
	struct promise *promise = arg;

	if (promise->is_of_sequences)
		printf("# id %" PRIu64 " of key-%" PRIu32 " was issued twice:\n", ticket,
		       one->key % RECORD_STORE_KEYS);
	else
		printf("# ticket %" PRIu64 " was issued twice:\n", ticket);
	show_place(promise->run, one->place);
	if (one == other)
		printf("#   ... in one answer\n");
	else
		show_place(promise->run, other->place);
}

static void
add_spans(const struct promise *promise, size_t index, struct span *spans, size_t *count)
{
	const struct run *run = promise->run;
	const struct client_file *client = &run->clients[index];

	for (size_t i = 0; i < client->count; i++) {
		const struct record *record = &client->records[i];

		if (promise_needs(promise, record) && record_gave_tickets(record))
			spans[(*count)++] = (struct span){
				.key = record->key,
				.first = record->first,
				.last = run_last_ticket(record),
				.increment = record->increment,
				.count = record->count,
				.place = PLACE(index, i),
			};
	}
}

static void
nothing_twice(struct promise *promise)
{
	const struct run *run = promise->run;
	size_t most = 0, count = 0;
	struct span *spans;

	for (size_t i = 0; i < run->client_count; i++)
		most += run->clients[i].count;
	spans = xcalloc(most + 1, sizeof(*spans));
	for (size_t i = 0; i < run->client_count; i++)
		add_spans(promise, i, spans, &count);
	promise->broken = spans_find_twice(spans, count, MOST_SHOWN, on_twice, promise);
	free(spans);
}

/* --- answers ------------------------------------------------------------------------------------- */

static bool
is_hung(const struct run *run, const struct client_file *client, const struct record *record)
{
	(void)run;
	(void)client;
	return RECORD_KIND(record) == RECORD_HUNG;
}

static bool
is_wrong(const struct run *run, const struct client_file *client, const struct record *record)
{
	(void)client;
	if (RECORD_HAS(record, RECORD_IS_WRONG))
		return true;
	if (RECORD_KIND(record) == RECORD_STATUS)
		return record->status != 503;
	if (!record_gave_tickets(record))
		return false;
	return record->first < (record->key > 0 ? 1 : run->starting_offset) ||
	       run_last_ticket(record) > LAST_TICKET ||
	       (record->count > 1 && record->increment % run->max_nodes != 0);
}

/*
 * Return the earliest time at which the connection of RECORD may have ended. A client may read the answers
 * before the end late.
 */
static uint64_t
open_until_us(const struct client_file *client, const struct record *record)
{
	if (record == client->records || RECORD_HAS(record, RECORD_IS_FIRST))
		return record->asked_us;
	return (record - 1)->asked_us;
}

/* Return the fault that closed the connection of RECORD, or NULL. */
static const struct fault *
closer_of(const struct run *run, const struct client_file *client, const struct record *record)
{
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if ((fault_is(fault, "kill-server") || fault_is(fault, "drain-server")) &&
		    fault_concerns(fault, client->server) &&
		    fault_overlaps(fault, open_until_us(client, record), record_came_us(record)))
			return fault;
	}
	return NULL;
}

static bool
is_unexplained(const struct run *run, const struct client_file *client, const struct record *record)
{
	return RECORD_KIND(record) == RECORD_CLOSED && closer_of(run, client, record) == NULL;
}

/* A server may close a connection on which a request arrives while it drains, or after another request. */
static bool
is_lost_in_drain(const struct run *run, const struct client_file *client,
		 const struct record *record)
{
	const struct fault *fault = NULL;

	if (RECORD_KIND(record) == RECORD_CLOSED && !RECORD_HAS(record, RECORD_IS_FIRST) &&
	    !RECORD_HAS(record, RECORD_IS_BEHIND))
		fault = closer_of(run, client, record);
	return fault != NULL && fault_is(fault, "drain-server") &&
	       record->asked_us < fault->began_us;
}

/*
 * RECORD has tickets of a database from a server that reported meanwhile that it refuses that database. Tickets
 * reserved ahead count too: another server may now issue the same ones from the older copy.
 */
static bool
is_from_a_past(const struct run *run, const struct client_file *client, const struct record *record)
{
	const char *kind = record->key > 0 ? "refuse-sequences" : "refuse";

	if (!record_gave_tickets(record))
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (fault_is(fault, kind) && fault_concerns(fault, client->server) &&
		    record->asked_us >= fault->began_us &&
		    record_came_us(record) < fault->ended_us &&
		    run_node_of(run, record) == fault->node)
			return true;
	}
	return false;
}

/* --- all of them, and each client ---------------------------------------------------------------- */

static void
each_client_is_served(struct promise *promise)
{
	const struct run *run = promise->run;

	if (run->client_count == 0)
		promise->broken++;
	for (size_t i = 0; i < run->client_count; i++) {
		const struct client_file *client = &run->clients[i];
		size_t n = 0;

		while (n < client->count && !promise_is_served(promise, &client->records[n]))
			n++;
		if (n == client->count && !client->is_operator && promise_breaks(promise))
			printf("# %s got no %s\n", client->name,
			       promise->is_of_sequences ? "ids" : "tickets");
	}
}

/* --- all of them ------------------------------------------------------------------------------------ */

/* A promise is checked over the whole run (look), or for each record (breaks). */
static const struct {
	const char *name;
	void (*look)(struct promise *promise);
	bool (*breaks)(const struct run *run, const struct client_file *client,
		       const struct record *record);
	bool needs_order;
	bool needs_another;
	bool needs_counters;
	bool is_of_sequences; /* else of tickets, if it has a function look() */
} promises[] = {
	{"no ticket was issued twice", .look = nothing_twice},
	{"on each connection the tickets of each database rise", .look = order_on_connections},
	{"a server issues higher tickets to each request that begins after one of its answers",
	 .look = order_on_servers, .needs_counters = true},
	{"a request that begins after any answer gets higher tickets", .look = order_over_all,
	 .needs_order = true},
	{"each answer has the requested tickets, or is 503", .breaks = is_wrong},
	{"each request got an answer or the end of its connection", .breaks = is_hung},
	{"no connection was closed without a reason", .breaks = is_unexplained},
	{"a server that stops answers the requests it has accepted", .breaks = is_lost_in_drain},
	{"each server issues tickets soon after the end of each fault",
	 .look = outages_service_comes_back},
	{"while one of several databases works no request is answered 503",
	 .breaks = outages_is_turned_away, .needs_another = true},
	{"a server that refuses a database issues no ticket of it", .breaks = is_from_a_past},
	{"while idle clients use up the descriptors no open connection is answered 503",
	 .breaks = outages_is_starved},
	{"each client got tickets", .look = each_client_is_served},
	{"no id of a sequence was issued twice", .look = nothing_twice, .is_of_sequences = true},
	{"on each connection the ids of each sequence rise", .look = order_on_connections,
	 .is_of_sequences = true},
	{"a server issues higher ids of a sequence to each request that begins after one of its "
	 "answers",
	 .look = order_on_servers, .is_of_sequences = true},
	{"a strong request that begins after any answer gets higher ids of the sequence",
	 .look = order_over_all, .is_of_sequences = true},
	{"each server issues ids of sequences soon after the end of each fault",
	 .look = outages_service_comes_back, .is_of_sequences = true},
	{"each server issues ids of a store within 10 s of the end of its fault",
	 .look = outages_stores_come_back, .is_of_sequences = true},
	{"while another store has a fault a store that answers serves each request",
	 .breaks = outages_is_dragged_down, .is_of_sequences = true},
	{"each client got ids of sequences", .look = each_client_is_served,
	 .is_of_sequences = true},
};

static void
look_at_each(struct promise *promise,
	     bool (*breaks)(const struct run *run, const struct client_file *client,
			    const struct record *record))
{
	const struct run *run = promise->run;

	for (size_t i = 0; i < run->client_count; i++)
		for (size_t n = 0; n < run->clients[i].count; n++)
			if (breaks(run, &run->clients[i], &run->clients[i].records[n]) &&
			    promise_breaks(promise))
				run_show(run, &run->clients[i], &run->clients[i].records[n]);
}

bool
promises_check(const struct run *run)
{
	bool are_kept = true;

	for (size_t i = 0; i < ARRAY_LENGTH(promises); i++) {
		struct promise promise = {.run = run,
					  .is_of_sequences = promises[i].is_of_sequences};

		if ((promises[i].needs_order && !run->is_in_order) ||
		    (promises[i].needs_another && !run->has_another) ||
		    (promises[i].needs_counters && run->are_snowflakes) ||
		    (promises[i].is_of_sequences && !run->has_sequences))
			continue;
		if (promises[i].look != NULL)
			promises[i].look(&promise);
		else
			look_at_each(&promise, promises[i].breaks);
		if (promise.broken > MOST_SHOWN)
			printf("# and %" PRIu64 " more\n", promise.broken - MOST_SHOWN);
		printf("%sok - %s\n", promise.broken > 0 ? "not " : "", promises[i].name);
		are_kept = are_kept && promise.broken == 0;
	}
	return are_kept;
}
