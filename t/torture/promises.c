#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "base/memory.h"
#include "order.h"
#include "promises.h"
#include "spans.h"

#define MOST_SHOWN   5	     /* breaches of a promise; the others are counted */
#define BACK_WITHIN  2000000 /* microseconds */
#define MEANWHILE    25000   /* microseconds */
#define MOST_TICKETS 1000    /* the statement for more may be slow by itself */
#define LAST_TICKET  INT64_MAX
#define MICRO	     1e6

bool
promise_needs(const struct promise *promise, const struct record *record)
{
	return promise->is_of_sequences == (record->key > 0);
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
		printf("# id %" PRIu64 " of key-%" PRIu32 " was issued twice:\n", ticket, one->key);
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

/* Return the first record of CLIENT that arrived at FROM_US or later. The records are in that order. */
static size_t
first_since(const struct client_file *client, uint64_t from_us)
{
	size_t low = 0, high = client->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (record_came_us(&client->records[middle]) < from_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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

/* --- outages ------------------------------------------------------------------------------------ */

static bool
is_served(const struct promise *promise, const struct record *record)
{
	return promise_needs(promise, record) && record_gave_tickets(record);
}

/* Return the time of the first tickets of SERVER from FROM_US on, or UINT64_MAX. */
static uint64_t
gives_again_us(const struct promise *promise, unsigned server, uint64_t from_us)
{
	const struct run *run = promise->run;
	uint64_t first_us = UINT64_MAX;

	for (size_t i = 0; i < run->client_count; i++) {
		const struct client_file *client = &run->clients[i];
		size_t n = first_since(client, from_us);

		if (client->server != server)
			continue;
		while (n < client->count && !is_served(promise, &client->records[n]))
			n++;
		if (n < client->count && record_came_us(&client->records[n]) < first_us)
			first_us = record_came_us(&client->records[n]);
	}
	return first_us;
}

/* Return true if another fault began before the server issued tickets again. Its end is judged instead. */
static bool
is_overtaken(const struct run *run, const struct fault *fault, unsigned server, uint64_t back_us)
{
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *other = &run->faults.list[i];

		if (other->ended_us > fault->ended_us && other->began_us < back_us &&
		    fault_concerns(other, server))
			return true;
	}
	return false;
}

static void
look_whether_back(struct promise *promise, const struct fault *fault, unsigned server)
{
	const struct run *run = promise->run;
	uint64_t back_us = gives_again_us(promise, server, fault->ended_us);

	if (back_us != UINT64_MAX && back_us - fault->ended_us <= BACK_WITHIN)
		return;
	if (is_overtaken(run, fault, server, back_us) || !promise_breaks(promise))
		return;
	printf("# server %u after %s, which ended at %.3f s: ", server, fault->kind,
	       (double)(fault->ended_us - run->began_us) / MICRO);
	if (back_us == UINT64_MAX)
		printf("it issued no more\n");
	else
		printf("the next answer arrived %.3f s later\n",
		       (double)(back_us - fault->ended_us) / MICRO);
}

static void
service_comes_back(struct promise *promise)
{
	for (size_t i = 0; i < promise->run->faults.count; i++) {
		const struct fault *fault = &promise->run->faults.list[i];

		if (fault_is(fault, "refuse") || fault_is(fault, "refuse-sequences"))
			continue;
		for (unsigned server = 0; server < RUN_MOST_SERVERS; server++)
			if (fault_concerns(fault, server))
				look_whether_back(promise, fault, server);
	}
}

/* Return true if FAULT may still have affected RECORD. */
static bool
may_be_felt(const struct fault *fault, const struct client_file *client,
	    const struct record *record)
{
	return fault_concerns(fault, client->server) && fault->began_us <= record_came_us(record) &&
	       fault->ended_us + BACK_WITHIN >= record->asked_us;
}

/*
 * Return true if other clients of the server got another node's tickets while RECORD waited for its 503.
 * They must need at most half of its time, because a database that is slow itself proves nothing.
 */
static bool
others_were_served(const struct run *run, uint64_t node, const struct client_file *client,
		   const struct record *record)
{
	uint64_t from_us = record->asked_us + record->took_us / 2 - MEANWHILE;
	uint64_t to_us = record_came_us(record) + MEANWHILE;

	for (size_t i = 0; i < run->client_count; i++) {
		const struct client_file *other = &run->clients[i];

		if (other->server != client->server)
			continue;
		for (size_t n = first_since(other, from_us); n < other->count; n++) {
			const struct record *served = &other->records[n];

			if (record_came_us(served) > to_us)
				break;
			if (record_gave_tickets(served) && served->key == 0 &&
			    served->asked_us >= from_us && run_node_of(run, served) != node)
				return true;
		}
	}
	return false;
}

/* RECORD got 503 although only one of several databases had a fault. A key may live in that one. */
static bool
is_turned_away(const struct run *run, const struct client_file *client, const struct record *record)
{
	uint64_t node = NO_NODE;

	if (RECORD_KIND(record) != RECORD_STATUS || record->status != 503 || record->key > 0 ||
	    record->increment > MOST_TICKETS)
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (!may_be_felt(fault, client, record))
			continue;
		if (fault->node == NO_NODE || (node != NO_NODE && fault->node != node))
			return false; /* the server itself suffers, or both databases */
		node = fault->node;
	}
	return others_were_served(run, node, client, record);
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

/* RECORD got 503 although the only fault was that idle clients used up the descriptors. */
static bool
is_starved(const struct run *run, const struct client_file *client, const struct record *record)
{
	bool is_it = false;

	if (RECORD_KIND(record) != RECORD_STATUS || record->status != 503)
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (fault_is(fault, "use-up-descriptors") &&
		    fault_concerns(fault, client->server) && record->asked_us >= fault->began_us &&
		    record_came_us(record) < fault->ended_us)
			is_it = true;
		else if (may_be_felt(fault, client, record))
			return false;
	}
	return is_it;
}

static void
each_client_is_served(struct promise *promise)
{
	const struct run *run = promise->run;

	if (run->client_count == 0)
		promise->broken++;
	for (size_t i = 0; i < run->client_count; i++) {
		const struct client_file *client = &run->clients[i];
		size_t n = 0;

		while (n < client->count && !is_served(promise, &client->records[n]))
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
	bool is_of_sequences; /* else of tickets, if it has a function look() */
} promises[] = {
	{"no ticket was issued twice", .look = nothing_twice},
	{"on each connection the tickets of each database rise", .look = order_on_connections},
	{"a server issues higher tickets to each request that begins after one of its answers",
	 .look = order_on_servers},
	{"a request that begins after any answer gets higher tickets", .look = order_over_all,
	 .needs_order = true},
	{"each answer has the requested tickets, or is 503", .breaks = is_wrong},
	{"each request got an answer or the end of its connection", .breaks = is_hung},
	{"no connection was closed without a reason", .breaks = is_unexplained},
	{"a server that stops answers the requests it has accepted", .breaks = is_lost_in_drain},
	{"each server issues tickets within 2 s of the end of each fault",
	 .look = service_comes_back},
	{"while one of several databases works no request is answered 503",
	 .breaks = is_turned_away, .needs_another = true},
	{"a server that refuses a database issues no ticket of it", .breaks = is_from_a_past},
	{"while idle clients use up the descriptors no open connection is answered 503",
	 .breaks = is_starved},
	{"each client got tickets", .look = each_client_is_served},
	{"no id of a sequence was issued twice", .look = nothing_twice, .is_of_sequences = true},
	{"on each connection the ids of each sequence rise", .look = order_on_connections,
	 .is_of_sequences = true},
	{"a server issues higher ids of a sequence to each request that begins after one of its "
	 "answers",
	 .look = order_on_servers, .is_of_sequences = true},
	{"a strong request that begins after any answer gets higher ids of the sequence",
	 .look = order_over_all, .is_of_sequences = true},
	{"each server issues ids of sequences within 2 s of the end of each fault",
	 .look = service_comes_back, .is_of_sequences = true},
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
		struct promise promise = {run, promises[i].is_of_sequences, 0};

		if ((promises[i].needs_order && !run->is_in_order) ||
		    (promises[i].needs_another && !run->has_another) ||
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
