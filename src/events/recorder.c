#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "events/recorder.h"
#include "ticket/json.h"
#include "ticket/snowflake_id.h"

#define RECORDER_REASON_SIZE 512

struct event_recorder {
	struct event_recorder_settings settings;
	struct event_ring *ring; /* the exporter's */
	bool is_required;
	bool has_waits; /* that came in this round */
};

struct event_recorder *
event_recorder_new(const struct event_recorder_settings *settings)
{
	struct event_recorder *recorder = xcalloc(1, sizeof(*recorder));

	recorder->settings = *settings;
	recorder->ring = event_exporter_add_ring(settings->exporter, settings->wake, settings->arg);
	recorder->is_required = event_exporter_is_required(settings->exporter);
	return recorder;
}

void
event_recorder_free(struct event_recorder *recorder)
{
	free(recorder);
}

bool
event_recorder_is_required(const struct event_recorder *recorder)
{
	return recorder->is_required;
}

bool
event_recorder_reads_proxies(const struct event_recorder *recorder)
{
	const struct networks *proxies = recorder->settings.proxies;

	return recorder->settings.addresses != EVENT_ADDRESSES_NONE &&
	       (proxies->count > 0 || proxies->has_unix);
}

bool
event_recorder_may_issue(const struct event_recorder *recorder, struct text *problem)
{
	return !recorder->is_required ||
	       event_exporter_may_issue(recorder->settings.exporter, problem);
}

static void
recorder_add_sink(struct event_exporter *exporter, size_t index, struct text *json)
{
	char problem_memory[RECORDER_REASON_SIZE], error_memory[RECORDER_REASON_SIZE];
	struct text problem = TEXT_OVER(problem_memory), error = TEXT_OVER(error_memory);
	struct event_tally tally = {.last_error = &error};
	const char *name;
	bool works = event_exporter_sink_works(exporter, index, &name, &problem);

	text_addf(json, "{\"name\":\"%s\",\"works\":%s", name, works ? "true" : "false");
	if (!works) {
		text_add(json, ",\"reason\":");
		json_add_string(json, problem_memory);
	}
	if (event_exporter_sink_tally(exporter, index, &tally)) {
		text_addf(json, ",\"sent\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"last_error\":",
			  tally.sent, tally.dropped);
		if (error.len > 0)
			json_add_string(json, error_memory);
		else
			text_add(json, "null");
	}
	text_add(json, "}");
}

void
event_recorder_add_sinks(const struct event_recorder *recorder, struct text *json)
{
	struct event_exporter *exporter = recorder->settings.exporter;

	text_add(json, "[");
	for (size_t i = 0; i < event_exporter_sinks(exporter); i++) {
		text_add(json, i > 0 ? "," : "");
		recorder_add_sink(exporter, i, json);
	}
	text_add(json, "]");
}

void
event_recorder_flush(struct event_recorder *recorder)
{
	if (!recorder->has_waits)
		return;
	recorder->has_waits = false;
	event_ring_nudge(recorder->ring);
}

void
event_recorder_settle(struct event_recorder *recorder)
{
	event_ring_settle(recorder->ring);
}

/* --- the client's address ------------------------------------------------------------------------ */

/* Whether the peer is a trusted proxy. Its address is written to ADDRESS, :: if it has none. */
static bool
recorder_reads_peer(const struct networks *proxies, const struct sockaddr *peer,
		    uint8_t address[EVENT_ADDRESS_SIZE])
{
	const void *place = peer;
	const struct sockaddr_in *v4 = place;
	const struct sockaddr_in6 *v6 = place;

	memset(address, 0, EVENT_ADDRESS_SIZE);
	if (peer == NULL)
		return false;
	if (peer->sa_family == AF_INET) {
		address[10] = address[11] = 0xFF;
		memcpy(address + 12, &v4->sin_addr, 4);
	} else if (peer->sa_family == AF_INET6) {
		memcpy(address, &v6->sin6_addr, EVENT_ADDRESS_SIZE);
	} else {
		return proxies->has_unix;
	}
	return networks_have(proxies, address);
}

/*
 * Each proxy appends the address that it saw, so the list is read from its end. The first address that is no
 * trusted proxy's is the client's: a client can write anything before it.
 */
void
event_recorder_find_address(const struct networks *proxies, const struct sockaddr *peer,
			    const char *forwarded_for, uint8_t address[EVENT_ADDRESS_SIZE])
{
	bool is_trusted = recorder_reads_peer(proxies, peer, address);
	size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;

	while (is_trusted && end > 0) {
		uint8_t before[EVENT_ADDRESS_SIZE];
		size_t start = end;

		while (start > 0 && forwarded_for[start - 1] != ',')
			start--;
		while (start < end && strchr(" \t", forwarded_for[start]) != NULL)
			start++;
		while (end > start && strchr(" \t", forwarded_for[end - 1]) != NULL)
			end--;
		if (!networks_read_address(forwarded_for + start, end - start, before))
			return;
		memcpy(address, before, EVENT_ADDRESS_SIZE);
		is_trusted = networks_have(proxies, address);
		while (start > 0 && forwarded_for[start - 1] != ',')
			start--;
		end = start > 0 ? start - 1 : 0;
	}
}

