#include <arpa/inet.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "events/recorder.h"
#include "events/sink_memory.h"
#include "ticket/snowflake_id.h"

#define STOP_MS 10000

/* --- addresses ----------------------------------------------------------------------------------- */

static void
check_address(const char *proxies, const char *peer, const char *forwarded_for, const char *wanted)
{
	struct networks networks;
	char memory[200];
	struct text problem = TEXT_OVER(memory);
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr local = {.sa_family = AF_UNIX};
	const void *place = &local;
	uint8_t found[EVENT_ADDRESS_SIZE], right[EVENT_ADDRESS_SIZE];

	if (inet_pton(AF_INET, peer, &v4.sin_addr) == 1)
		place = &v4;
	else if (inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1)
		place = &v6;
	cr_assert(networks_parse(proxies, &networks, &problem));
	cr_assert(networks_read_address(wanted, strlen(wanted), right));
	event_recorder_find_address(&networks, place, forwarded_for, found);
	cr_assert_arr_eq(found, right, EVENT_ADDRESS_SIZE, "%s, %s, %s", proxies, peer,
			 forwarded_for);
}

Test(event_recorder, believes_only_trusted_proxies)
{
	check_address("", "10.0.0.1", NULL, "10.0.0.1");
	check_address("", "10.0.0.1", "1.2.3.4", "10.0.0.1");
	check_address("10.0.0.0/8", "10.0.0.1", "1.2.3.4", "1.2.3.4");
	check_address("10.0.0.0/8", "10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4");
	check_address("10.0.0.0/8", "10.0.0.1", "9.9.9.9, 1.2.3.4 ,10.7.7.7", "1.2.3.4");
	check_address("10.0.0.0/8", "10.0.0.1", "10.1.1.1,10.2.2.2", "10.1.1.1");
	check_address("10.0.0.0/8", "10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1");
	check_address("10.0.0.0/8", "10.0.0.1", "1.2.3.4, nonsense, 10.3.3.3", "10.3.3.3");
	check_address("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1");
	check_address("10.0.0.0/8", "10.0.0.1", ",", "10.0.0.1");
	check_address("10.0.0.0/8", "11.0.0.1", "1.2.3.4", "11.0.0.1");
	check_address("::1", "::1", "2001:db8::7", "2001:db8::7");
	check_address("unix", "/socket", "1.2.3.4", "1.2.3.4");
	check_address("", "/socket", "1.2.3.4", "::");
}

/* --- records ------------------------------------------------------------------------------------- */

struct recorded {
	struct event_record records[8];
	size_t count;
};

static struct recorded
record(const struct event_request *request, enum event_addresses addresses)
{
	struct sink_memory *memory = sink_memory_new(8);
	struct event_sink sink = sink_memory_sink(memory, false);
	struct networks none = {0};
	struct event_recorder_settings settings = {.exporter = event_exporter_new(&sink, 1),
						   .addresses = addresses,
						   .proxies = &none,
						   .datacenter_bits = 5};
	struct event_recorder *recorder = event_recorder_new(&settings);
	struct recorded recorded = {.count = 0};

	cr_assert(event_exporter_start(settings.exporter));
	cr_assert(event_recorder_write(recorder, request, NULL));
	event_exporter_stop(settings.exporter, clock_ms() + STOP_MS);
	while (recorded.count < 8 &&
	       sink_memory_get(memory, recorded.count, &recorded.records[recorded.count]))
		recorded.count++;
	event_recorder_free(recorder);
	event_exporter_free(settings.exporter);
	return recorded;
}

