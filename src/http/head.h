/*
 * head -- checks the bytes of a request's head for faults that libevent hides.
 *
 * libevent takes a NUL for the end of a line, joins folded headers and reads "+1.01"
 * as a version; another reader may not, and see the request end elsewhere. Pure; any thread.
 */
#ifndef TICKR_HTTP_HEAD_H
#define TICKR_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define HEAD_VERSION_SIZE 8 /* of "HTTP/1.1", without a NUL */

#define HEAD_MOST_LINES 100 /* libevent allocates memory three times for each */

/* Zeroed is ready for the first byte of a request. */
struct head {
	bool is_complete;      /* the empty line behind the head has come */
	const char *refusal;   /* what is wrong with the head, for people; NULL: nothing so far */
	bool has_request_line; /* whole */
	bool is_head;	       /* of a HEAD request */
	bool has_transfer_encoding;
	unsigned lines;	  /* that have ended, without the request line */
	size_t matched;	  /* bytes at the line's beginning that Transfer-Encoding has too */
	size_t line_len;  /* of the line that is being read, its end not counted */
	bool is_after_cr; /* the last byte was a CR that may belong to the line's end */
	char word[HEAD_VERSION_SIZE]; /* the request line's last word so far, its beginning */
	size_t word_len;
};

/* The next LEN BYTES have come. Return how many are of the head: all, unless it ends. */
size_t head_scan(struct head *head, const char *bytes, size_t len);

#endif
