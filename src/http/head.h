/*
 * head -- checks the bytes of a request's head for faults that libevent hides.
 *
 * libevent ends a line at a NUL, joins folded headers, and accepts "+1.01" as a version. Another reader
 * may not, and then finds the end of the request elsewhere. Pure; any thread.
 */
#ifndef TICKR_HTTP_HEAD_H
#define TICKR_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define HEAD_VERSION_SIZE 8 /* of "HTTP/1.1", without a NUL */

#define HEAD_MOST_LINES 100 /* libevent allocates memory three times for each */

/* A zeroed struct is ready for the first byte of a request. */
struct head {
	bool is_complete;      /* the empty line after the head has arrived */
	const char *refusal;   /* a message about the fault in the head; NULL: none so far */
	bool has_request_line; /* the whole line has arrived */
	bool is_head;	       /* of a HEAD request */
	bool has_transfer_encoding;
	unsigned lines;	  /* complete ones, without the request line */
	size_t matched;	  /* bytes that the line's beginning shares with Transfer-Encoding */
	size_t line_len;  /* of the present line, without its end */
	bool is_after_cr; /* the last byte was a CR that may belong to the line's end */
	char word[HEAD_VERSION_SIZE]; /* the beginning of the request line's last word */
	size_t word_len;
};

/* Scan the next LEN BYTES. Return how many belong to the head: all, unless it ends. */
size_t head_scan(struct head *head, const char *bytes, size_t len);

#endif
