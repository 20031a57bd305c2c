#include <criterion/criterion.h>
#include <string.h>

#include "events/audit_line.h"

#define INSTANCE "8c1f0e5a77d2b946"
#define TIME_MS	 UINT64_C(1704310200123) /* 2024-01-03T19:30:00.123Z */
#define EPOCH_MS UINT64_C(1609459200000)

static char written[AUDIT_LINE_SIZE];

static void
set(struct event_record *record, enum event_text which, const char *text)
{
	event_record_set(record, which, text, strlen(text));
}

static struct event_record
request(void)
{
	struct event_record record;
	static const uint8_t address[] = {[10] = 0xff, 0xff, 192, 168, 1, 100};

	event_record_begin(&record, EVENT_REQUEST, TIME_MS);
	memcpy(record.address, address, sizeof(address));
	record.ids = (struct event_ids){.first = 101,
					.increment = 10,
					.count = 5,
					.latency_us = 55,
					.queue_us = 10,
					.status = 200};
	return record;
}

static const char *
write_one(const struct event_record *record)
{
	struct audit_line line;
	size_t len;

	audit_line_begin(&line, INSTANCE, EPOCH_MS);
	len = audit_line_write(&line, record, written);
	cr_assert_eq(len, strlen(written));
	return written;
}

Test(audit_line, ids_of_a_worker_have_components)
{
	struct event_record record = request();

	record.has_worker = true;
	record.worker = 5;
	record.ids.first = (TIME_MS - EPOCH_MS) << 22 | 5 << 12 | 42;
	record.ids.increment = 1;
	record.ids.count = 1;
	set(&record, EVENT_REQUEST_ID, "req-123456");
	set(&record, EVENT_AGENT, "MyApp/1.0");
	cr_assert_str_eq(
		write_one(&record),
		"{\"event_id\":\"8c1f0e5a-77d2-8b94-a000-000000000001\","
		"\"timestamp\":\"2024-01-03T19:30:00.123Z\",\"event_type\":\"id_generated\","
		"\"datacenter_id\":0,\"worker_id\":5,\"store\":null,\"sequence\":null,"
		"\"generated_id\":397833929219919914,\"count\":1,\"increment\":1,"
		"\"id_components\":{\"timestamp_ms\":1704310200123,\"datacenter_id\":0,"
		"\"worker_id\":5,\"sequence\":42},"
		"\"status\":200,\"request_metadata\":{\"client_ip\":\"192.168.1.100\","
		"\"user_agent\":\"MyApp/1.0\",\"request_id\":\"req-123456\",\"protocol\":\"http\","
		"\"api_version\":\"v1\"},\"performance\":{\"generation_latency_us\":45,"
		"\"queue_time_us\":10,\"total_latency_us\":55}}\n");
}

Test(audit_line, an_id_of_another_epoch_has_no_time)
{
	struct event_record record = request();

	record.has_worker = true;
	record.worker = 5;
	record.ids.first = UINT64_C(42);
	write_one(&record);
	cr_assert_not_null(strstr(written, "\"id_components\":{\"datacenter_id\":0,"));
	cr_assert_null(strstr(written, "timestamp_ms"));
}

Test(audit_line, ids_of_a_node_have_no_components)
{
	struct event_record record = request();

	record.node = 3;
	set(&record, EVENT_SEQUENCE, "orders");
	cr_assert_str_eq(
		write_one(&record),
		"{\"event_id\":\"8c1f0e5a-77d2-8b94-a000-000000000001\","
		"\"timestamp\":\"2024-01-03T19:30:00.123Z\",\"event_type\":\"id_generated\","
		"\"datacenter_id\":null,\"worker_id\":null,\"node\":3,\"store\":null,"
		"\"sequence\":\"orders\",\"generated_id\":101,\"count\":5,\"increment\":10,"
		"\"status\":200,\"request_metadata\":{\"client_ip\":\"192.168.1.100\","
		"\"user_agent\":null,\"request_id\":null,\"protocol\":\"http\","
		"\"api_version\":\"v1\"},\"performance\":{\"generation_latency_us\":45,"
		"\"queue_time_us\":10,\"total_latency_us\":55}}\n");
}

Test(audit_line, a_failure_has_its_words)
{
	struct event_record record = request();

	record.ids.count = 0;
	record.ids.status = 503;
	record.ids.protocol = EVENT_GRPC;
	memset(record.address, 0, sizeof(record.address));
	record.address[15] = 1;
	set(&record, EVENT_WORDS, "the database is \"down\"\n\xff");
	write_one(&record);
	cr_assert_not_null(strstr(written, "\"event_type\":\"id_failed\""));
	cr_assert_not_null(strstr(written, "\"generated_id\":null,\"count\":0,\"status\":503,"));
	cr_assert_not_null(
		strstr(written, "\"error\":\"the database is \\\"down\\\"\\u000a\\ufffd\","));
	cr_assert_not_null(strstr(written, "\"client_ip\":\"::1\""));
	cr_assert_not_null(strstr(written, "\"protocol\":\"grpc\""));
}

Test(audit_line, an_address_that_is_not_kept_is_null)
{
	struct event_record record = request();

	memset(record.address, 0, sizeof(record.address));
	cr_assert_not_null(strstr(write_one(&record), "\"client_ip\":null"));
}

Test(audit_line, the_queue_is_never_longer_than_the_whole)
{
	struct event_record record = request();

	record.ids.queue_us = 100;
	write_one(&record);
	cr_assert_not_null(strstr(written, "\"generation_latency_us\":0,\"queue_time_us\":55,"
					   "\"total_latency_us\":55"));
}

Test(audit_line, event_ids_differ)
{
	struct event_record record = request();
	struct audit_line line;

	audit_line_begin(&line, INSTANCE, 0);
	line.number = UINT64_C(0xabcdef012345677);
	(void)!audit_line_write(&line, &record, written);
	cr_assert_not_null(strstr(written, "\"8c1f0e5a-77d2-8b94-aabc-def012345678\""));
	(void)!audit_line_write(&line, &record, written);
	cr_assert_not_null(strstr(written, "\"8c1f0e5a-77d2-8b94-aabc-def012345679\""));
}

Test(audit_line, the_longest_record_fits)
{
	struct event_record record = request();
	char text[256];

	record.has_worker = true;
	record.datacenter = record.worker = UINT16_MAX;
	record.node = UINT32_MAX;
	memset(record.address, 0xff, sizeof(record.address));
	record.ids = (struct event_ids){UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX,
					0,	    UINT16_MAX, EVENT_GRPC, true};
	memset(text, 1, sizeof(text));
	for (enum event_text which = 0; which < EVENT_TEXTS; which++)
		event_record_set(&record, which, text, sizeof(text) - 1);
	write_one(&record);
	record.ids.count = 0;
	write_one(&record);
}

Test(audit_line, rare_events_have_their_numbers)
{
	struct event_record record;

	event_record_begin(&record, EVENT_DRIFT, TIME_MS);
	record.drift = (struct event_drift){-250, TIME_MS, TIME_MS + 250};
	set(&record, EVENT_WORDS, "waited");
	write_one(&record);
	cr_assert_not_null(strstr(written, "\"event_type\":\"clock_drift\""));
	cr_assert_not_null(strstr(written, "\"drift_ms\":-250,\"system_ms\":1704310200123,"
					   "\"true_ms\":1704310200373,\"words\":\"waited\"}"));
	event_record_begin(&record, EVENT_OVERFLOW, TIME_MS);
	record.overflow.count = 7;
	write_one(&record);
	cr_assert_not_null(strstr(written, "\"overflow_count\":7,"));
}
