#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "events/audit_line.h"
#include "ticket/json.h"

#define AUDIT_LINE_TEXT_SIZE 256 /* of the longest text of a record, with a NUL */

/* The bits of a Snowflake id below its time: 10 of the worker id and 12 of the sequence. */
#define AUDIT_LINE_TIME_SHIFT	 22
#define AUDIT_LINE_SEQUENCE_MASK 4095

#define AUDIT_LINE_FAR_MS UINT64_C(86400000)

void
audit_line_begin(struct audit_line *line, const char *instance, uint64_t epoch_ms)
{
	memset(line, 0, sizeof(*line));
	line->epoch_ms = epoch_ms;
	line->second = -1;
	/* A UUID of version 8: the instance, and then the number of the line. */
	snprintf(line->id_start, sizeof(line->id_start), "%.8s-%.4s-8%.3s-", instance, instance + 8,
		 instance + 12);
}

/* --- values ------------------------------------------------------------------------------------------ */

static void
audit_line_add_number(struct text *text, const char *name, uint64_t number)
{
	char digits[JSON_NUMBER_SIZE];

	text_add(text, name);
	text_add_bytes(text, digits, json_number(digits, number));
}

/* Return whether BYTES stand in JSON as they are. */
static bool
audit_line_is_plain(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < 0x20 || bytes[i] == 0x7f || bytes[i] == '"' || bytes[i] == '\\')
			return false;
	return true;
}

static void
audit_line_add_text(struct text *text, const char *name, const struct event_record *record,
		    enum event_text which)
{
	size_t len;
	const char *bytes = event_record_text(record, which, &len);
	char copy[AUDIT_LINE_TEXT_SIZE];

	assert(len < sizeof(copy));
	text_add(text, name);
	if (len == 0) {
		text_add(text, "null");
	} else if (audit_line_is_plain(bytes, len)) {
		text_add(text, "\"");
		text_add_bytes(text, bytes, len);
		text_add(text, "\"");
	} else {
		memcpy(copy, bytes, len);
		copy[len] = '\0';
		json_add_string(text, copy);
	}
}

static void
audit_line_add_address(struct text *text, const uint8_t address[EVENT_ADDRESS_SIZE])
{
	static const uint8_t unknown[EVENT_ADDRESS_SIZE];
	static const uint8_t of_ipv4[12] = {[10] = 0xff, [11] = 0xff};
	char memory[INET6_ADDRSTRLEN];

	text_add(text, "\"client_ip\":");
	if (memcmp(address, unknown, sizeof(unknown)) == 0) {
		text_add(text, "null");
	} else if (memcmp(address, of_ipv4, sizeof(of_ipv4)) == 0) {
		for (size_t i = sizeof(of_ipv4); i < EVENT_ADDRESS_SIZE; i++)
			audit_line_add_number(text, i == sizeof(of_ipv4) ? "\"" : ".", address[i]);
		text_add(text, "\"");
	} else {
		(void)!inet_ntop(AF_INET6, address, memory, sizeof(memory));
		text_add(text, "\"");
		text_add(text, memory);
		text_add(text, "\"");
	}
}

/* The text of a second is made once for all its records. */
static void
audit_line_add_time(struct audit_line *line, struct text *text, uint64_t time_ms)
{
	time_t second = (time_t)(time_ms / 1000);
	unsigned ms = (unsigned)(time_ms % 1000);
	const char end[] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
			    (char)('0' + ms % 10), 'Z', '"'};

	if (second != line->second) {
		struct tm utc;

		gmtime_r(&second, &utc);
		strftime(line->second_text, sizeof(line->second_text),
			 ",\"timestamp\":\"%Y-%m-%dT%H:%M:%S.", &utc);
		line->second = second;
	}
	text_add(text, line->second_text);
	text_add_bytes(text, end, sizeof(end));
}

/* --- the parts of a line ------------------------------------------------------------------------------ */

static void
audit_line_add_id(struct audit_line *line, struct text *text)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = ++line->number;
	char end[] = "a000-000000000000\"";

	for (size_t at = sizeof(end) - 3; number > 0 && at > 0; at--) {
		if (end[at] == '-')
			continue;
		end[at] = digits[number % 16];
		number /= 16;
	}
	text_add(text, "{\"event_id\":\"");
	text_add(text, line->id_start);
	text_add(text, end);
}

static void
audit_line_add_maker(struct text *text, const struct event_record *record)
{
	if (record->has_worker) {
		audit_line_add_number(text, ",\"datacenter_id\":", record->datacenter);
		audit_line_add_number(text, ",\"worker_id\":", record->worker);
	} else {
		text_add(text, ",\"datacenter_id\":null,\"worker_id\":null");
		audit_line_add_number(text, ",\"node\":", record->node);
	}
	audit_line_add_text(text, ",\"store\":", record, EVENT_STORE);
	audit_line_add_text(text, ",\"sequence\":", record, EVENT_SEQUENCE);
}

/*
 * Add the time of an id, unless it is far from the time of its record. Then the epoch of the line is not that of the id,
 * so the time is not known here.
 */
