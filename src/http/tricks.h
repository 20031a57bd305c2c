/*
 * tricks -- uses of libevent that its documentation does not promise. Loop thread.
 *
 * They were tried on libevent 2.1.12-stable, as Debian 12 ships it (2.1.12-stable-8+deb12u1), and nowhere
 * else. configure asks for 2.1.12 or later. Before you use another version, check each entry against its
 * http.c and bufferevent_sock.c. Then run t/unit/test_server, t/http.t, t/framing.t, t/requests.t,
 * t/drain.t and t/swarm.t, also under the address sanitizer.
 *
 *  1. Adopt a connection when it is accepted. libevent first tells of a connection when its request is
 *     complete. But evhttp_set_bevcb() asks for its bufferevent. Before the next event of the same round,
 *     libevent puts the evhttp_connection into the argument of the bufferevent's callbacks.
 *     tricks_adopt(), which needs that argument and the three callbacks.
 *  2. Take a connection away from libevent. libevent frees a connection only in a callback of its
 *     bufferevent. Without callbacks the connection stays until the answer is there.
 *     tricks_take_over(), tricks_give_back(); connection_end.c has callbacks of its own then.
 *  3. Keep the socket registered for reading. libevent stops reading at each request and resumes after the
 *     reply: two system calls. While a second event reads from the same socket, it makes none.
 *     struct tricks_reading.
 *  4. Write a reply without libevent. The head and the body go into the bufferevent's output.
 *     evhttp_send_reply_end() then ends a reply that libevent has not seen begin. It reads the next request
 *     when the output is empty. tricks_write_reply().
 *  5. Decide whether the connection stays. libevent decides by the request: it reads the first word of one
 *     header only, closes after a proxy's address, and never closes after CONNECT. So it is shown a
 *     request after which it keeps the connection. tricks_write_reply() changes fields of the request.
 *  6. Write immediately. libevent waits until the loop reports that the socket is writable, which it nearly
 *     always is: a round of the loop and two system calls. A bufferevent keeps the front of its output
 *     frozen, and we thaw it. tricks_write_now().
 *  7. Watch the bytes. Callbacks of the bufferevent's buffers run before libevent parses its input, and
 *     when it adds to its output. They run within libevent's work, so they must not free the connection or
 *     call evhttp. connection_input.c only makes a note, and edits the input. tricks_watch().
 *  8. Hide a chunked body. connection_input.c removes the chunks from the input; libevent then reads an
 *     empty body. tricks_end_chunks().
 *  9. Replace libevent's own error, a page of HTML. bufferevent_disable() removes the write event from
 *     this round of the loop, and libevent's enabling puts it into the next one. So there is time to
 *     rewrite the output. tricks_hold_output(), tricks_replace_output().
 * 10. Read and write fields of struct evhttp_request: major, minor, chunked. tricks_version(),
 *     tricks_set_version(), tricks_is_chunked().
 * 11. Accept every method. The mask ALL_METHODS includes libevent's inner bit for methods that it does not
 *     know. evhttp_request_get_command() then returns a bit that no route has. tricks_http_new().
 * 12. Hear of a failed accept. evhttp_bind_listener() replaces the argument of the listener's callbacks, so
 *     the error callback cannot find its server. server.c lets the next tick resume listening.
 * 13. Rely on the order within a round. An event that a callback activates (event_active) runs in the same
 *     round. Connections that epoll has reported are accepted in that round, before a timer set in it.
 *     connection.c adopts, connection_input.c acts on its notes, server.c drains by this.
 * 14. Hear of each end. evhttp_connection_free() calls the close callback exactly once for a connection
 *     that was accepted, also when libevent frees it. connection.c counts by this.
 * 15. Tell an error of the system from a bug. event_set_fatal_callback() gets 1 for the first.
 *     loop/loop.c ends the process with status 71 or by abort().
 */
#ifndef TICKR_HTTP_TRICKS_H
#define TICKR_HTTP_TRICKS_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* libevent's callbacks for any connection of an evhttp: they are the same for all. */
struct tricks_callbacks {
	bufferevent_data_cb read;
	bufferevent_data_cb write;
	bufferevent_event_cb event;
};

/* Return an evhttp that accepts every method, with limits for heads and bodies. */
struct evhttp *tricks_http_new(struct event_base *base, ev_ssize_t head_bytes,
			       ev_ssize_t body_bytes) MUST_CHECK;

/* Return the connection that libevent has made of BUFFEREVENT, and note libevent's callbacks. */
struct evhttp_connection *tricks_adopt(struct bufferevent *bufferevent,
				       struct tricks_callbacks *callbacks) MUST_CHECK;

/* After this no callback of libevent runs for EVCON, until tricks_give_back(). */
void tricks_take_over(struct bufferevent *bufferevent, struct evhttp_connection *evcon);
void tricks_give_back(struct bufferevent *bufferevent, struct evhttp_connection *evcon,
		      const struct tricks_callbacks *callbacks);

/* Keeps the socket of BUFFEREVENT registered for reading. Part of its connection. */
struct tricks_reading {
	struct bufferevent *bufferevent;
	struct event *event;
	bool was_woken; /* since the request began */
};

void tricks_reading_begin(struct tricks_reading *reading, struct bufferevent *bufferevent);
void tricks_reading_request(struct tricks_reading *reading); /* a request is complete */
void tricks_reading_resume(struct tricks_reading *reading);  /* its reply is sent */
void tricks_reading_stop(struct tricks_reading *reading);    /* no request follows */
void tricks_reading_free(struct tricks_reading *reading);

/* Give as many bytes of the output to the kernel as it accepts; libevent writes the rest. */
void tricks_write_now(struct bufferevent *bufferevent);

/*
 * Write the output, which has the reply to HTTP, to the socket. The rest is libevent's, which has its
 * callbacks back. Call COMPLETE when the kernel has the reply, and read the next request. HTTP is gone after
 * this, and the connection may be.
 */
void tricks_write_reply(struct evhttp_request *http, struct bufferevent *bufferevent,
			void (*complete)(struct evhttp_request *http, void *arg), void *arg);

/* Call ON_INPUT and ON_OUTPUT when the buffers of BUFFEREVENT change. */
void tricks_watch(struct bufferevent *bufferevent, evbuffer_cb_func on_input,
		  evbuffer_cb_func on_output, void *arg);

/* INPUT is where a chunked body was: make it an empty one. */
void tricks_end_chunks(struct evbuffer *input);

/*
 * In the output callback: let libevent write nothing in this round. Return the status of the error that
 * begins at OFFSET of the output; 0: it is none, such as "100 Continue".
 */
int tricks_hold_output(struct bufferevent *bufferevent, size_t offset);

/* Replace all but the first KEPT bytes of the output by REPLACEMENT, which is emptied. */
void tricks_replace_output(struct bufferevent *bufferevent, size_t kept,
			   struct evbuffer *replacement);

/* The version of HTTP is HTTP/MAJOR.MINOR. */
void tricks_version(const struct evhttp_request *http, int *major, int *minor);
void tricks_set_version(struct evhttp_request *http, int major, int minor);

/* Return whether the request had a chunked body. */
bool tricks_is_chunked(const struct evhttp_request *http);

#endif
