#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"

static void *
memory_or_die(void *memory)
{
	if (memory == NULL) {
		log_plain(LOG_LEVEL_ERROR, "tickrd: out of memory");
		log_flush();
		abort();
	}
	return memory;
}

void *
xcalloc(size_t count, size_t size)
{
	return memory_or_die(calloc(count, size));
}

void *
xmalloc(size_t size)
{
	return memory_or_die(malloc(size > 0 ? size : 1));
}

void *
xrealloc(void *memory, size_t size)
{
	return memory_or_die(realloc(memory, size > 0 ? size : 1));
}

char *
xstrdup(const char *string)
{
	return memory_or_die(strdup(string));
}

char *
xstrndup(const char *string, size_t len)
{
	return memory_or_die(strndup(string, len));
}

void
xforget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
