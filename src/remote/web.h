/*
 * web -- an HTTP client that blocks, and never longer than the deadline of the call.
 *
 * A client has one or more endpoints, which are servers of one service. A request goes to the present endpoint.
 * Without an answer the next endpoint becomes the present one. There web_send() does not repeat the request. Only
 * the caller knows whether a repeat is harmless.
 *
 * libcurl repeats a request once in one case: a kept connection that the server has closed. So a request may arrive
 * twice. Make each request one whose repeat is harmless, or set IS_ALONE.
 *
 * Connections are kept for the next request. Redirects are answers like any other. Proxies of the environment are
 * ignored. HTTP/1.1 is spoken.
 *
 * A client belongs to one thread, the one that uses it. web_wake() and web_stop() may be called by any thread.
 */
#ifndef TICKR_REMOTE_WEB_H
#define TICKR_REMOTE_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define WEB_REASON_SIZE 512 /* room for each reason of this room */

#define WEB_NOT_BUILT                                                                   \
	"this tickrd was built without libcurl, so it has no HTTP client: install the " \
	"development files of libcurl, and build tickrd again"

/*
 * False: this tickrd was built without libcurl. Then a setting that needs it is a mistake, and a client sends nothing.
 * Pure.
 */
bool web_is_built(void) MUST_CHECK;

/* Set up libcurl; false: it does not work. Main thread, before other threads start. Undone by web_end(). */
bool web_begin(void) MUST_CHECK;
void web_end(void);

/* Return the mistake in ENDPOINT in words; NULL: "http://" or "https://", a host, and a port or none. Pure. */
const char *web_endpoint_mistake(const char *endpoint) MUST_CHECK;

/* web_new() copies all of it. */
struct web_settings {
	const char *const
		*endpoints;	/* without a path; each one has passed web_endpoint_mistake() */
	size_t endpoints_count; /* 1 or more */
	const char *
		ca_file; /* PEM, of https endpoints; NULL: the certificates that the system trusts */
	const char *cert_file; /* PEM, the client's certificate and its chain; NULL: none */
	const char *key_file;  /* PEM, its key; NULL: none */
};

struct web;

struct web *web_new(const struct web_settings *settings) MUST_CHECK;
void web_free(struct web *web); /* after its streams are closed */

/* A file as the body of a request, read from its first byte with pread(). */
struct web_file {
	int fd;	      /* the caller's own */
	uint64_t len; /* bytes to send */
};

/* Everything is the caller's, and needed until the call returns. */
struct web_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "DELETE" */
	const char *
		path; /* begins with "/", has the query, and goes out as it is: the caller encodes it */
	const char *const *headers; /* each "Name: value", ended by NULL; NULL: none */
	const void *body;
	size_t body_len;
	const struct web_file *file; /* in place of BODY; NULL: none */

	uint64_t deadline_ms; /* of clock_ms(); a stream may have 0, which is none */
	uint64_t
		connect_ms; /* the longest time that connecting may take; 0: the deadline alone limits it */
	size_t most_answer; /* bytes of the answer's body */
	bool is_alone;	    /* a connection of its own: libcurl never repeats it */
};

enum web_result {
	WEB_ANSWERED,  /* the whole answer came; its status may be an error */
	WEB_NOT_SENT,  /* no byte of the request left: the server did not carry it out */
	WEB_UNKNOWN,   /* no whole answer came: the server may have carried it out, or will */
	WEB_TOO_LARGE, /* the answer is longer than MOST_ANSWER; the server has carried it out */
	WEB_STOPPED,   /* web_stop() was called: the server may have carried it out */
};

struct web_answer {
	unsigned status; /* of HTTP */
	char *body;	 /* BODY_LEN bytes and a NUL */
	size_t body_len;
	char *headers;	      /* the lines of the header, the first ones up to 16 KiB, and a NUL */
	const char *endpoint; /* that answered; the client's own */
};

/*
 * Send REQUEST to the present endpoint and wait for the answer. Bytes of streams arrive meanwhile. WEB_ANSWERED: the
 * caller releases ANSWER with web_answer_free(). Any other result: REASON names the endpoint and the fault,
 * there is no ANSWER, and the next endpoint is the present one.
 */
enum web_result web_send(struct web *web, const struct web_request *request,
			 struct web_answer *answer, struct text *reason) MUST_CHECK;
void web_answer_free(struct web_answer *answer);

/* Return the value of the header NAME in ANSWER and set *LEN; NULL: there is none. Case does not matter. */
const char *web_answer_header(const struct web_answer *answer, const char *name, size_t *len);

/* Set *DATE_MS to the Date header of ANSWER, in ms since 1970, whole seconds. False: it has none. */
bool web_answer_date(const struct web_answer *answer, uint64_t *date_ms) MUST_CHECK;

/* The present endpoint; and make the next one the present one. */
const char *web_endpoint(const struct web *web);
void web_next_endpoint(struct web *web);

/* --- streams ------------------------------------------------------------------------------------ */

/*
 * A stream is a request whose answer has no end. web_send() and web_wait() call RECEIVE with its bytes. RECEIVE must
 * not call this room. It returns false to end the stream.
 */
typedef bool web_receive_fn(void *arg, const char *bytes, size_t len);

struct web_stream;

/* Send REQUEST, whose body is copied, to the present endpoint. MOST_ANSWER does not count. */
struct web_stream *web_stream_open(struct web *web, const struct web_request *request,
				   web_receive_fn *receive, void *arg) MUST_CHECK;

/* False: the stream has ended, and REASON says why. *STATUS is that of HTTP; 0: none has come yet. */
bool web_stream_is_open(const struct web_stream *stream, unsigned *status,
			struct text *reason) MUST_CHECK;
void web_stream_close(struct web_stream *stream);

/*
 * Wait for an event: a stream received bytes or ended, web_wake() or web_stop() was called, or it is UNTIL_MS of
 * clock_ms().
 */
void web_wait(struct web *web, uint64_t until_ms);

/* --- any thread --------------------------------------------------------------------------------- */

/* End the present web_wait() of WEB, or else its next one. A request goes on. */
void web_wake(struct web *web);

/* End the present call of WEB soon, and let all further ones return WEB_STOPPED. */
void web_stop(struct web *web);

#endif
