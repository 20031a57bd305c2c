#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "grpc/call.h"
#include "grpc/recording.h"
#include "loop/loop.h"

#define CALL_PROBLEM_SIZE  1024
#define CALL_MOST_BUFFERED (16u * 1024 * 1024) /* bytes of incomplete requests in one loop */

static void
call_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct grpc_call *call = arg;

	(void)fd;
	(void)what;
	call_fail(call, GRPC_DEADLINE_EXCEEDED, "the deadline of the call has passed");
}

static uint64_t
call_deadline_us(const struct grpc_call *call)
{
	return call->head.has_timeout ? call->began_us + call->head.timeout_us : UINT64_MAX;
}

/* Most calls end before they need a timer. */
static void
call_set_deadline(struct grpc_call *call)
{
	uint64_t deadline_us = call_deadline_us(call), now_us;
	uint64_t left_ms;

	if (!call->head.has_timeout || call->phase == CALL_ENDED || call->deadline != NULL)
		return;
	now_us = clock_us();
	left_ms = deadline_us > now_us ? (deadline_us - now_us + 999) / 1000 : 0;
	call->deadline =
		loop_event_new(call->connection->server->base, -1, 0, call_on_deadline, call);
	loop_event_in(call->deadline, left_ms > UINT32_MAX ? UINT32_MAX : (unsigned)left_ms);
}

/* Return whether the request is gRPC. If not, answer a status of HTTP, which any client understands. */
static bool
call_is_grpc(struct grpc_call *call)
{
	bool is_post = call->head.is_post;

	if (is_post && call->head.type == HEAD_GRPC)
		return true;
	call_reject(call, is_post ? "415" : "405", "this is a gRPC server: POST application/grpc");
	return false;
}

void
call_begin(struct grpc_call *call)
{
	const struct grpc_head *head = &call->head;
	const char *password = call->connection->server->settings.password;
	bool is_open = head->method != NULL && head->method->is_open;

	if (head->size > GRPC_MOST_HEAD)
		call_fail(call, GRPC_RESOURCE_EXHAUSTED,
			  "the metadata of the call is larger than 16384 bytes: send less");
	else if (!call_is_grpc(call))
		return;
	else if (password[0] != '\0' && !is_open && !head->is_authorized)
		call_fail(call, GRPC_UNAUTHENTICATED,
			  "this server needs a password: send it as authorization: Basic");
	else if (head->method == NULL)
		call_fail(call, GRPC_UNIMPLEMENTED,
			  "there is no such method here: list them by reflection");
	else if (head->is_compressed)
		call_fail(call, GRPC_UNIMPLEMENTED,
			  "this server does not know the compression: send messages without it");
	else if (head->is_timeout_bad)
		call_fail(call, GRPC_INVALID_ARGUMENT,
			  "grpc-timeout must be up to 8 digits and one of n, u, m, S, M, H");
}

/* Read the prefix of the next message. False: it is not there yet, or the call has ended. */
static bool
call_next_len(struct grpc_call *call, size_t *len)
{
	const struct grpc_buffer *input = &call->input;
	const unsigned char *prefix = input->bytes + input->start;

	if (call->phase == CALL_ENDED || input->len - input->start < GRPC_PREFIX_SIZE)
		return false;
	*len = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 |
	       prefix[4];
	if (prefix[0] != 0)
		call_fail(call, GRPC_UNIMPLEMENTED,
			  "this server takes no compressed messages: send them without "
			  "compression");
	else if (*len > GRPC_MOST_MESSAGE)
		call_fail(call, GRPC_RESOURCE_EXHAUSTED,
			  "the message is larger than the 65536 bytes allowed");
	else
		return true;
	return false;
}

