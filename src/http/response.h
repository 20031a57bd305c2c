/*
 * response -- writes the head of a reply: status line and headers, without a format.
 *
 * Loop thread. libevent would print each header with a format, into memory of its own. On the ticket path
 * that is a good part of all work.
 */
#ifndef TICKR_HTTP_RESPONSE_H
#define TICKR_HTTP_RESPONSE_H

#include <stddef.h>
#include <time.h>

#include "base/text.h"

#define RESPONSE_HEAD_SIZE 1024 /* enough for all headers, which are ours */

/* The value of the Date header, made once a second. A zeroed struct is ready. */
struct response_date {
	time_t second;
	char text[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")];
};

struct response {
	int minor; /* the version is HTTP/1.minor */
	int code;  /* one of the table in response.c */
	const char *content_type;
	const char *headers;	/* further ones, each with its end of line; "": none */
	const char *request_id; /* to echo; "": none */
	const char *connection; /* "close" or "keep-alive"; NULL: the version's default */
	size_t content_length;
};

/* Write the head of RESPONSE, with the empty line after it. */
void response_write_head(struct text *head, const struct response *response,
			 struct response_date *date);

#endif
