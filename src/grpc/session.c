/*
 * DESIGN. nghttp2 keeps the states of streams, the compression of heads and the flow control. Its callbacks only
 * feed calls. No callback closes the connection or frees it. A callback sets a phase, and the functions of
 * connection.c act on it after nghttp2 has returned.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "grpc/call.h"
#include "grpc/session.h"

#define MOST_STREAMS 256 /* open calls, and those that a source has not answered */

/* Close the connection, because its client floods the server. */
static int
session_refuse_flood(struct grpc_connection *connection, const char *what)
{
	if (connection->phase == CONNECTION_OVER)
		return 0;
	log_debug("a connection was closed", LOG_TEXT("reason", what));
	connection->phase = CONNECTION_OVER;
	return nghttp2_session_terminate_session(connection->session, NGHTTP2_ENHANCE_YOUR_CALM) ==
			       0
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* A frame of any kind begins, CONTINUATION included. */
static int
session_on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *frame, void *arg)
{
	struct grpc_connection *connection = arg;
	struct grpc_flood *flood = &connection->flood;

	(void)session;
	switch (frame->type) {
	case NGHTTP2_HEADERS: flood_begin_head(flood); return 0;
	case NGHTTP2_CONTINUATION:
		if (flood_counts_continuation(flood))
			return session_refuse_flood(connection, "too many CONTINUATION frames");
		return 0;
	case NGHTTP2_RST_STREAM:
		if (flood_counts_reset(flood, clock_ms()))
			return session_refuse_flood(connection, "too many calls were cancelled");
		return 0;
	case NGHTTP2_DATA:
		if (frame->length > 0 || (frame->flags & NGHTTP2_FLAG_END_STREAM) != 0)
			return 0;
		break;
	case NGHTTP2_WINDOW_UPDATE: return 0;
	default: break;
	}
	if (flood_counts_control(flood, clock_ms()))
		return session_refuse_flood(connection, "too many frames without a request");
	return 0;
}

static int
session_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct grpc_connection *connection = arg;
	int32_t id = frame->hd.stream_id;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (connection->call_count >= MOST_STREAMS)
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
						 NGHTTP2_REFUSED_STREAM);
	return nghttp2_session_set_stream_user_data(session, id, call_new(connection, id));
}

static int
session_on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
		  nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
	struct grpc_connection *connection = arg;
	struct grpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	nghttp2_vec name_bytes = nghttp2_rcbuf_get_buf(name);
	nghttp2_vec value_bytes = nghttp2_rcbuf_get_buf(value);

	(void)flags;
	if (call == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	head_read(&call->head, (const char *)name_bytes.base, name_bytes.len,
		  (const char *)value_bytes.base, value_bytes.len,
		  connection->server->settings.password);
	return 0;
}

static int
session_on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
		 size_t len, void *arg)
{
	struct grpc_call *call = nghttp2_session_get_stream_user_data(session, id);

	(void)flags;
	(void)arg;
	if (call != NULL)
		call_take(call, bytes, len);
	return 0;
}

static int
session_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct grpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	bool is_head = frame->hd.type == NGHTTP2_HEADERS;

	(void)arg;
	if (call == NULL || (!is_head && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (is_head && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		call_begin(call);
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		call_complete(call);
	return 0;
}

/* If the call ended before its request was complete, tell the client to send no more. */
static int
session_on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	(void)arg;
	if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
	    nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
						 NGHTTP2_NO_ERROR);
	return 0;
}

static int
session_on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct grpc_call *call = nghttp2_session_get_stream_user_data(session, id);

	(void)error;
	(void)arg;
	if (call != NULL)
		call_forget(call);
	return 0;
}

nghttp2_session *
session_new(struct grpc_connection *connection)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MOST_STREAMS},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_MOST_HEAD},
	};
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	nghttp2_session *session;

	if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
		abort();
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, session_on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
								session_on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(callbacks, session_on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, session_on_chunk);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, session_on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, session_on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, session_on_stream_close);
	nghttp2_option_set_no_closed_streams(option, 1);
	/* flood.c counts before nghttp2 does, and answers with a code that says why. */
	nghttp2_option_set_stream_reset_rate_limit(option, 2 * FLOOD_RESETS,
						   2 * FLOOD_RESETS_PER_SECOND);
	if (nghttp2_session_server_new2(&session, callbacks, connection, option) != 0 ||
	    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, ARRAY_LENGTH(settings)) !=
		    0)
		abort();
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return session;
}
