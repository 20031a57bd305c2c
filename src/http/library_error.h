/*
 * library_error -- our answer to a request that libevent cannot read, or must not see. Pure; any thread.
 */
#ifndef TICKR_HTTP_LIBRARY_ERROR_H
#define TICKR_HTTP_LIBRARY_ERROR_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "http/response.h"

/* The limits that libevent gets, and that errors name. */
#define MOST_HEADER_BYTES 8192 /* with the request line */
#define MOST_BODY_BYTES	  8192 /* no route reads a body */

struct library_error {
	int code;	    /* 400, 413 or 417; any other becomes 400 */
	const char *reason; /* a message; NULL becomes the usual one of CODE */
	bool is_head;	    /* of a HEAD request: the answer has no body */
};

/* Write the answer to ERROR, the last one of its connection. Complete CODE and REASON. */
void library_error_write(struct evbuffer *answer, struct library_error *error,
			 struct response_date *date);

#endif