static void
call_handle_stream(struct grpc_call *call)
{
	struct grpc_buffer *input = &call->input;
	size_t len;

	while (call_next_len(call, &len) && input->len - input->start >= GRPC_PREFIX_SIZE + len) {
		const unsigned char *message = input->bytes + input->start + GRPC_PREFIX_SIZE;

		input->start += GRPC_PREFIX_SIZE + len;
		call->head.method->handle(call, message, len);
	}
}

/* Add LEN bytes to the request. False: the incomplete requests of this loop are too large together. */
static bool
call_buffer(struct grpc_call *call, const unsigned char *bytes, size_t len)
{
	struct grpc_server *server = call->connection->server;
	struct grpc_buffer *input = &call->input;
	size_t before = input->size;

	buffer_room(input, len, call->input_memory);
	call->buffered += input->size - before;
	server->buffered += input->size - before;
	memcpy(input->bytes + input->len, bytes, len);
	input->len += len;
	return call->buffered == 0 || server->buffered <= CALL_MOST_BUFFERED;
}

void
call_drop_request(struct grpc_call *call)
{
	call->connection->server->buffered -= call->buffered;
	call->buffered = 0;
	buffer_free(&call->input, call->input_memory);
}

void
call_take(struct grpc_call *call, const unsigned char *bytes, size_t len)
{
	struct grpc_buffer *input = &call->input;
	size_t message_len;

	if (call->phase != CALL_READS)
		return;
	if (!call_buffer(call, bytes, len))
		call_fail_outcome(call, FRONT_UNAVAILABLE,
				  "too many large requests are incomplete: send this one again "
				  "in a second");
	else if (call->head.method->has_stream)
		call_handle_stream(call);
	else if (call_next_len(call, &message_len) && input->len > GRPC_PREFIX_SIZE + message_len)
		call_fail(call, GRPC_INVALID_ARGUMENT, "the method takes one message, not several");
	if (call->phase == CALL_ENDED)
		call_drop_request(call);
}

/* If a required sink of events does not work, reserve nothing: ids that cannot be recorded would become gaps. */
static void
call_handle(struct grpc_call *call, const unsigned char *message, size_t len)
{
	char memory[CALL_PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (recording_may_issue(call, &problem))
		call->head.method->handle(call, message, len);
	else
		call_fail_outcome(call, FRONT_UNAVAILABLE, memory);
}

void
call_complete(struct grpc_call *call)
{
	const struct grpc_method *method = call->head.method;
	struct grpc_buffer *input = &call->input;
	size_t len;

	if (call->phase != CALL_READS)
		return;
	if (method->has_stream && input->len == input->start) {
		call->phase = CALL_WORKS;
		method->complete(call);
	} else if (!method->has_stream && call_next_len(call, &len) &&
		   input->len == GRPC_PREFIX_SIZE + len) {
		call->phase = CALL_WORKS;
		call_handle(call, input->bytes + GRPC_PREFIX_SIZE, len);
		call_drop_request(call);
		call_set_deadline(call);
	} else if (call->phase == CALL_READS) {
		call_fail(call, GRPC_INVALID_ARGUMENT, "the request ends before its message");
	}
}

void
call_sweep(struct grpc_call *call, uint64_t now_ms)
{
	uint64_t patience_ms = call->connection->server->settings.patience_ms;

	if (!call->is_open)
		return;
	if (call->phase == CALL_READS && now_ms * 1000 >= call_deadline_us(call))
		call_fail(call, GRPC_DEADLINE_EXCEEDED, "the deadline of the call has passed");
	else if (call->phase == CALL_READS && now_ms - call->began_us / 1000 >= patience_ms)
		call_fail(call, GRPC_DEADLINE_EXCEEDED,
			  "the request was not complete in time: send it faster");
	else if (call->phase == CALL_ENDED && now_ms - call->ended_ms >= patience_ms)
		(void)nghttp2_submit_rst_stream(call->connection->session, NGHTTP2_FLAG_NONE,
						call->stream_id, NGHTTP2_CANCEL);
	else
		return;
	grpc_server_note_dirty(call->connection->server, call->connection);
}
