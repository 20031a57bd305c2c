/*
 * small_file -- reads a file of settings or a password. Main thread; may wait for a pipe.
 */
#ifndef TICKR_CONFIG_SMALL_FILE_H
#define TICKR_CONFIG_SMALL_FILE_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

/*
 * Return the content of the file at PATH, 64 KiB at most, with a NUL after its LEN bytes, for free(). NULL,
 * with the reason in PROBLEM, if it cannot be read. The file may be a pipe, as of <(...) in a shell. Its
 * writer has 5 seconds.
 */
char *small_file_read(const char *path, size_t *len, struct text *problem) MUST_CHECK;

#endif