static bool
text_is(const struct event_record *record, enum event_text which, const char *wanted)
{
	size_t len;
	const char *text = event_record_text(record, which, &len);

	return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

static struct event_request
example(void)
{
	static struct sockaddr_in peer = {.sin_family = AF_INET};

	peer.sin_addr.s_addr = htonl(0x0A010203);
	return (struct event_request){.status = 200,
				      .words = "",
				      .began_us = 1000,
				      .taken_us = 1300,
				      .now_us = 2000,
				      .sequence = "orders",
				      .sequence_len = 6,
				      .ids = {.first = 5, .increment = 2, .count = 3},
				      .node = 7,
				      .peer = (struct sockaddr *)(void *)&peer,
				      .agent = "curl/8",
				      .request_id = "r-1"};
}

Test(event_recorder, records_a_request)
{
	struct event_request request = example();
	struct recorded recorded = record(&request, EVENT_ADDRESSES_FULL);
	const struct event_record *one = &recorded.records[0];

	cr_assert_eq(recorded.count, 1);
	cr_assert_eq(one->kind, EVENT_REQUEST);
	cr_assert_eq(one->ids.first, 5);
	cr_assert_eq(one->ids.increment, 2);
	cr_assert_eq(one->ids.count, 3);
	cr_assert_eq(one->ids.latency_us, 1000);
	cr_assert_eq(one->ids.queue_us, 300);
	cr_assert_eq(one->ids.status, 200);
	cr_assert_eq(one->node, 7);
	cr_assert(!one->has_worker);
	cr_assert_eq(one->address[12], 10);
	cr_assert_eq(one->address[15], 3);
	cr_assert(text_is(one, EVENT_SEQUENCE, "orders"));
	cr_assert(text_is(one, EVENT_AGENT, "curl/8"));
	cr_assert(text_is(one, EVENT_REQUEST_ID, "r-1"));
}

Test(event_recorder, keeps_as_much_of_the_client_as_the_settings_say)
{
	static const uint8_t nothing[EVENT_ADDRESS_SIZE];
	struct event_request request = example();
	struct recorded net = record(&request, EVENT_ADDRESSES_NET);
	struct recorded none = record(&request, EVENT_ADDRESSES_NONE);

	cr_assert_eq(net.records[0].address[14], 2);
	cr_assert_eq(net.records[0].address[15], 0);
	cr_assert(text_is(&net.records[0], EVENT_AGENT, "curl/8"));
	cr_assert_arr_eq(none.records[0].address, nothing, EVENT_ADDRESS_SIZE);
	cr_assert(text_is(&none.records[0], EVENT_AGENT, ""));
}

Test(event_recorder, makes_tickets_of_bases)
{
	struct ticket_space space = {.max_nodes = 4, .node_number = 3, .starting_offset = 100};
	struct event_request request = example();
	struct recorded recorded;

	request.ids = (struct ticket_range){.first = 2, .increment = 1, .count = 2};
	request.space = &space;
	recorded = record(&request, EVENT_ADDRESSES_FULL);
	cr_assert_eq(recorded.count, 1);
	cr_assert_eq(recorded.records[0].ids.first, 103);
	cr_assert_eq(recorded.records[0].ids.increment, 4);
	cr_assert_eq(recorded.records[0].node, 3);
}

Test(event_recorder, records_a_snowflake_array_as_a_record_for_each_run)
{
	struct ticket_space space = space_of_snowflakes(5 * 32 + 9, 10);
	struct event_request request = example();
	struct recorded recorded;
	uint32_t ids = 0;

	request.ids = (struct ticket_range){.first = 10007, .increment = 1, .count = 25};
	request.space = &space;
	recorded = record(&request, EVENT_ADDRESSES_FULL);
	cr_assert_eq(recorded.count, 4, "3, 10, 10 and 2 ids");
	for (size_t i = 0; i < recorded.count; i++) {
		struct snowflake_parts parts;

		cr_assert(recorded.records[i].has_worker);
		cr_assert_eq(recorded.records[i].datacenter, 5);
		cr_assert_eq(recorded.records[i].worker, 9);
		cr_assert(snowflake_id_split(recorded.records[i].ids.first, &parts));
		cr_assert_eq(parts.ms, 1000 + i);
		ids += recorded.records[i].ids.count;
	}
	cr_assert_eq(ids, 25);
}

/* --- answers that wait ------------------------------------------------------------------------------- */

static void
count_calls(void *arg)
{
	++*(unsigned *)arg;
}

static void
on_settled(struct event_wait *wait, bool is_kept)
{
	(void)wait;
	cr_assert(is_kept);
}

/* Otherwise each round costs two writes to the disk: one of its first record, and one of the others. */
Test(event_recorder, asks_for_one_flush_in_a_round)
{
	struct event_sink sink = sink_memory_sink(sink_memory_new(8), true);
	struct networks none = {0};
	unsigned asked = 0;
	struct event_recorder_settings settings = {
		.exporter = event_exporter_new(&sink, 1),
		.proxies = &none,
		.wake = count_calls,
		.waits = count_calls,
		.arg = &asked,
	};
	struct event_recorder *recorder = event_recorder_new(&settings);
	struct event_request request = example();
	struct event_wait waits[3];

	for (int i = 0; i < 3; i++) {
		waits[i] = (struct event_wait){.settled = on_settled};
		if (i == 2)
			event_recorder_flush(recorder);
		cr_assert(event_recorder_write(recorder, &request, &waits[i]));
		cr_assert_eq(asked, i < 2 ? 1 : 2);
	}
	cr_assert(event_exporter_start(settings.exporter));
	event_exporter_stop(settings.exporter, clock_ms() + STOP_MS);
	event_recorder_settle(recorder);
	event_recorder_free(recorder);
	event_exporter_free(settings.exporter);
}
