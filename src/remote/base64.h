/*
 * base64 -- the encoding of bytes that JSON APIs use: the usual alphabet, with padding. Pure; any thread.
 */
#ifndef TICKR_REMOTE_BASE64_H
#define TICKR_REMOTE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* The characters of LEN bytes. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Return the characters of BYTES and a NUL. The caller frees them. */
char *base64_encode(const void *bytes, size_t len) MUST_CHECK;

/* Return the bytes of TEXT and a NUL, and set *LEN. The caller frees them. NULL: TEXT is not base64. */
char *base64_decode(const char *text, size_t text_len, size_t *len) MUST_CHECK;

#endif
