/*
 * library_error -- what the library answers to a request that it cannot read: found in the output of a
 * connection, and put into our words.
 *
 * Loop thread. The output's front must not be frozen.
 */
#ifndef TICKR_HTTP_LIBRARY_ERROR_H
#define TICKR_HTTP_LIBRARY_ERROR_H

#include <event2/buffer.h>

#include "http/response.h"

/* What the library is told to take in, as its errors say. */
#define MOST_HEADER_BYTES 8192 /* with the request line */
#define MOST_BODY_BYTES	  8192 /* no route reads one */

/* The status of the error at the front of OUTPUT; 0: there is none ("100 Continue" is no error). */
int library_error_code(struct evbuffer *output);

/* Empty OUTPUT, and write the error CODE into it, as the last answer of the connection. It is counted. */
void library_error_replace(struct evbuffer *output, int code, struct response_date *date);

#endif
