/*
 * library_error -- the answer to a request that libevent cannot read, or must not see: found in the
 * output of a connection, and put into our words.
 *
 * Loop thread. The output's front must not be frozen.
 */
#ifndef TICKR_HTTP_LIBRARY_ERROR_H
#define TICKR_HTTP_LIBRARY_ERROR_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "http/response.h"

/* libevent's limits, as errors name them. */
#define MOST_HEADER_BYTES 8192 /* with the request line */
#define MOST_BODY_BYTES	  8192 /* no route reads one */

struct library_error {
	int code;	    /* 400, 413 or 417; any other is answered as 400 */
	const char *reason; /* for people; NULL: the usual one of CODE */
	bool is_head;	    /* of a HEAD request: the answer has no body */
};

/* The status of an error that begins at OFFSET of OUTPUT; 0: none ("100 Continue" is no error). */
int library_error_code(struct evbuffer *output, size_t offset);

/*
 * Write ERROR into OUTPUT in place of all but its first KEPT bytes, as the last answer of the
 * connection. It is counted.
 */
void library_error_replace(struct evbuffer *output, size_t kept, const struct library_error *error,
			   struct response_date *date);

#endif
