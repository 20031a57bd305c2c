/*
 * write_all -- writes to files. Any thread.
 */
#ifndef TICKR_BASE_WRITE_ALL_H
#define TICKR_BASE_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Write LEN BYTES to the file FD. False, with errno: some are missing. */
bool write_all(int fd, const void *bytes, size_t len) MUST_CHECK;

#endif
