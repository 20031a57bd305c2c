/*
 * head -- looks at the bytes of a request's head for what the library does not show.
 *
 * The library takes a NUL for the end of a line, joins folded headers and reads "+1.01"
 * as a version; another reader may not, and see the request end elsewhere. Pure; any thread.
 */
#ifndef TICKR_HTTP_HEAD_H
#define TICKR_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define HEAD_VERSION_SIZE 8 /* of "HTTP/1.1", without a NUL */

/* Zeroed is ready for the first byte of a request. */
struct head {
	bool is_complete;      /* the empty line behind the head has come */
	const char *refusal;   /* what is wrong with the head, for people; NULL: nothing so far */
	bool has_request_line; /* whole */
	size_t line_len;       /* of the line that is being read, its end not counted */
	bool is_after_cr;      /* the last byte was a CR that may belong to the line's end */
	char word[HEAD_VERSION_SIZE]; /* the request line's last word so far, its beginning */
	size_t word_len;
};

/* The next LEN BYTES have come. What is behind the head is not looked at. */
void head_scan(struct head *head, const char *bytes, size_t len);

#endif
