/*
 * response -- the head of a reply: status line and headers, put together without formatting.
 *
 * Loop thread. The library would print each header with a format, into memory of its own; on the
 * ticket path that is a good part of all the work.
 */
#ifndef TICKR_HTTP_RESPONSE_H
#define TICKR_HTTP_RESPONSE_H

#include <stddef.h>
#include <time.h>

#include "base/text.h"

#define RESPONSE_HEAD_SIZE 1024 /* whatever the headers, which are ours */

/* The value of the Date header, made once a second. Zeroed at the start. */
struct response_date {
	time_t second;
	char text[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")];
};

struct response {
	int minor; /* the version is HTTP/1.minor */
	int code;  /* one of those in the table of response.c */
	const char *content_type;
	const char *headers;	/* more of them, each with its end of line; "": none */
	const char *request_id; /* to send back; "": none */
	const char *connection; /* "close" or "keep-alive"; NULL: the version's default */
	size_t content_length;
};

/* The head of RESPONSE, with the empty line behind it. */
void response_write_head(struct text *head, const struct response *response,
			 struct response_date *date);

#endif
