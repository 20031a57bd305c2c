/*
 * DESIGN. nghttp2 knows a call as the user data of its stream, until the stream closes. A source knows it by the
 * request inside. So a call that a client cancels stays in memory until the source has answered, and counts
 * against the limit of its connection until then. Otherwise a client could have the server work on any number
 * of calls by opening and cancelling them (rapid reset).
 *
 * The response has three parts: a head, messages, trailers. A call that fails without a message has only one,
 * with the status in it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "grpc/call.h"
#include "grpc/escape.h"
#include "grpc/recording.h"

#define CALL_LARGE     4096		    /* from here on, answers count against the limit */
#define CALL_MOST_HELD (256u * 1024 * 1024) /* bytes of large answers in one loop */

#define CALL_FIELD(name, value)                                                         \
	{                                                                               \
		(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, strlen(value), \
			NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE    \
	}

/* Text with a lifetime as long as the process: nghttp2 does not copy it. */
static const char *const call_code_texts[] = {"0", "1",	 "2",  "3",  "4",  "5",	 "6",  "7", "8",
					      "9", "10", "11", "12", "13", "14", "15", "16"};

/* --- birth and death ---------------------------------------------------------------------------- */

struct grpc_call *
call_new(struct grpc_connection *connection, int32_t stream_id)
{
	struct grpc_call *call = xmalloc(sizeof(*call));

	memset(call, 0, offsetof(struct grpc_call, asked_name));
	call->connection = connection;
	call->is_open = true;
	call->stream_id = stream_id;
	call->began_us = clock_us();
	call->watched = -1;
	call->input = buffer_over(call->input_memory, CALL_INPUT_SIZE);
	call->output = buffer_over(call->output_memory, CALL_OUTPUT_SIZE);
	LIST_INSERT_HEAD(&connection->calls, call, link);
	connection->call_count++;
	connection->active_ms = call->began_us / 1000;
	return call;
}

/* Free CALL if neither its stream nor a source has it. */
static void
call_release(struct grpc_call *call)
{
	if (call->is_open || call->is_asking)
		return;
	if (call->connection != NULL) {
		LIST_REMOVE(call, link);
		call->connection->call_count--;
	}
	if (call->deadline != NULL)
		event_free(call->deadline);
	buffer_free(&call->output, call->output_memory);
	free(call->message);
	free(call->watched_service);
	free(call);
}

/* Record CALL. If the ring is full, the recorder has counted the lost record. */
static void
call_record(struct grpc_call *call, enum grpc_code code)
{
	const char *words = call->words != NULL ? call->words : "";
	bool is_recorded = recording_write(call, code, words, NULL);

	(void)is_recorded;
}

/*
 * CALL has ended: its method, code, ids and times are known, whatever the client hears of them. This runs once
 * for each call.
 */
static void
call_end(struct grpc_call *call, enum grpc_code code)
{
	const struct grpc_method *method = call->head.method;
	uint64_t now_us = clock_us();

	assert(call->phase != CALL_ENDED);
	if (recording_is_due(call))
		call_record(call, code);
	call->phase = CALL_ENDED;
	call->code = code;
	call->ended_ms = now_us / 1000;
	call->connection->active_ms = call->ended_ms;
	if (call->deadline != NULL)
		event_del(call->deadline);
	if (call->is_watching)
		LIST_REMOVE(call, watch_link);
	call->is_watching = false;
	metrics_count_grpc(method != NULL ? method->metric : GRPC_METHOD_OTHER, code);
	metrics_observe(HISTOGRAM_GRPC_SECONDS, now_us - call->began_us);
}

void
call_forget(struct grpc_call *call)
{
	call->is_open = false;
	if (call->phase != CALL_ENDED)
		call_end(call, GRPC_CANCELLED);
	call->connection->server->held -= call->held;
	call->held = 0;
	call_drop_request(call);
	call_release(call);
}

void
call_orphan(struct grpc_call *call)
{
	bool is_asking = call->is_asking;

	if (call->is_open)
		call_forget(call);
	if (!is_asking)
		return;
	LIST_REMOVE(call, link);
	call->connection = NULL;
}

/* --- answers ------------------------------------------------------------------------------------ */

/* Write the trailers to FIELDS, which have room for two. Return how many there are. */
static size_t
call_write_trailers(const struct grpc_call *call, nghttp2_nv *fields)
{
	fields[0] = (nghttp2_nv)CALL_FIELD("grpc-status", call_code_texts[call->code]);
	if (call->message == NULL)
		return 1;
	fields[1] = (nghttp2_nv)CALL_FIELD("grpc-message", call->message);
	return 2;
}

/* nghttp2 takes up to SIZE bytes of the messages. After the last one the trailers follow. */
static ssize_t
call_on_read(nghttp2_session *session, int32_t stream_id, uint8_t *to, size_t size, uint32_t *flags,
	     nghttp2_data_source *source, void *arg)
{
	struct grpc_call *call = source->ptr;
	struct grpc_buffer *output = &call->output;
	size_t len = output->len - output->start;
	nghttp2_nv trailers[2];

	(void)arg;
	if (len > size)
		len = size;
	memcpy(to, output->bytes + output->start, len);
	output->start += len;
	if (output->start < output->len)
		return (ssize_t)len;
	output->start = output->len = 0;
	if (call->phase != CALL_ENDED)
		return len > 0 ? (ssize_t)len : NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (nghttp2_submit_trailer(session, stream_id, trailers,
				   call_write_trailers(call, trailers)) != 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return (ssize_t)len;
}

/* Let nghttp2 take the messages of CALL, and the trailers if it has ended. */
static void
call_respond(struct grpc_call *call)
{
	nghttp2_nv fields[] = {CALL_FIELD(":status", "200"),
			       CALL_FIELD("content-type", "application/grpc")};
	nghttp2_data_provider provider = {.source.ptr = call, .read_callback = call_on_read};
	nghttp2_session *session = call->connection->session;

	/* nghttp2 refuses this only for a stream that is closing. Then no client waits for the response. */
	if (call->has_response)
		(void)nghttp2_session_resume_data(session, call->stream_id);
	else
		(void)nghttp2_submit_response(session, call->stream_id, fields,
					      ARRAY_LENGTH(fields), &provider);
	call->has_response = true;
	grpc_server_note_dirty(call->connection->server, call->connection);
}

unsigned char *
call_room(struct grpc_call *call, size_t size)
{
	buffer_room(&call->output, GRPC_PREFIX_SIZE + size, call->output_memory);
	return call->output.bytes + call->output.len + GRPC_PREFIX_SIZE;
}

static void
call_add(struct grpc_call *call, size_t len)
{
	unsigned char *prefix = call->output.bytes + call->output.len;

	prefix[0] = 0;
	prefix[1] = (unsigned char)(len >> 24);
	prefix[2] = (unsigned char)(len >> 16);
	prefix[3] = (unsigned char)(len >> 8);
	prefix[4] = (unsigned char)len;
	call->output.len += GRPC_PREFIX_SIZE + len;
}

void
call_send(struct grpc_call *call, size_t len)
{
	call_add(call, len);
	call_respond(call);
}

static void
call_reply_now(struct grpc_call *call, size_t len)
{
	front_note_issued(&call->issued);
	call_add(call, len);
	call_end(call, GRPC_OK);
	call_respond(call);
}

/* The record of CALL was kept or lost. Until now the ring counted as the source of CALL, so it was not freed. */
static void
call_on_kept(struct event_wait *wait, bool is_kept)
{
	struct grpc_call *call = CONTAINER_OF(wait, struct grpc_call, kept);

	if (!call_takes_answer(call))
		return;
	if (is_kept)
		call_reply_now(call, call->answer_len);
	else
		call_fail_outcome(call, FRONT_UNAVAILABLE, FRONT_NOT_KEPT);
}

/* If a record is required, the message stays in its buffer, unsent, until the record is kept. */
void
call_reply(struct grpc_call *call, size_t len)
{
	if (!recording_waits(call)) {
		call_reply_now(call, len);
		return;
	}
	call->answer_len = len;
	call->kept.settled = call_on_kept;
	call_asks(call);
	if (recording_write(call, GRPC_OK, "", &call->kept))
		return;
	call->is_asking = false;
	call_fail_outcome(call, FRONT_UNAVAILABLE, FRONT_NOT_KEPT);
}

/* End the call with no message after those that it has. STATUS: that of HTTP. */
static void
call_close(struct grpc_call *call, const char *status)
{
	nghttp2_nv fields[5] = {CALL_FIELD(":status", status),
				CALL_FIELD("content-type", "application/grpc"),
				CALL_FIELD("grpc-accept-encoding", "identity")};
	size_t count = 2 + (call->code == GRPC_UNIMPLEMENTED);

	if (call->has_response) {
		call_respond(call);
		return;
	}
	count += call_write_trailers(call, fields + count);
	(void)nghttp2_submit_response(call->connection->session, call->stream_id, fields, count,
				      NULL);
	call->has_response = true;
	grpc_server_note_dirty(call->connection->server, call->connection);
}

void
call_fail(struct grpc_call *call, enum grpc_code code, const char *message)
{
	if (message[0] != '\0')
		call->message = escape_message(message);
	call->words = message;
	call_end(call, code);
	call->words = NULL; /* it ends with this function */
	call_close(call, "200");
	if (code != GRPC_OK)
		log_debug("a call was refused", LOG_NUMBER("code", code),
			  LOG_TEXT("reason", message),
			  LOG_TEXT("request_id", call->head.request_id));
}

void
call_reject(struct grpc_call *call, const char *status, const char *message)
{
	call->message = escape_message(message);
	call_end(call, GRPC_UNKNOWN);
	call_close(call, status);
}

void
call_fail_outcome(struct grpc_call *call, enum front_outcome outcome, const char *reason)
{
	uint64_t held_back = 0;
	enum grpc_code code = front_outcome_grpc(outcome);

	call->record_status = (unsigned)front_outcome_http(outcome);
	call_fail(call, code, reason);
	if (front_outcome_http(outcome) >= 500 &&
	    log_limit_allows(call->connection->server->settings.error_lines, clock_ms(),
			     &held_back))
		log_error("a gRPC call failed", LOG_WORD("method", call->head.method->path),
			  LOG_NUMBER("code", code), LOG_TEXT("reason", reason),
			  LOG_TEXT("request_id", call->head.request_id),
			  LOG_NUMBER("not_logged_before", held_back));
}

void
call_fail_status(struct grpc_call *call, enum ticket_status status, const char *reason)
{
	call_fail_outcome(call, front_outcome_of_status(status), reason);
}

size_t
call_unsent(const struct grpc_call *call)
{
	return call->output.len - call->output.start;
}

bool
call_hold(struct grpc_call *call, size_t size)
{
	struct grpc_server *server = call->connection->server;

	if (size < CALL_LARGE)
		return true;
	if (server->held + size > CALL_MOST_HELD)
		return false;
	server->held += size;
	call->held += size;
	return true;
}

/* --- between a handler and a source --------------------------------------------------------------- */

const struct ticket_service *
call_service(const struct grpc_call *call)
{
	return call->connection->server->settings.service;
}

void
call_asks(struct grpc_call *call)
{
	call->is_asking = true;
}

bool
call_takes_answer(struct grpc_call *call)
{
	call->is_asking = false;
	if (call->is_open && call->phase != CALL_ENDED)
		return true;
	call_release(call);
	return false;
}
