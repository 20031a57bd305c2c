/*
 * chunks -- reads a chunked body to find its end. No route needs the body. Pure; any thread.
 *
 * It reads RFC 9112 7.1 strictly: lines end in CR LF, and sizes are hexadecimal digits. It ignores
 * extensions and trailers. libevent rejects extensions, and accepts "+3", "0x3" and bare LFs.
 */
#ifndef TICKR_HTTP_CHUNKS_H
#define TICKR_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum chunks_state {
	CHUNKS_SIZE,	  /* in the size of a chunk */
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

/* A zeroed struct is ready for the first byte of a body. */
struct chunks {
	enum chunks_state state;
	bool has_digit;	    /* the size has one */
	size_t left;	    /* bytes that the present chunk still has */
	size_t body;	    /* bytes of all chunks so far, as announced */
	size_t lines;	    /* bytes outside of the chunks */
	bool is_complete;   /* the empty line at the end has arrived */
	int code;	    /* 400 or 413 if it cannot be read; 0: no fault so far */
	const char *reason; /* a message; NULL: the body is too large */
};

/* Scan the next LEN BYTES. Return how many belong to the body: all, unless it ends or is refused. */
size_t chunks_scan(struct chunks *chunks, const char *bytes, size_t len);

#endif
