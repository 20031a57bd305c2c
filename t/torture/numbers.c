#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "numbers.h"

#define MICRO 1e6

struct numbers {
	uint64_t requests;
	uint64_t tickets;
	uint64_t ids;  /* of named sequences */
	bool *is_used; /* by key */
	uint32_t keys;
	uint64_t unavailable; /* answers 503 */
	uint64_t closed;
	uint64_t outage_us; /* the longest time between two answers of a client with tickets */
	uint64_t outage_began_us;
	const char *outage_of;
};

static void
count_record(struct numbers *numbers, const struct record *record)
{
	numbers->requests += RECORD_KIND(record) != RECORD_UNREACHABLE;
	numbers->unavailable += RECORD_KIND(record) == RECORD_STATUS && record->status == 503;
	numbers->closed += RECORD_KIND(record) == RECORD_CLOSED;
	if (record_gave_tickets(record) && record->key > 0) {
		numbers->ids += record->count;
		numbers->keys += !numbers->is_used[record->key];
		numbers->is_used[record->key] = true;
	} else if (record_gave_tickets(record))
		numbers->tickets += record->count;
}

static void
count_client(struct numbers *numbers, const struct client_file *client)
{
	uint64_t last_us = 0;

	for (size_t i = 0; i < client->count; i++) {
		const struct record *record = &client->records[i];
		uint64_t came_us = record_came_us(record);

		count_record(numbers, record);
		if (!record_gave_tickets(record) || record->key > 0)
			continue;
		if (last_us > 0 && came_us - last_us > numbers->outage_us) {
			numbers->outage_us = came_us - last_us;
			numbers->outage_began_us = last_us;
			numbers->outage_of = client->name;
		}
		last_us = came_us;
	}
}

/* Print the kinds of the faults of that time, with plus signs between, and end the line. */
static void
print_faults(const struct run *run, uint64_t from_us, uint64_t to_us)
{
	const char *separator = "";

	for (size_t i = 0; i < run->faults.count; i++) {
		if (!fault_overlaps(&run->faults.list[i], from_us, to_us))
			continue;
		printf("%s%s", separator, run->faults.list[i].kind);
		separator = "+";
	}
	printf("%s\n", separator[0] == '\0' ? "nothing" : "");
}

void
numbers_print(const struct run *run)
{
	struct numbers numbers = {.outage_of = "none", .outage_began_us = run->began_us};

	numbers.is_used = xcalloc(run->key_count + (size_t)1, sizeof(*numbers.is_used));
	for (size_t i = 0; i < run->client_count; i++)
		count_client(&numbers, &run->clients[i]);
	printf("# numbers: requests=%" PRIu64 " tickets=%" PRIu64 " ids=%" PRIu64 " keys=%" PRIu32
	       " unavailable=%" PRIu64 " closed=%" PRIu64
	       " faults=%zu seconds=%.1f longest_outage=%.3f of=%s at=%.3f during=",
	       numbers.requests, numbers.tickets, numbers.ids, numbers.keys, numbers.unavailable,
	       numbers.closed, run->faults.count,
	       run->client_count > 0 ? (double)(run->ended_us - run->began_us) / MICRO : 0,
	       numbers.outage_us / MICRO, numbers.outage_of,
	       (double)(numbers.outage_began_us - run->began_us) / MICRO);
	free(numbers.is_used);
	print_faults(run, numbers.outage_began_us, numbers.outage_began_us + numbers.outage_us);
}
