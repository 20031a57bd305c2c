#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/tricks.h"
#include "loop/loop.h"

#define ALL_METHODS 0xffff

struct evhttp *
tricks_http_new(struct event_base *base, ev_ssize_t head_bytes, ev_ssize_t body_bytes)
{
	struct evhttp *http = evhttp_new(base);

	if (http == NULL)
		abort();
	evhttp_set_max_headers_size(http, head_bytes);
	evhttp_set_max_body_size(http, body_bytes);
	evhttp_set_default_content_type(http, NULL);
	evhttp_set_allowed_methods(http, ALL_METHODS);
	return http;
}

/* --- whose callbacks ------------------------------------------------------------------------- */

struct evhttp_connection *
tricks_adopt(struct bufferevent *bufferevent, struct tricks_callbacks *callbacks)
{
	void *evcon;

	bufferevent_getcb(bufferevent, &callbacks->read, &callbacks->write, &callbacks->event,
			  &evcon);
	return evcon;
}

void
tricks_take_over(struct bufferevent *bufferevent, struct evhttp_connection *evcon)
{
	if ((bufferevent_get_enabled(bufferevent) & (EV_READ | EV_WRITE)) != 0)
		bufferevent_disable(bufferevent, EV_READ | EV_WRITE);
	bufferevent_setcb(bufferevent, NULL, NULL, NULL, evcon);
}

void
tricks_give_back(struct bufferevent *bufferevent, struct evhttp_connection *evcon,
		 const struct tricks_callbacks *callbacks)
{
	bufferevent_setcb(bufferevent, callbacks->read, callbacks->write, callbacks->event, evcon);
}

/* --- registered for reading ------------------------------------------------------------------ */

/*
 * The event has nothing to do. But bytes that arrive while libevent does not read must not wake it again
 * and again. The request itself wakes it one time, after libevent.
 */
static void
tricks_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tricks_reading *reading = arg;

	(void)fd;
	(void)what;
	if ((bufferevent_get_enabled(reading->bufferevent) & EV_READ) != 0)
		return;
	if (reading->was_woken)
		event_del(reading->event);
	reading->was_woken = true;
}

void
tricks_reading_begin(struct tricks_reading *reading, struct bufferevent *bufferevent)
{
	reading->bufferevent = bufferevent;
	reading->event =
		loop_event_new(bufferevent_get_base(bufferevent), bufferevent_getfd(bufferevent),
			       EV_READ | EV_PERSIST, tricks_on_readable, reading);
	event_add(reading->event, NULL);
}

void
tricks_reading_request(struct tricks_reading *reading)
{
	reading->was_woken = false;
}

void
tricks_reading_resume(struct tricks_reading *reading)
{
	event_add(reading->event, NULL);
}

void
tricks_reading_stop(struct tricks_reading *reading)
{
	event_del(reading->event);
}

void
tricks_reading_free(struct tricks_reading *reading)
{
	event_free(reading->event);
}

/* --- replies ------------------------------------------------------------------------------------- */

void
tricks_write_now(struct bufferevent *bufferevent)
{
	struct evbuffer *output = bufferevent_get_output(bufferevent);

	if (evbuffer_get_length(output) == 0)
		return;
	evbuffer_unfreeze(output, 1);
	/* libevent meets an error again, and handles it. */
	evbuffer_write(output, bufferevent_getfd(bufferevent));
	evbuffer_freeze(output, 1);
	if (evbuffer_get_length(output) > 0)
		bufferevent_enable(bufferevent, EV_WRITE);
}

void
tricks_write_reply(struct evhttp_request *http, struct bufferevent *bufferevent,
		   void (*complete)(struct evhttp_request *http, void *arg), void *arg)
{
	http->type = EVHTTP_REQ_GET;
	http->minor = 1;
	http->flags &= ~EVHTTP_PROXY_REQUEST;
	evhttp_request_set_on_complete_cb(http, complete, arg);
	tricks_write_now(bufferevent);
	evhttp_send_reply_end(http);
}

/* --- bytes ------------------------------------------------------------------------------------ */

void
tricks_watch(struct bufferevent *bufferevent, evbuffer_cb_func on_input, evbuffer_cb_func on_output,
	     void *arg)
{
	evbuffer_add_cb(bufferevent_get_input(bufferevent), on_input, arg);
	evbuffer_add_cb(bufferevent_get_output(bufferevent), on_output, arg);
}

void
tricks_end_chunks(struct evbuffer *input)
{
	evbuffer_prepend(input, "0\r\n\r\n", 5);
}

int
tricks_hold_output(struct bufferevent *bufferevent, size_t offset)
{
	struct evbuffer *output = bufferevent_get_output(bufferevent);
	struct evbuffer_ptr at;
	char line[64] = "";
	int code = 0;

	bufferevent_disable(bufferevent, EV_WRITE);
	evbuffer_unfreeze(output, 1); /* a frozen front cannot be copied either */
	if (evbuffer_ptr_set(output, &at, offset, EVBUFFER_PTR_SET) == 0)
		evbuffer_copyout_from(output, &at, line, sizeof(line) - 1);
	evbuffer_freeze(output, 1);
	return sscanf(line, "HTTP/%*d.%*d %d", &code) == 1 && code >= 400 ? code : 0;
}

void
tricks_replace_output(struct bufferevent *bufferevent, size_t kept, struct evbuffer *replacement)
{
	struct evbuffer *output = bufferevent_get_output(bufferevent);
	struct evbuffer *front = evbuffer_new();

	evbuffer_unfreeze(output, 1);
	evbuffer_remove_buffer(output, front, kept);
	evbuffer_drain(output, evbuffer_get_length(output));
	evbuffer_add_buffer(output, front);
	evbuffer_add_buffer(output, replacement);
	evbuffer_freeze(output, 1);
	evbuffer_free(front);
}

/* --- fields of a request --------------------------------------------------------------------- */

void
tricks_version(const struct evhttp_request *http, int *major, int *minor)
{
	*major = http->major;
	*minor = http->minor;
}

void
tricks_set_version(struct evhttp_request *http, int major, int minor)
{
	http->major = (char)major;
	http->minor = (char)minor;
}

bool
tricks_is_chunked(const struct evhttp_request *http)
{
	return http->chunked;
}
