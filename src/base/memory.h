/*
 * memory -- allocation that cannot fail: out of memory is fatal.
 *
 * Any thread. Whatever a client can make grow has a limit in the configuration,
 * so running out is an operator's matter, not a request's. The caller owns what
 * is returned and gives it back with free().
 */
#ifndef TICKR_BASE_MEMORY_H
#define TICKR_BASE_MEMORY_H

#include <stddef.h>

#include "base/attributes.h"

void *xcalloc(size_t count, size_t size) MUST_CHECK; /* zeroed */
char *xstrdup(const char *string) MUST_CHECK;
char *xstrndup(const char *string, size_t len) MUST_CHECK;

/* Overwrite SECRET and free it, so that no password stays in freed memory. NULL is none. */
void xforget(char *secret);

/* For libraries that let us choose their allocator: as malloc and realloc, but never NULL. */
void *xmalloc(size_t size) MUST_CHECK;
void *xrealloc(void *memory, size_t size) MUST_CHECK;

#endif