/* --- a request ----------------------------------------------------------------------------------- */

static uint32_t
recorder_us(uint64_t from_us, uint64_t to_us)
{
	uint64_t us = to_us > from_us ? to_us - from_us : 0;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static void
recorder_set(struct event_record *record, enum event_text which, const char *string)
{
	if (string != NULL && string[0] != '\0')
		event_record_set(record, which, string, strlen(string));
}

const char *
event_recorder_words(unsigned status, const char *reason)
{
	switch (status) {
	case 400: return "bad request";
	case 401: return "unauthorized";
	case 404: return "not found";
	case 405: return "method not allowed";
	case 410: return "gone";
	case 413: return "request too large";
	case 415: return "unsupported media type";
	case 429: return "too many requests";
	case 499: return "cancelled by the client";
	case 504: return "the deadline of the call has passed";
	default: return reason;
	}
}

/* Fill RECORD, except for its ids. */
static void
recorder_fill(const struct event_recorder *recorder, const struct event_request *request,
	      uint64_t time_ms, struct event_record *record)
{
	enum event_addresses addresses = recorder->settings.addresses;

	event_record_begin(record, EVENT_REQUEST, time_ms);
	record->ids.latency_us = recorder_us(request->began_us, request->now_us);
	record->ids.queue_us = recorder_us(request->began_us, request->taken_us);
	record->ids.status = (uint16_t)request->status;
	record->ids.protocol = (uint8_t)request->protocol;
	record->ids.is_scrambled = request->is_scrambled;
	record->node = request->node;
	if (addresses != EVENT_ADDRESSES_NONE)
		event_recorder_find_address(recorder->settings.proxies, request->peer,
					    request->forwarded_for, record->address);
	if (addresses == EVENT_ADDRESSES_NET)
		networks_blur(record->address);
	recorder_set(record, EVENT_STORE, request->store);
	if (request->sequence_len > 0)
		event_record_set(record, EVENT_SEQUENCE, request->sequence, request->sequence_len);
	recorder_set(record, EVENT_REQUEST_ID, request->request_id);
	if (addresses != EVENT_ADDRESSES_NONE)
		recorder_set(record, EVENT_AGENT, request->agent);
	if (request->words != NULL)
		recorder_set(record, EVENT_WORDS,
			     event_recorder_words(request->status, request->words));
}

static void
recorder_set_node(const struct event_recorder *recorder, const struct ticket_space *space,
		  struct event_record *record)
{
	unsigned bits = recorder->settings.datacenter_bits;

	record->node = (uint32_t)space->node_number;
	record->has_worker = space_is_of_snowflakes(space);
	if (record->has_worker) {
		record->datacenter = (uint16_t)snowflake_node_datacenter(bits, record->node);
		record->worker = (uint16_t)snowflake_node_worker(bits, record->node);
	}
}

/* Take the next progression of ids from IDS, which are left of REQUEST. */
static struct ticket_range
recorder_take_run(const struct event_request *request, struct ticket_range *ids)
{
	struct ticket_range run = *ids;

	if (request->space == NULL || ids->count == 0 ||
	    !space_take_progression(request->space, ids, &run))
		ids->count = 0;
	return run;
}

static uint64_t
recorder_count_runs(const struct event_request *request)
{
	struct ticket_range ids = request->ids;
	uint64_t runs = 0;

	do {
		(void)recorder_take_run(request, &ids);
		runs++;
	} while (ids.count > 0);
	return runs;
}

bool
event_recorder_write(struct event_recorder *recorder, const struct event_request *request,
		     struct event_wait *wait)
{
	struct ticket_range ids = request->ids;
	uint64_t time_ms = clock_utc_ms();

	if (!event_ring_has_room(recorder->ring, recorder_count_runs(request)))
		return false;
	if (wait != NULL)
		wait->is_kept = true;
	do {
		struct event_record *record = event_ring_begin(recorder->ring);
		struct ticket_range run = recorder_take_run(request, &ids);

		recorder_fill(recorder, request, time_ms, record);
		if (request->space != NULL)
			recorder_set_node(recorder, request->space, record);
		record->ids.first = run.first;
		record->ids.increment = run.increment;
		record->ids.count = run.count;
		if (ids.count > 0)
			event_ring_commit_part(recorder->ring, wait);
	} while (ids.count > 0);
	event_ring_commit(recorder->ring, wait);
	if (wait != NULL && !recorder->has_waits) {
		recorder->has_waits = true;
		recorder->settings.waits(recorder->settings.arg);
	}
	return true;
}
