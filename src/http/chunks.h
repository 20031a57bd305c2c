/*
 * chunks -- reads a chunked body, which no route needs, to find its end. Pure; any thread.
 *
 * RFC 9112 7.1, read strictly: lines end in CR LF, sizes are hexadecimal digits, extensions and
 * trailers are ignored. libevent takes no extensions, and takes "+3", "0x3" and bare LFs.
 */
#ifndef TICKR_HTTP_CHUNKS_H
#define TICKR_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum chunks_state {
	CHUNKS_SIZE,	  /* at a chunk's size */
	CHUNKS_BLANKS,	  /* after it */
	CHUNKS_EXTENSION, /* after a semicolon */
	CHUNKS_SIZE_LF,	  /* a LF must follow */
	CHUNKS_BODY,	  /* in a chunk's bytes */
	CHUNKS_BODY_CR,	  /* a CR LF must follow */
	CHUNKS_BODY_LF,
	CHUNKS_TRAILERS, /* at the beginning of a line */
	CHUNKS_TRAILER,	 /* within it */
	CHUNKS_TRAILER_LF,
	CHUNKS_END_LF, /* the last one */
};

/* Zeroed is ready for the first byte of a body. */
struct chunks {
	enum chunks_state state;
	bool has_digit;	    /* of the size */
	size_t left;	    /* bytes of the chunk that is read */
	size_t body;	    /* bytes that all chunks so far have, or announce */
	size_t lines;	    /* bytes of all that is no body */
	bool is_complete;   /* the empty line at the end has come */
	int code;	    /* 400 or 413 when it cannot be read; 0: nothing is wrong so far */
	const char *reason; /* for people; NULL: the body is too large */
};

/* The next LEN BYTES have come. Return how many are of the body: all, unless it ends or is refused. */
size_t chunks_scan(struct chunks *chunks, const char *bytes, size_t len);

#endif
