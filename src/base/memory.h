/*
 * memory -- allocation that cannot fail: without memory the process ends. Any thread.
 *
 * Settings limit everything that a client can make grow, so the operator can prevent that. The caller
 * releases all memory with free().
 */
#ifndef TICKR_BASE_MEMORY_H
#define TICKR_BASE_MEMORY_H

#include <stddef.h>

#include "base/attributes.h"

void *xcalloc(size_t count, size_t size) MUST_CHECK; /* zeroed */
char *xstrdup(const char *string) MUST_CHECK;
char *xstrndup(const char *string, size_t len) MUST_CHECK;

/* Overwrite SECRET and free it, so that no password stays in freed memory. NULL is allowed. */
void xforget(char *secret);

/* malloc and realloc that never return NULL, for libraries whose allocator can be chosen. */
void *xmalloc(size_t size) MUST_CHECK;
void *xrealloc(void *memory, size_t size) MUST_CHECK;

#endif
