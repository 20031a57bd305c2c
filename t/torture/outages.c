#include <stdio.h>

#include "outages.h"

#define STORE_WITHIN 10000000 /* microseconds: a session with ZooKeeper ends after 5 s */
#define MEANWHILE    25000    /* microseconds */
#define MOST_TICKETS 1000     /* the statement for more may be slow by itself */
#define MICRO	     1e6

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
		while (n < client->count && !promise_is_served(promise, &client->records[n]))
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
look_whether_back(struct promise *promise, const struct fault *fault, unsigned server,
		  uint64_t within_us)
{
	const struct run *run = promise->run;
	uint64_t back_us = gives_again_us(promise, server, fault->ended_us);

	if (back_us != UINT64_MAX && back_us - fault->ended_us <= within_us)
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

void
outages_service_comes_back(struct promise *promise)
{
	for (size_t i = 0; i < promise->run->faults.count; i++) {
		const struct fault *fault = &promise->run->faults.list[i];

		if (fault_is(fault, "refuse") || fault_is(fault, "refuse-sequences"))
			continue;
		for (unsigned server = 0; server < RUN_MOST_SERVERS; server++)
			if (fault_concerns(fault, server))
				look_whether_back(promise, fault, server,
						  promise->run->back_within_us);
	}
}

static bool
is_of_store(const struct fault *fault)
{
	return fault_is(fault, "kill-store") || fault_is(fault, "stop-store") ||
	       fault_is(fault, "replace-store");
}

void
outages_stores_come_back(struct promise *promise)
{
	for (size_t i = 0; i < promise->run->faults.count; i++) {
		const struct fault *fault = &promise->run->faults.list[i];

		if (!is_of_store(fault))
			continue;
		promise->store = (uint32_t)fault->node;
		for (unsigned server = 0; server < RUN_MOST_SERVERS; server++)
			if (fault_concerns(fault, server))
				look_whether_back(promise, fault, server, STORE_WITHIN);
	}
}

/* Return true if FAULT may still have affected RECORD. */
static bool
may_be_felt(const struct run *run, const struct fault *fault, const struct client_file *client,
	    const struct record *record)
{
	return fault_concerns(fault, client->server) && fault->began_us <= record_came_us(record) &&
	       fault->ended_us + run->back_within_us >= record->asked_us;
}

/* Whether SERVED, of another client, shows that the server could have served RECORD. */
typedef bool shows_fn(const struct run *run, const struct record *record, uint64_t node,
		      const struct record *served);

/*
 * Return true if other clients of the server got answers that show this, while RECORD waited for its 503.
 * They must need at most half of its time, because a database that is slow itself proves nothing.
 */
static bool
others_were_served(const struct run *run, const struct client_file *client,
		   const struct record *record, uint64_t node, shows_fn *shows)
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
			if (record_gave_tickets(served) && served->asked_us >= from_us &&
			    shows(run, record, node, served))
				return true;
		}
	}
	return false;
}

static bool
is_503(const struct record *record)
{
	return RECORD_KIND(record) == RECORD_STATUS && record->status == 503;
}

static bool
has_tickets_of_another_node(const struct run *run, const struct record *record, uint64_t node,
			    const struct record *served)
{
	(void)record;
	return served->key == 0 && run_node_of(run, served) != node;
}

/* Weak ids may come from the server's memory. */
static bool
has_strong_ids_of_the_store(const struct run *run, const struct record *record, uint64_t node,
			    const struct record *served)
{
	(void)run;
	(void)node;
	return served->key > 0 && RECORD_HAS(served, RECORD_IS_STRONG) &&
	       served->key / RECORD_STORE_KEYS == record->key / RECORD_STORE_KEYS;
}

/* RECORD got 503 although only one of several databases had a fault. A key may live in that one. */
bool
outages_is_turned_away(const struct run *run, const struct client_file *client,
		       const struct record *record)
{
	uint64_t node = NO_NODE;

	if (!is_503(record) || record->key > 0 || record->increment > MOST_TICKETS)
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (!may_be_felt(run, fault, client, record))
			continue;
		if (fault->node == NO_NODE || (node != NO_NODE && fault->node != node))
			return false; /* the server itself suffers, or both databases */
		node = fault->node;
	}
	return others_were_served(run, client, record, node, has_tickets_of_another_node);
}

/* RECORD got 503 although the only faults were those of other stores. If they share a disk, its store may be slow too. */
bool
outages_is_dragged_down(const struct run *run, const struct client_file *client,
			const struct record *record)
{
	bool is_it = false;

	if (!is_503(record) || record->key == 0 || record->increment > MOST_TICKETS)
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (!may_be_felt(run, fault, client, record))
			continue;
		if (!is_of_store(fault) || fault->node == record->key / RECORD_STORE_KEYS)
			return false;
		is_it = true;
	}
	return is_it &&
	       others_were_served(run, client, record, NO_NODE, has_strong_ids_of_the_store);
}

/* RECORD got 503 although the only fault was that idle clients used up the descriptors. */
bool
outages_is_starved(const struct run *run, const struct client_file *client,
		   const struct record *record)
{
	bool is_it = false;

	if (!is_503(record))
		return false;
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (fault_is(fault, "use-up-descriptors") &&
		    fault_concerns(fault, client->server) && record->asked_us >= fault->began_us &&
		    record_came_us(record) < fault->ended_us)
			is_it = true;
		else if (may_be_felt(run, fault, client, record))
			return false;
	}
	return is_it;
}