static void
audit_line_add_id_time(struct text *text, uint64_t id_ms, uint64_t record_ms)
{
	if (id_ms < record_ms + AUDIT_LINE_FAR_MS && record_ms < id_ms + AUDIT_LINE_FAR_MS) {
		audit_line_add_number(text, "\"timestamp_ms\":", id_ms);
		text_add(text, ",");
	}
}

static void
audit_line_add_ids(const struct audit_line *line, struct text *text,
		   const struct event_record *record)
{
	const struct event_ids *ids = &record->ids;

	if (ids->count == 0) {
		text_add(text, ",\"generated_id\":null,\"count\":0");
		return;
	}
	audit_line_add_number(text, ",\"generated_id\":", ids->first);
	audit_line_add_number(text, ",\"count\":", ids->count);
	audit_line_add_number(text, ",\"increment\":", ids->increment);
	if (ids->is_scrambled)
		text_add(text, ",\"is_scrambled\":true");
	if (!record->has_worker)
		return;
	text_add(text, ",\"id_components\":{");
	audit_line_add_id_time(text, (ids->first >> AUDIT_LINE_TIME_SHIFT) + line->epoch_ms,
			       record->time_ms);
	audit_line_add_number(text, "\"datacenter_id\":", record->datacenter);
	audit_line_add_number(text, ",\"worker_id\":", record->worker);
	audit_line_add_number(text, ",\"sequence\":", ids->first & AUDIT_LINE_SEQUENCE_MASK);
	text_add(text, "}");
}

static void
audit_line_add_request(const struct audit_line *line, struct text *text,
		       const struct event_record *record)
{
	const struct event_ids *ids = &record->ids;
	uint32_t queue_us = ids->queue_us < ids->latency_us ? ids->queue_us : ids->latency_us;

	audit_line_add_ids(line, text, record);
	audit_line_add_number(text, ",\"status\":", ids->status);
	if (ids->count == 0)
		audit_line_add_text(text, ",\"error\":", record, EVENT_WORDS);
	text_add(text, ",\"request_metadata\":{");
	audit_line_add_address(text, record->address);
	audit_line_add_text(text, ",\"user_agent\":", record, EVENT_AGENT);
	audit_line_add_text(text, ",\"request_id\":", record, EVENT_REQUEST_ID);
	text_add(text,
		 ids->protocol == EVENT_GRPC ? ",\"protocol\":\"grpc\"" : ",\"protocol\":\"http\"");
	text_add(text, ",\"api_version\":\"v1\"},\"performance\":{");
	audit_line_add_number(text, "\"generation_latency_us\":", ids->latency_us - queue_us);
	audit_line_add_number(text, ",\"queue_time_us\":", queue_us);
	audit_line_add_number(text, ",\"total_latency_us\":", ids->latency_us);
	text_add(text, "}");
}

static void
audit_line_add_drift(struct text *text, const struct event_drift *drift)
{
	text_addf(text, ",\"drift_ms\":%" PRId64 ",\"system_ms\":%" PRIu64, drift->drift_ms,
		  drift->system_ms);
	if (drift->true_ms > 0)
		audit_line_add_number(text, ",\"true_ms\":", drift->true_ms);
}

static void
audit_line_add_overflow(struct text *text, const struct event_overflow *overflow)
{
	audit_line_add_number(text, ",\"overflow_count\":", overflow->count);
	audit_line_add_number(text, ",\"queued\":", overflow->queued);
	audit_line_add_number(text, ",\"wait_time_ms\":", overflow->wait_ms);
	audit_line_add_number(text, ",\"most_wait_ms\":", overflow->most_ms);
}

static const char *
audit_line_type(const struct event_record *record)
{
	switch ((enum event_kind)record->kind) {
	case EVENT_REQUEST: return record->ids.count > 0 ? "id_generated" : "id_failed";
	case EVENT_DRIFT: return "clock_drift";
	case EVENT_OVERFLOW: return "sequence_overflow";
	case EVENT_BREAKER: return "database_state";
	case EVENT_REFUSAL: return "database_refused";
	case EVENT_KINDS: break;
	}
	return "other";
}

size_t
audit_line_write(struct audit_line *line, const struct event_record *record,
		 char to[AUDIT_LINE_SIZE])
{
	struct text text = text_over(to, AUDIT_LINE_SIZE);

	audit_line_add_id(line, &text);
	audit_line_add_time(line, &text, record->time_ms);
	text_add(&text, ",\"event_type\":\"");
	text_add(&text, audit_line_type(record));
	text_add(&text, "\"");
	audit_line_add_maker(&text, record);
	if (record->kind == EVENT_REQUEST)
		audit_line_add_request(line, &text, record);
	else if (record->kind == EVENT_DRIFT)
		audit_line_add_drift(&text, &record->drift);
	else if (record->kind == EVENT_OVERFLOW)
		audit_line_add_overflow(&text, &record->overflow);
	if (record->kind != EVENT_REQUEST)
		audit_line_add_text(&text, ",\"words\":", record, EVENT_WORDS);
	text_add(&text, "}\n");
	assert(!text.is_truncated);
	return text.len;
}
